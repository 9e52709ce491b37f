"""Machine code that programs share: the driver, the matrix product, and kernels by their text."""

from __future__ import annotations

import ctypes
import functools
import weakref
import zlib
from collections.abc import Callable

from . import convolution, driver, jit, matmul
from .cache import default_cache
from .emitter import Module
from .plan import Plan
from .stamp import compiler_stamp
from .target import Target

_ARGUMENTS = (
    ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64,
    ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64,
    ctypes.c_void_p, ctypes.c_void_p,
)  # fmt: skip
_SHUFFLE_ARGUMENTS = (
    ctypes.c_void_p, ctypes.c_int64, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_uint32,
    ctypes.c_void_p, ctypes.c_int64,
)  # fmt: skip


class Code:
    """A kernel in memory; it stays there as long as somebody holds this."""

    def __init__(self, library: jit.Library, name: str) -> None:
        self.library = library
        self.address = library.address(name)


_kernels: weakref.WeakValueDictionary[tuple[str, Target], Code] = weakref.WeakValueDictionary()


@functools.cache
def driver_library(target: Target) -> jit.Library:
    """The driver and its service kernels."""
    return _shared("driver", target, lambda module: driver.emit(module, target))


@functools.cache
def product_library(target: Target, element: str) -> jit.Library:
    """The matrix product of an element type."""
    return _shared(
        f"product {element}", target, lambda module: driver.emit_product(module, target, element)
    )


@functools.cache
def convolution_library(target: Target, element: str) -> jit.Library:
    """The convolutions of an element type, with a matrix product of their own to call."""

    def emit(module: Module) -> None:
        matmul.emit(module, target, element)
        convolution.emit(module, target, element)

    return _shared(f"convolution {element}", target, emit)


def _shared(name: str, target: Target, emit: Callable[[Module], None]) -> jit.Library:
    """A library whose text depends on the target alone; the text is kept too, to save emitting."""
    cache = default_cache()
    key = f"text {compiler_stamp()} {name} {target}"
    content = cache.get(key) if cache else None
    if content is None:
        module = Module()
        emit(module)
        content = zlib.compress(module.text.encode(), 1)
        if cache:
            cache.put(key, content)
    return jit.load(zlib.decompress(content).decode(), target, cache)


@functools.cache
def entry(target: Target) -> Callable[..., None]:
    """The driver's entry, which runs a plan on one thread without holding Python's lock."""
    return ctypes.CFUNCTYPE(None, *_ARGUMENTS)(driver_library(target).address("run"))


@functools.cache
def shuffle(target: Target) -> Callable[..., None]:
    """The function that draws an order of rows; see `shuffle.emit`."""
    return ctypes.CFUNCTYPE(None, *_SHUFFLE_ARGUMENTS)(driver_library(target).address("shuffle"))


def find(plan: Plan, target: Target) -> dict[str, Code]:
    """The code of each function of a plan; kernels that no living program has are compiled."""
    found: dict[str, Code] = {}
    missing = Module()
    for name in {step.function for step in plan.steps}:
        if name not in plan.functions:
            found[name] = _service(name, target)
            continue
        known = _kernels.get((name, target))
        if known is not None:
            found[name] = known
    for name, (text, declarations) in plan.functions.items():
        if name not in found:
            missing.functions[name] = text.replace("@kernel(", f"@{name}(", 1)
            missing.declarations.update(declarations)
    if missing.functions:
        library = jit.load(missing.text, target, default_cache())
        for name in missing.functions:
            found[name] = _kernels[name, target] = Code(library, name)
    return found


@functools.cache
def _service(name: str, target: Target) -> Code:
    element = "float" if name.endswith("f32") else "double"
    if name.startswith("convolve_"):
        return Code(convolution_library(target, element), name)
    if name.startswith("product_"):
        return Code(product_library(target, element), name)
    return Code(driver_library(target), name)
