"""Files that a command writes: found unwritable before the work, written beside and renamed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from ..errors import OptionError
from .errors import Failure


def check_writable(path: Path, option: str = "--out") -> None:
    """Raise `Failure` if a file could not be written here, without touching what is there."""
    if path.is_dir():
        raise Failure(f"{option}: {path} is a folder; name a file in it, such as {path / 'model'}")
    try:
        descriptor, probe = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except FileNotFoundError:
        raise Failure(
            f"{option}: there is no folder {path.parent} to write {path.name} in; make it first"
        ) from None
    except OSError as error:
        raise Failure(f"{option}: cannot write {path}: {error.strerror}") from None
    os.close(descriptor)
    os.unlink(probe)


def report_path(given: str | None, out: Path) -> Path | None:
    """Where --report writes: "" is beside the model, None nowhere."""
    if given is None:
        return None
    return Path(given) if given else out.with_suffix(".html")


def check_report(path: Path) -> None:
    """Raise `OptionError` or `Failure` where no page can be written."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise OptionError(f"--report: expected the name of an .html file, got '{path}'")
    check_writable(path, "--report")


@contextmanager
def written_whole(path: Path) -> Iterator[TextIO]:
    """A text file that appears under its name only when it is complete."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
        # mkstemp makes files that only their owner can read; a result is as public as any other.
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
