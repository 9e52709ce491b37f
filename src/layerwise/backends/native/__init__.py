"""The native backend: a program becomes machine code through LLVM."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np

from ...compiler.canonical import canonicalise
from ...compiler.fingerprint import fingerprint
from ...compiler.program import Program
from ...compiler.schedule import Schedule
from ...compiler.simplify import simplify
from ...compiler.state import aligned_bytes
from ...compiler.verify import is_wanted, verify_graph, verify_pass, verify_schedule
from . import library
from .cache import default_cache
from .executable import NativeExecutable
from .plan import Plan
from .planning import make_plan
from .stamp import compiler_stamp
from .target import Target, host
from .team import available_cores

name = "native"


def compile(program: Program, threads: int | None = None) -> NativeExecutable:
    """Make a program ready to run, on at most `threads` threads (by default, all cores).

    Programs of the same structure share one plan and its machine code, in this process and, through
    the cache on disk, with later ones.
    """
    target = host()
    cores = available_cores()
    return NativeExecutable(
        program, _plan(program, target), target, max(1, min(threads or cores, 64))
    )


def draw_order(rows: int, key: tuple[int, int], number: int) -> np.ndarray:
    """See `layerwise.training.permutation.draw_order`, whose orders these are."""
    target = host()
    lanes = target.lanes("i32")
    half = -(-((rows + 1) // 2) // lanes) * lanes
    order, words = np.empty(rows, np.int64), aligned_bytes(8 * half)
    library.shuffle(target)(order.ctypes.data, rows, *key, number, words.ctypes.data, half)
    return order


_plans: OrderedDict[tuple[str, Target], Plan] = OrderedDict()
_PLANS_KEPT = 64


def _plan(program: Program, target: Target) -> Plan:
    key = (fingerprint(program), target)
    plan = _plans.get(key)
    if plan is None:
        cache = default_cache()
        name = f"plan {compiler_stamp()} {key[0]} {target}"
        # What comes from the cache was verified, if at all, when it was put there.
        content = cache.get(name) if cache and not is_wanted() else None
        if content is not None:
            plan = Plan.from_bytes(content)
        else:
            plan = make_plan(program, _schedule(program), target)
            if cache:
                cache.put(name, plan.to_bytes())
        _plans[key] = plan
        while len(_plans) > _PLANS_KEPT:
            _plans.popitem(last=False)
    return plan


def _schedule(program: Program) -> Schedule:
    """All passes over a program, each verified when tests ask for it."""
    simple = simplify(program)
    canonical = canonicalise(simple)
    schedule = Schedule(canonical)
    if is_wanted():
        verify_graph("graph", program.roots)
        verify_pass("simplify", program, simple)
        verify_pass("canonicalise", simple, canonical)
        verify_schedule(schedule)
    return schedule
