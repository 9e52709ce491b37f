"""The native backend: a program becomes machine code through LLVM."""

from __future__ import annotations

from ...compiler.canonical import canonicalise
from ...compiler.program import Program
from ...compiler.schedule import Schedule
from ...compiler.simplify import simplify
from .executable import NativeExecutable
from .plan import Plan
from .target import host
from .team import available_cores

name = "native"


def compile(program: Program, threads: int | None = None) -> NativeExecutable:
    """Make a program ready to run, on at most `threads` threads (by default, all cores)."""
    target = host()
    schedule = Schedule(canonicalise(simplify(program)))
    plan = Plan(schedule.program, schedule, target)
    cores = available_cores()
    return NativeExecutable(schedule.program, plan, target, max(1, min(threads or cores, 64)))
