"""Machine code that programs share: the driver, the matrix product, and kernels by their text."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import re
import weakref
from collections.abc import Iterable

from . import driver, jit
from .cache import default_cache
from .emitter import Module
from .plan import Record
from .target import Target

_ARGUMENTS = (
    ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64,
    ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p,
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
    module = Module()
    driver.emit(module, target)
    return jit.load(module.text, target, default_cache())


@functools.cache
def product_library(target: Target, element: str) -> jit.Library:
    """The matrix product of an element type."""
    module = Module()
    driver.emit_product(module, target, element)
    return jit.load(module.text, target, default_cache())


@functools.cache
def entry(target: Target) -> ctypes._CFuncPtr:
    """The driver's entry, which runs a plan on one thread without holding Python's lock."""
    return ctypes.CFUNCTYPE(None, *_ARGUMENTS)(driver_library(target).address("run"))


def find(records: Iterable[Record], target: Target) -> list[Code]:
    """The code of each record; kernels that no living program has are compiled, in one module."""
    records = list(records)
    found: list[Code | None] = []
    missing: dict[str, Record] = {}
    names: list[str] = []
    for record in records:
        if not record.function.startswith("define"):
            found.append(_service(record.function, target))
            names.append(record.function)
            continue
        name = "kernel_" + hashlib.sha256(record.function.encode()).hexdigest()[:24]
        names.append(name)
        known = _kernels.get((name, target))
        found.append(known)
        if known is None:
            missing[name] = record
    if missing:
        module = Module()
        for name, record in missing.items():
            module.functions[name] = re.sub(r"@kernel\(", f"@{name}(", record.function, count=1)
            module.declarations |= record.declarations
        library = jit.load(module.text, target, default_cache())
        fresh = {name: Code(library, name) for name in missing}
        for name, code in fresh.items():
            _kernels[name, target] = code
        found = [code or fresh[name] for code, name in zip(found, names, strict=True)]
    return [code for code in found if code is not None]


@functools.cache
def _service(name: str, target: Target) -> Code:
    if name.startswith("product_"):
        element = "float" if name.endswith("f32") else "double"
        return Code(product_library(target, element), name)
    return Code(driver_library(target), name)
