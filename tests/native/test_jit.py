"""Compiling, linking, freeing; with and without the cache."""

import ctypes
import gc
import math
import multiprocessing
import os
import sys
import threading

import pytest

from layerwise.backends.native import jit, target
from layerwise.backends.native.cache import ObjectCache

MODULE = """
declare double @tanh(double)
@factors = internal constant [3 x double] [double 1.0, double 2.0, double 3.0]
define double @scaled_tanh(double %x, i64 %i) nounwind {
  %y = call double @tanh(double %x)
  %p = getelementptr double, ptr @factors, i64 %i
  %factor = load double, ptr %p
  %z = fmul double %y, %factor
  ret double %z
}
"""


def call(library, x, index):
    prototype = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double, ctypes.c_int64)
    return prototype(library.address("scaled_tanh"))(x, index)


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("choice", ["host", "baseline"])
def test_runs_and_reaches_the_c_library(choice, level):
    library = jit.load(MODULE, getattr(target, choice)(), None, level)
    assert call(library, 0.5, 2) == pytest.approx(3 * math.tanh(0.5))


def test_libraries_with_equal_names_are_apart():
    first = jit.load(MODULE, target.host(), None)
    second = jit.load(MODULE.replace("double 3.0", "double 30.0"), target.host(), None)
    assert call(second, 0.5, 2) == pytest.approx(10 * call(first, 0.5, 2))
    assert call(first, 0.5, 2) == pytest.approx(3 * math.tanh(0.5))


def test_cached_object_runs(tmp_path, monkeypatch):
    cache = ObjectCache(tmp_path / "cache")
    jit.load(MODULE, target.host(), cache)
    monkeypatch.setattr(jit, "emit_object", None)
    assert call(jit.load(MODULE, target.host(), cache), 0.5, 1) == pytest.approx(2 * math.tanh(0.5))


def test_damaged_object_is_built_again(tmp_path):
    cache = ObjectCache(tmp_path / "cache")
    jit.load(MODULE, target.host(), cache)
    for path in (tmp_path / "cache").iterdir():
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert call(jit.load(MODULE, target.host(), cache), 0.5, 1) == pytest.approx(2 * math.tanh(0.5))


def test_key_tells_processors_and_levels_apart(monkeypatch):
    monkeypatch.delenv("LAYERWISE_TARGET", raising=False)
    targets = (target.host(), target.baseline(), target.aarch64())
    keys = {jit.object_key(MODULE, t, level) for t in targets for level in (0, 1)}
    assert len(keys) == 6


def test_unknown_function_is_an_error_not_an_abort():
    with pytest.raises(LookupError, match="no_such_function"):
        jit.load(MODULE.replace("@tanh", "@no_such_function"), target.host(), None)


@pytest.mark.parametrize("wrong", ["laod double, ptr %p", "load double, ptr %undefined"])
def test_invalid_module_is_an_error(wrong):
    with pytest.raises(ValueError, match="LLVM"):
        jit.load(MODULE.replace("load double, ptr %p", wrong), target.host(), None)


def test_unknown_symbol_is_an_error():
    library = jit.load(MODULE, target.host(), None)
    with pytest.raises(KeyError, match="nothing"):
        library.address("nothing")


def test_compiles_for_other_processors():
    assert jit.emit_object(MODULE, target.aarch64())[:4] == b"\x7fELF"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_does_not_grow():
    def resident():
        gc.collect()
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def compile_many(start, count):
        for number in range(start, start + count):
            text = MODULE.replace("double 3.0", f"double {number}.0")
            assert call(jit.load(text, target.host(), None), 20.0, 2) == number

    compile_many(0, 100)
    before = resident()
    compile_many(100, 400)
    assert resident() - before < 400 * 4000  # an ORC library would leave 10 KB each


def test_threads_may_compile_at_once():
    results = []

    def work(number):
        for _ in range(10):
            text = MODULE.replace("double 3.0", f"double {number}.0")
            results.append(call(jit.load(text, target.host(), None), 20.0, 2) == number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 40


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_fork_while_others_compile():
    running = threading.Event()
    running.set()

    def compile_until_told():
        while running.is_set():
            jit.emit_object(MODULE, target.host())

    thread = threading.Thread(target=compile_until_told)
    thread.start()
    try:
        with multiprocessing.get_context("fork").Pool(2) as pool:
            results = pool.map_async(_in_child, [0.25, 0.5]).get(timeout=30)
    finally:
        running.clear()
        thread.join()
    assert results == pytest.approx([math.tanh(0.25), math.tanh(0.5)])


def _in_child(x):
    return call(jit.load(MODULE, target.host(), None), x, 0)


def test_target_can_be_narrowed(monkeypatch):
    monkeypatch.setenv("LAYERWISE_TARGET", "baseline")
    assert target.host() == target.baseline()
    monkeypatch.setenv("LAYERWISE_TARGET", "pentium")
    with pytest.raises(ValueError, match="LAYERWISE_TARGET"):
        target.host()


def test_lanes():
    narrow = target.aarch64()
    assert [narrow.lanes(element) for element in ("float", "double", "i32")] == [4, 2, 4]
    assert target.host().vector_bytes in (16, 32, 64)
