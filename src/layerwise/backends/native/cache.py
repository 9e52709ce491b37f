"""A cache on disk for compiled code and small results of measurements.

What it holds is run, so it is as private as code: a directory of mode 0700 that belongs to us,
files that belong to us, and a SHA-256 over name and content that is checked before anybody sees
the content. Whatever is wrong (a read-only home, a damaged entry, a directory of somebody else)
makes an entry absent, never an error: the caller does the work again.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import stat
import tempfile
from pathlib import Path

_FORMAT = b"layerwise cache 1\n"
_DIGEST_BYTES = 32


class ObjectCache:
    """Bytes kept on disk under a string key.

    Parameters
    ----------
    directory : where to keep entries; it is made if it is not there, with mode 0700.
    limit : bytes to keep. The entries that were not read for the longest time go first.
    """

    def __init__(self, directory: Path, limit: int = 256 << 20) -> None:
        self.directory = Path(directory)
        self.limit = limit
        self.enabled = _make_private(self.directory)
        self._written = limit  # as if the limit were reached: measure at the first `put`

    def get(self, key: str) -> bytes | None:
        """Return the content under a key; None if there is none that can be trusted."""
        if not self.enabled:
            return None
        name = _name(key)
        path = self.directory / name
        try:
            with path.open("rb") as file:
                if not _is_ours(os.fstat(file.fileno())):
                    return None
                entry = file.read()
        except OSError:
            return None
        start = len(_FORMAT) + _DIGEST_BYTES
        content = entry[start:]
        if entry[:start] != _FORMAT + _digest(name, content):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # read now: `_evict` goes by this time
        return content

    def put(self, key: str, content: bytes) -> None:
        """Keep content under a key. Readers and other writers see a whole entry or none."""
        if not self.enabled:
            return
        name = _name(key)
        entry = _FORMAT + _digest(name, content) + content
        # A full disk and the like: go on without the entry.
        with contextlib.suppress(OSError):
            self._write(name, entry)
            self._written += len(entry)
            if self._written > self.limit // 16:
                self._evict()
                self._written = 0

    def _write(self, name: str, entry: bytes) -> None:
        handle, temporary = tempfile.mkstemp(prefix="new-", dir=self.directory)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(entry)
            os.replace(temporary, self.directory / name)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise

    def _evict(self) -> None:
        """Delete what was not read for the longest time, down to nine tenths of the limit."""
        entries: list[tuple[float, int, str]] = []
        with os.scandir(self.directory) as directory:
            for entry in directory:
                with contextlib.suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    entries.append((status.st_mtime, status.st_size, entry.path))
        total = sum(size for _, size, _ in entries)
        if total <= self.limit:
            return
        for _, size, path in sorted(entries):
            if total <= self.limit * 0.9:
                break
            with contextlib.suppress(OSError):
                os.unlink(path)
            total -= size


def default_cache() -> ObjectCache | None:
    """Open the cache of this user, or None if ``LAYERWISE_CACHE`` is ``off``.

    It lies in the user's cache directory, or where ``LAYERWISE_CACHE_DIR`` says.
    """
    if os.environ.get("LAYERWISE_CACHE", "").lower() in ("off", "0", "no", "false"):
        return None
    return _cache_in(os.environ.get("LAYERWISE_CACHE_DIR", ""))


@functools.cache
def _cache_in(directory: str) -> ObjectCache:
    if not directory:
        from platformdirs import user_cache_dir

        directory = user_cache_dir("layerwise", appauthor=False)
    # A folder of our own in it: the one that the user names may have any mode.
    return ObjectCache(Path(directory) / "native")


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _digest(name: str, content: bytes) -> bytes:
    """Checksum of name and content, so that no entry passes under the name of another."""
    return hashlib.sha256(name.encode() + content).digest()


def _make_private(directory: Path) -> bool:
    """Make the directory if it is not there; whether it may be used."""
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        directory.mkdir(mode=0o700, exist_ok=True)
        status = directory.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and _is_ours(status)


def _is_ours(status: os.stat_result) -> bool:
    """Whether a file belongs to us, and nobody else may touch it.

    Windows has no such modes: a user's profile is private by its access lists.
    """
    if not hasattr(os, "geteuid"):
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & 0o077
