"""The processor that code is generated for.

Kernels ask a `Target` how wide its vectors are and how many it has; nothing else in the emitter
depends on the processor.
"""

# llvmlite has no type stubs.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import functools
import os
from dataclasses import dataclass

from layerwise.backends.native.emitter import size_of


@dataclass(frozen=True)
class Target:
    """A processor, as LLVM names it, and the shape of its vector registers.

    Parameters
    ----------
    triple : LLVM's name of architecture, vendor and system: ``x86_64-unknown-linux-gnu``.
    cpu : LLVM's name of the processor, which chooses instructions and their timing.
    features : instruction sets switched on (``+avx2``) or off (``-avx512f``), comma-separated.
    vector_bytes : bytes of one vector register.
    registers : number of vector registers.
    fma : whether it multiplies and adds in one instruction.
    """

    triple: str
    cpu: str
    features: str
    vector_bytes: int
    registers: int
    fma: bool

    @property
    def masks(self) -> bool:
        """Whether loads and stores of some lanes cost no more than those of all (AVX-512)."""
        return self.vector_bytes == 64

    def lanes(self, element: str) -> int:
        """Elements of a scalar LLVM type (``float``, ``double``, ``i32``) in one vector."""
        return self.vector_bytes // size_of(element)


def host() -> Target:
    """Describe the processor we run on.

    The environment variable ``LAYERWISE_TARGET`` narrows it: ``baseline`` is the least that any
    processor of this architecture has, ``avx2`` is x86-64 with AVX2 and FMA. Tests use it to run
    the code of older machines on newer ones.
    """
    return _host(os.environ.get("LAYERWISE_TARGET", "host"))


def baseline() -> Target:
    """Describe the least of this architecture, which all run: on x86-64, SSE2 and no FMA."""
    triple = _native_triple()
    if _is_x86(triple):
        return Target(triple, "x86-64", "", vector_bytes=16, registers=16, fma=False)
    return Target(triple, "generic", "", vector_bytes=16, registers=32, fma=True)


def aarch64() -> Target:
    """Describe 64-bit ARM with NEON under Linux: to compile for, wherever we run."""
    triple = "aarch64-unknown-linux-gnu"
    return Target(triple, "generic", "+neon", vector_bytes=16, registers=32, fma=True)


@functools.cache
def _host(choice: str) -> Target:
    triple = _native_triple()
    if choice == "baseline":
        return baseline()
    if choice == "avx2":
        return Target(triple, "x86-64-v3", "", vector_bytes=32, registers=16, fma=True)
    if choice != "host":
        raise ValueError(
            f"LAYERWISE_TARGET must be 'baseline', 'avx2' or 'host', but is {choice!r}."
        )
    from llvmlite import binding

    cpu, features = binding.get_host_cpu_name(), binding.get_host_cpu_features()
    vector_bytes, registers, fma = 16, 32, True
    if _is_x86(triple):
        fma = bool(features.get("fma"))
        if all(features.get(name) for name in ("avx512f", "avx512vl", "avx512dq")):
            vector_bytes, registers = 64, 32
        elif features.get("avx2") and fma:
            vector_bytes, registers = 32, 16
        else:
            vector_bytes, registers = 16, 16
    return Target(triple, cpu, features.flatten(), vector_bytes, registers, fma)


@functools.cache
def _native_triple() -> str:
    from llvmlite import binding

    return binding.get_process_triple()


def _is_x86(triple: str) -> bool:
    return triple.startswith(("x86_64", "amd64"))
