"""LLVM IR text to machine code that can be called.

Two steps, so that the result of the slow one can be kept on disk: `emit_object` turns IR into the
bytes of an object file, and `load` links such an object into this process.

Objects are linked by MCJIT, each in an engine of its own, because disposing of the engine gives
everything back. (ORC links in half the time, but every library leaves 10 KB behind for good.)
IR comes from the emitter in its final form, so no IR pass runs: only code generation.
"""

# llvmlite has no type stubs.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import functools
import os
import re
import threading
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from layerwise.backends.native.cache import ObjectCache
from layerwise.backends.native.target import Target

if TYPE_CHECKING:
    from llvmlite.binding import ContextRef, ExecutionEngine, ModuleRef, TargetMachine

LEVEL = 1
"""Effort of code generation, 0 to 3; see `emit_object`."""

_lock = threading.RLock()
"""Held for a whole compile: LLVM's contexts and llvmlite's registries are not made for threads."""


class Library:
    """Machine code in this process; it is freed when the library is garbage-collected.

    Whoever keeps an address must therefore keep the library.
    """

    def __init__(self, engine: ExecutionEngine) -> None:
        self._engine = engine
        # At interpreter exit the system frees everything, and faster.
        weakref.finalize(self, _close, engine).atexit = False

    def address(self, name: str) -> int:
        """Return the address of a function or a variable.

        Raises
        ------
        KeyError
            if the module defines no such symbol.
        """
        with _lock:
            address = self._engine.get_function_address(name)
        if not address:
            raise KeyError(f"The compiled module exports no symbol {name!r}.")
        return address


def load(text: str, target: Target, cache: ObjectCache | None, level: int = LEVEL) -> Library:
    """Compile a module of LLVM IR and link it into this process.

    Parameters
    ----------
    text : the module, without target lines.
    target : what to compile for; this process must be able to run it.
    cache : where to look for the object first, and where to leave it; None to compile always.
    level : effort of code generation, 0 to 3.

    Raises
    ------
    ValueError
        if the IR is not valid, with LLVM's message.
    LookupError
        if the IR calls a function that this process does not have.
    """
    with _lock:
        key = object_key(text, target, level) if cache else ""
        code = cache.get(key) if cache else None
        if code is None:
            code = emit_object(text, target, level)
            if cache:
                cache.put(key, code)
        return Library(_link(code, calls=_DECLARATION.findall(text)))


def emit_object(text: str, target: Target, level: int = LEVEL) -> bytes:
    """Compile a module of LLVM IR to the bytes of an object file.

    Level 0 spills every value and is for code that runs once; 1 selects, schedules and allocates
    registers. On our kernels 2 and 3 give code of the same size and speed, a little later.
    """
    with _lock:
        machine = _machine(target, level)
        # Closed here rather than by the garbage collector: LLVM must rest while the lock is free.
        with _context() as context, _parse(text, context) as module:
            module.triple = target.triple
            module.data_layout = str(machine.target_data)
            return machine.emit_object(module)


def object_key(text: str, target: Target, level: int = LEVEL) -> str:
    """Name everything that decides the bytes of an object: IR, processor and compiler."""
    import llvmlite
    from llvmlite import binding

    version = ".".join(map(str, binding.llvm_version_info))
    return "\n".join([
        f"object, LLVM {version}, llvmlite {llvmlite.__version__}, level {level}",
        target.triple,
        target.cpu,
        target.features,
        text,
    ])  # fmt: skip


_DECLARATION = re.compile(r"^declare [^@]*@(?!llvm\.)([\w.$-]+)\(", re.MULTILINE)
"""A function that a module calls and does not define."""


def _parse(text: str, context: ContextRef | None = None) -> ModuleRef:
    from llvmlite import binding

    module = None
    try:
        module = binding.parse_assembly(text, context)
        module.verify()
    except RuntimeError as error:
        if module is not None:
            # The garbage collector would free it after its context, which crashes the process.
            module.close()
        raise ValueError(f"LLVM does not accept this IR. {str(error).strip()}") from None
    return module


def _link(code: bytes, calls: Sequence[str]) -> ExecutionEngine:
    from llvmlite import binding

    _initialize()
    # The engine owns its machine and a module, though it generates no code: both are as cheap
    # as can be. The code model and relocation model are those of the object.
    machine = binding.Target.from_default_triple().create_target_machine(
        opt=0, jit=True, codemodel="jitdefault", reloc="pic"
    )
    engine = binding.create_mcjit_compiler(_parse(""), machine)
    for name in calls:
        # MCJIT would abort the process. (LLVM opens the process when the first engine is made.)
        if not binding.address_of_symbol(name):
            engine.close()
            raise LookupError(f"The IR calls {name!r}, which this process does not have.")
    with binding.ObjectFileRef.from_data(code) as image:
        engine.add_object_file(image)
    engine.finalize_object()
    return engine


@functools.lru_cache(maxsize=16)
def _machine(target: Target, level: int) -> TargetMachine:
    from llvmlite import binding

    _initialize()
    if binding.Target.from_default_triple().name != _architecture(target.triple):
        binding.initialize_all_targets()
        binding.initialize_all_asmprinters()
    # 'jitdefault' with position-independent code reaches symbols at any distance through stubs;
    # other code models abort the process when a library lies more than 2 GiB away.
    return binding.Target.from_triple(target.triple).create_target_machine(
        cpu=target.cpu,
        features=target.features,
        opt=level,
        reloc="pic",
        codemodel="jitdefault",
        jit=True,
    )


def _architecture(triple: str) -> str:
    """LLVM's name of the code generator for a triple."""
    name = triple.split("-", 1)[0]
    return {"x86_64": "x86-64", "amd64": "x86-64", "arm64": "aarch64"}.get(name, name)


@functools.cache
def _initialize() -> None:
    from llvmlite import binding

    if binding.llvm_version_info < (20,):  # later versions do it on their own, and say so
        binding.initialize()
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()


def _context() -> ContextRef:
    """Make a context for one module: its types and constants go with it."""
    from llvmlite import binding

    if binding.llvm_version_info >= (17,):
        return binding.create_context()
    # llvmlite 0.44 (LLVM 15) knows `ptr` only where its creator says so, and offers no argument.
    from llvmlite.binding import context, ffi

    library: Any = ffi.lib
    return context.ContextRef(library.LLVMPY_ContextCreate(True))


def _close(engine: ExecutionEngine) -> None:
    with _lock:
        engine.close()


def _before_fork() -> None:
    _lock.acquire()


def _after_fork_in_parent() -> None:
    _lock.release()


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    # With the lock taken first, no child is born while LLVM is at work: its locks would stay shut.
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
