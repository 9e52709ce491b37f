"""The cache holds code, so it must be private, whole and bounded; and never an error."""

import multiprocessing
import os
import stat

import pytest

from layerwise.backends.native.cache import ObjectCache, default_cache

posix = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="POSIX modes and owners")


@pytest.fixture
def cache(tmp_path):
    return ObjectCache(tmp_path / "cache")


def entry(cache):
    (path,) = cache.directory.iterdir()
    return path


def test_keeps_bytes(cache):
    assert cache.get("a key") is None
    cache.put("a key", b"content \x00\xff")
    assert cache.get("a key") == b"content \x00\xff"
    assert cache.get("another key") is None
    cache.put("a key", b"new")
    assert ObjectCache(cache.directory).get("a key") == b"new"
    assert len(list(cache.directory.iterdir())) == 1


@posix
def test_directory_and_entries_are_private(cache):
    cache.put("key", b"content")
    assert stat.S_IMODE(cache.directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(entry(cache).stat().st_mode) == 0o600


@posix
@pytest.mark.parametrize("mode", [0o755, 0o770, 0o777])
def test_open_directory_is_not_used(tmp_path, mode):
    tmp_path.chmod(mode)
    cache = ObjectCache(tmp_path)
    cache.put("key", b"content")
    assert not cache.enabled
    assert cache.get("key") is None
    assert not list(tmp_path.iterdir())


@posix
def test_directory_of_somebody_else_is_not_used(cache, monkeypatch):
    cache.put("key", b"content")
    somebody = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody)
    assert cache.get("key") is None
    assert not ObjectCache(cache.directory).enabled


@posix
def test_link_is_not_used(cache, tmp_path):
    (tmp_path / "link").symlink_to(cache.directory)
    assert not ObjectCache(tmp_path / "link").enabled


@posix
def test_entry_that_others_may_write_is_not_used(cache):
    cache.put("key", b"content")
    entry(cache).chmod(0o622)
    assert cache.get("key") is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: b"",
        lambda raw: raw[:20],
        lambda raw: raw[:-1],
        lambda raw: raw + b"more",
        lambda raw: raw[:-1] + b"!",
        lambda raw: b"L" + raw[1:],
    ],
)
def test_damaged_entry_is_absent_and_can_be_put_again(cache, damage):
    cache.put("key", b"content")
    path = entry(cache)
    path.write_bytes(damage(path.read_bytes()))
    assert cache.get("key") is None
    cache.put("key", b"content")
    assert cache.get("key") == b"content"


def test_entry_under_another_name_is_absent(cache):
    cache.put("harmless", b"content")
    path = entry(cache)
    cache.put("wanted", b"other")
    for other in cache.directory.iterdir():
        if other != path:
            other.write_bytes(path.read_bytes())
    assert cache.get("wanted") is None


def test_directory_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("not a directory")
    cache = ObjectCache(tmp_path / "file" / "cache")
    cache.put("key", b"content")
    assert not cache.enabled
    assert cache.get("key") is None


def test_full_disk_is_no_error(cache, monkeypatch):
    def replace(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", replace)
    cache.put("key", b"content")
    assert cache.get("key") is None
    assert not list(cache.directory.iterdir())


def test_directory_that_vanishes(cache):
    cache.directory.rmdir()
    cache.put("key", b"content")
    assert cache.get("key") is None


def test_least_recently_read_entries_go_first(tmp_path):
    cache = ObjectCache(tmp_path / "cache", limit=10_000)
    for number in range(8):
        cache.put(f"key {number}", bytes(1000))
    for age, path in enumerate(sorted(cache.directory.iterdir())):
        os.utime(path, (1000 + age, 1000 + age))
    assert cache.get("key 3") is not None  # read now
    for number in range(8, 12):
        cache.put(f"key {number}", bytes(1000))
    sizes = [path.stat().st_size for path in cache.directory.iterdir()]
    assert sum(sizes) <= 10_000
    assert len(sizes) >= 8
    assert cache.get("key 3") is not None
    assert cache.get("key 11") is not None


def test_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("LAYERWISE_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("LAYERWISE_CACHE", raising=False)
    cache = default_cache()
    assert cache is not None
    assert cache.directory.parent == tmp_path
    assert default_cache() is cache
    monkeypatch.setenv("LAYERWISE_CACHE", "off")
    assert default_cache() is None


def test_two_processes_write_at_once(cache):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(cache.directory, b)) for b in (b"a", b"b")]
    for writer in writers:
        writer.start()
    seen = set()
    while any(writer.is_alive() for writer in writers):
        seen.add(cache.get("key"))
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert seen <= {None, b"a" * 50_000, b"b" * 50_000}
    assert cache.get("key") in seen - {None}
    assert len(list(cache.directory.iterdir())) == 1


def _write(directory, letter):
    cache = ObjectCache(directory)
    for _ in range(200):
        cache.put("key", letter * 50_000)
