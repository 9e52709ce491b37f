"""Which compiler made what lies in the cache."""

from __future__ import annotations

import functools
import hashlib
import os

from ... import __version__

ROOMS = ("graph", "compiler", os.path.join("backends", "native"))


@functools.cache
def compiler_stamp() -> str:
    """The version, and the size and date of every file of the compiler, for who develops it."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    stamps: list[tuple[str, int, int]] = []
    for room in ROOMS:
        with os.scandir(os.path.join(root, room)) as files:
            for file in files:
                if file.name.endswith(".py"):
                    status = file.stat()
                    stamps.append((file.name, status.st_size, status.st_mtime_ns))
    return f"{__version__} {hashlib.sha256(repr(sorted(stamps)).encode()).hexdigest()}"
