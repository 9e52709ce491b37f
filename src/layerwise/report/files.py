"""Pages as files: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ..errors import OptionError


def write_page(path: Path, text: str) -> Path:
    """Write a page beside its place and rename it into it; gives the path.

    Raises
    ------
    OptionError : it cannot be written there.
    """
    if not path.parent.is_dir():
        raise OptionError(f"cannot write '{path}': there is no folder '{path.parent}'")
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise OptionError(f"cannot write '{path}': {error.strerror}") from None
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        umask = os.umask(0)
        os.umask(umask)
        # mkstemp makes files that only their owner can read; a report is for others.
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path
