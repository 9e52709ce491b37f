"""The native code that runs a plan: thousands of steps, kernel after kernel, without Python.

A plan is data: an array of records, each naming a kernel's function, its arguments and how its
work is divided. So a program's own code is only its kernels, and the driver is compiled once for
a machine. Every thread runs the whole plan and takes its part of each kernel.

Between kernels that exchange rows across threads stands a barrier: a counter that every thread
raises and then watches, first spinning, then giving its processor away.
"""

from __future__ import annotations

import sys

from . import matmul, shuffle
from .emitter import Function, Module, Operand, Value, constant
from .partition import BATCH, STATIC
from .target import Target

RECORD = 8
"""64-bit words of a record: function, arguments, kind, total, granularity, barrier."""

CONTEXT_WORDS = 8
"""64-bit words of a thread's context: rows, step, start, scratch memory."""

SPINS = 2000
"""Rounds of waiting before a thread gives its processor away: some 20 to 40 microseconds."""

MATMUL_SLOTS = (
    "left", "right", "result", "mode",
    "m", "m_batch", "n", "n_batch", "k", "k_batch",
    "left_row", "left_row_batch", "left_column", "left_column_batch",
    "right_row", "right_row_batch", "right_column", "right_column_batch",
    "result_row", "result_row_batch",
    *(
        f"{name}_{level}{part}"
        for level in range(3)
        for name in ("length", "left", "right", "result")
        for part in ("", "_batch")
    ),
)  # fmt: skip
"""Arguments of the product kernels: addresses, sizes (a constant plus a multiple of the rows),
strides, and up to three leading axes with their lengths and strides. The first is divided among
threads."""

ROWS_MODE, COLUMNS_MODE, BATCH_MODE = 0, 1, 2
"""What a thread's range of a product is: rows or columns of the result, or whole matrices."""


def emit(module: Module, target: Target) -> None:
    """Add the driver and its service kernels to a module."""
    module.add(_barrier(target))
    module.add(_run(target))
    module.add(_feed_rows())
    module.add(_feed_value())
    module.add(_emit_value())
    module.add(_emit_rows())
    module.add(_copy())
    module.add(shuffle.emit(target))


def emit_product(module: Module, target: Target, element: str) -> None:
    """Add the matrix product of an element type, and the kernel that calls it."""
    matmul.emit(module, target, element)
    module.add(_product("f32" if element == "float" else "f64", element))


def _barrier(target: Target) -> Function:
    f = Function("wait", [("counter", "ptr"), ("goal", "i64")], linkage="internal")
    counter, goal = f.parameters
    f.emit(f"%arrived = atomicrmw add ptr {counter.text}, i64 1 acq_rel")
    spin, again, rest, polite, done = (f.label() for _ in range(5))
    f.branch(spin)
    f.start_block(spin)
    f.lines.append(f"  %round = phi i64 [ 0, %entry ], [ %following, %{again} ]")
    now = f.value(f"load atomic i64, ptr {counter.text} acquire, align 8", "i64")
    f.branch_if(f.compare("sge", now, goal), done, rest)
    f.start_block(rest)
    f.lines.append("  %following = add i64 %round, 1")
    f.branch_if(f.compare("sgt", Value("%following", "i64"), SPINS), polite, again)
    f.start_block(polite)
    # A thread that waits for one that is not running must let it run.
    if sys.platform == "win32":
        f.call("SwitchToThread", "i32", [])
    else:
        f.call("sched_yield", "i32", [])
    f.branch(again)
    f.start_block(again)
    if target.triple.startswith("x86_64"):
        f.call("llvm.x86.sse2.pause", "void", [])
    f.branch(spin)
    f.start_block(done)
    return f


def _run(target: Target) -> Function:
    """Steps `first` to `last` of a plan; every so many steps, another plan takes its place."""
    f = Function("run", [
        ("usual_plan", "ptr"), ("usual_records", "i64"), ("other_plan", "ptr"),
        ("other_records", "i64"), ("every", "i64"), ("boundaries", "ptr"), ("first", "i64"),
        ("last", "i64"), ("thread", "i64"), ("threads", "i64"), ("counter", "ptr"),
        ("scratch", "ptr"),
    ])  # fmt: skip
    usual, usual_records, other, other_records, every, *rest = f.parameters
    boundaries, first, last, thread, threads, counter, scratch = rest
    context = f.allocate("i64", CONTEXT_WORDS)
    goal = f.allocate("i64")
    f.store(constant(0, "i64"), goal, 8)
    f.store(scratch, f.offset(context, 3, "i64"), 8)
    alone = f.compare("eq", threads, 1)
    # For the first thread, beside the counter: it is here, and will come to every barrier.
    f.when(
        f.compare("eq", thread, 0),
        lambda: f.store(constant(1, "i64"), f.offset(counter, 1, "i64"), 8),
    )

    def word(record: Value, index: int, type_: str = "i64") -> Value:
        return f.load(f.offset(record, index, "i64"), type_, 8)

    def step(number: Value, _: list[Value]) -> None:
        start = f.load(f.offset(boundaries, number, "i64"), "i64", 8)
        stop = f.load(f.offset(boundaries, f.add(number, 1), "i64"), "i64", 8)
        rows = f.subtract(stop, start)
        for index, value in ((0, rows), (1, number), (2, start)):
            f.store(value, f.offset(context, index, "i64"), 8)
        turn = f.compare("eq", f.instruction("srem", number, every), 0)
        plan = f.select(turn, other, usual)
        records = f.select(turn, other_records, usual_records)

        def call(record: Value, begin: Operand, end: Value) -> None:
            function, arguments = word(record, 0, "ptr"), word(record, 1, "ptr")
            f.emit(
                f"call void {function.text}(ptr {arguments.text}, i64 {f.operand(begin).text}, "
                f"i64 {end.text}, ptr {context.text})"
            )

        def by_one() -> None:
            """Everything, in order: no barriers, no divisions."""

            def each(k: Value, _: list[Value]) -> None:
                record = f.offset(plan, f.multiply(k, RECORD), "i64")
                of_batch = f.compare("eq", word(record, 2), BATCH)
                scale = f.select(of_batch, rows, constant(1, "i64"))
                call(record, 0, f.multiply(word(record, 3), scale))

            f.loop(0, records, each)

        def by_many() -> None:
            """One thread's part of each kernel; see `Partition`."""
            my_first = f.instruction("sdiv", f.multiply(rows, thread), threads)
            my_last = f.instruction("sdiv", f.multiply(rows, f.add(thread, 1)), threads)

            def synchronise() -> None:
                following = f.add(f.load(goal, "i64", 8), threads)
                f.store(following, goal, 8)
                f.call("wait", "void", [counter, following], declare=False)

            def each(k: Value, _: list[Value]) -> None:
                record = f.offset(plan, f.multiply(k, RECORD), "i64")
                kind, total = word(record, 2), word(record, 3)
                f.when(f.compare("ne", word(record, 5), 0), synchronise)

                def of_batch() -> list[Value]:
                    return [f.multiply(my_first, total), f.multiply(my_last, total)]

                def pieces() -> list[Value]:
                    size = word(record, 4)
                    count = f.instruction("sdiv", f.add(total, f.subtract(size, 1)), size)

                    def bound(part: Value) -> Value:
                        piece = f.instruction("sdiv", f.multiply(count, part), threads)
                        units = f.multiply(piece, size)
                        return f.select(f.compare("slt", units, total), units, total)

                    return [bound(thread), bound(f.add(thread, 1))]

                def for_first() -> list[Value]:
                    mine = f.compare("eq", thread, 0)
                    return [constant(0, "i64"), f.select(mine, total, constant(0, "i64"))]

                def of_total() -> list[Value]:
                    return f.when(f.compare("eq", kind, STATIC), pieces, for_first)

                begin, end = f.when(f.compare("eq", kind, BATCH), of_batch, of_total)
                f.when(f.compare("slt", begin, end), lambda: call(record, begin, end))

            f.loop(0, records, each)

        f.when(alone, by_one, by_many)

    before = _flush_denormals(f, target)
    f.loop(first, last, step)
    _restore_rounding(f, target, before)
    return f


# The moments of a unit that is off decay into denormal numbers and stay there, because the
# smallest times 0.9 rounds to itself; processors compute with them many times more slowly.
_X86_FLUSH = 0x8040
"""Flush to zero, and denormals are zero, in x86's MXCSR."""
_ARM_FLUSH = 1 << 24
"""The same in AArch64's FPCR."""


def _flush_denormals(f: Function, target: Target) -> Value | None:
    """Take denormal numbers for zero in this thread; gives what to restore."""
    if target.triple.startswith("x86_64"):
        place = f.allocate("i32", 2)
        f.call("llvm.x86.sse.stmxcsr", "void", [place])
        changed = f.instruction("or", f.load(place, "i32"), constant(_X86_FLUSH, "i32"))
        other = f.offset(place, 1, "i32")
        f.store(changed, other)
        f.call("llvm.x86.sse.ldmxcsr", "void", [other])
        return place
    if target.triple.startswith(("aarch64", "arm64")):
        old = f.call("llvm.aarch64.get.fpcr", "i64", [])
        changed = f.instruction("or", old, constant(_ARM_FLUSH, "i64"))
        f.call("llvm.aarch64.set.fpcr", "void", [changed])
        return old
    return None


def _restore_rounding(f: Function, target: Target, before: Value | None) -> None:
    if before is None:
        return
    x86 = target.triple.startswith("x86_64")
    f.call("llvm.x86.sse.ldmxcsr" if x86 else "llvm.aarch64.set.fpcr", "void", [before])


def _service(name: str) -> tuple[Function, list[Value]]:
    f = Function(name, [("args", "ptr"), ("begin", "i64"), ("end", "i64"), ("context", "ptr")])
    return f, f.parameters


def _copy_bytes(f: Function, target: Value, source: Value, count: Value) -> None:
    f.declarations.add("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1 immarg)")
    f.emit(
        f"call void @llvm.memcpy.p0.p0.i64(ptr {target.text}, ptr {source.text}, "
        f"i64 {count.text}, i1 false)"
    )


def _feed_rows() -> Function:
    """Rows of data by the order of the step: target, source, order (or null), bytes of a row."""
    f, (args, begin, end, context) = _service("feed_rows")
    target, source, order = (f.load(f.offset(args, k, "i64"), "ptr", 8) for k in range(3))
    width = f.load(f.offset(args, 3, "i64"), "i64", 8)
    start = f.load(f.offset(context, 2, "i64"), "i64", 8)
    ordered = f.value(f"icmp ne ptr {order.text}, null", "i1")

    def in_order() -> None:
        count = f.multiply(f.subtract(end, begin), width)
        first = f.multiply(f.add(start, begin), width)
        _copy_bytes(f, f.offset(target, f.multiply(begin, width), "i8"),
                    f.offset(source, first, "i8"), count)  # fmt: skip

    def gathered() -> None:
        def row_of(i: Value) -> Value:
            return f.load(f.offset(order, f.add(start, i), "i64"), "i64", 8)

        def word(i: Value, _: list[Value]) -> None:
            f.store(f.load(f.offset(source, row_of(i), "i32"), "i32"), f.offset(target, i, "i32"))

        def row(i: Value, _: list[Value]) -> None:
            _copy_bytes(f, f.offset(target, f.multiply(i, width), "i8"),
                        f.offset(source, f.multiply(row_of(i), width), "i8"), width)  # fmt: skip

        f.when(
            f.compare("eq", width, 4),
            lambda: f.loop(begin, end, word),
            lambda: f.loop(begin, end, row),
        )

    f.when(ordered, gathered, in_order)
    return f


def _feed_value() -> Function:
    """A value of the step: target, source, its bytes, bytes from step to step (0 when fixed)."""
    f, (args, _, _, context) = _service("feed_value")
    target, source = (f.load(f.offset(args, k, "i64"), "ptr", 8) for k in range(2))
    width, stride = (f.load(f.offset(args, k, "i64"), "i64", 8) for k in (2, 3))
    step = f.load(f.offset(context, 1, "i64"), "i64", 8)
    _copy_bytes(f, target, f.offset(source, f.multiply(step, stride), "i8"), width)
    return f


def _emit_value() -> Function:
    """An output's value for this step: target (as if of step 0), source, bytes of a value."""
    f, (args, _, _, context) = _service("emit_value")
    target, source = (f.load(f.offset(args, k, "i64"), "ptr", 8) for k in range(2))
    width = f.load(f.offset(args, 2, "i64"), "i64", 8)
    step = f.load(f.offset(context, 1, "i64"), "i64", 8)
    _copy_bytes(f, f.offset(target, f.multiply(step, width), "i8"), source, width)
    return f


def _emit_rows() -> Function:
    """An output's rows: target (as if of the first row of all), source, bytes of a row."""
    f, (args, begin, end, context) = _service("emit_rows")
    target, source = (f.load(f.offset(args, k, "i64"), "ptr", 8) for k in range(2))
    width = f.load(f.offset(args, 2, "i64"), "i64", 8)
    start = f.load(f.offset(context, 2, "i64"), "i64", 8)
    _copy_bytes(f, f.offset(target, f.multiply(f.add(start, begin), width), "i8"),
                f.offset(source, f.multiply(begin, width), "i8"),
                f.multiply(f.subtract(end, begin), width))  # fmt: skip
    return f


def _copy() -> Function:
    """A value to another place: target, source, bytes."""
    f, (args, _, _, _) = _service("copy")
    target, source = (f.load(f.offset(args, k, "i64"), "ptr", 8) for k in range(2))
    _copy_bytes(f, target, source, f.load(f.offset(args, 2, "i64"), "i64", 8))
    return f


def _product(name: str, element: str) -> Function:
    """A matrix product, or a batch of them; see MATMUL_SLOTS."""
    f, (args, begin, end, context) = _service(f"product_{name}")
    rows = f.load(context, "i64", 8)
    scratch = f.load(f.offset(context, 3, "i64"), "ptr", 8)
    where = {slot: k for k, slot in enumerate(MATMUL_SLOTS)}

    def get(slot: str, type_: str = "i64") -> Value:
        return f.load(f.offset(args, where[slot], "i64"), type_, 8)

    def sized(slot: str) -> Value:
        return f.add(get(slot), f.multiply(get(f"{slot}_batch"), rows))

    left, right, result = (get(s, "ptr") for s in ("left", "right", "result"))
    mode = get("mode")
    m, n, k = sized("m"), sized("n"), sized("k")
    left_row, left_column = sized("left_row"), sized("left_column")
    right_row, right_column = sized("right_row"), sized("right_column")
    result_row = sized("result_row")

    def call(m: Value, n: Value, left: Value, right: Value, result: Value) -> None:
        f.call(f"lw_matmul_{name}", "void", [
            m, n, k, left, left_row, left_column, right, right_row, right_column,
            result, result_row, scratch, constant(0, "i64"),
        ], declare=False)  # fmt: skip

    def moved(base: Value, index: Operand, stride: Value) -> Value:
        return f.offset(base, f.multiply(f.operand(index), stride), element)

    def by_rows() -> None:
        call(f.subtract(end, begin), n, moved(left, begin, left_row), right,
             moved(result, begin, result_row))  # fmt: skip

    def by_columns() -> None:
        call(m, f.subtract(end, begin), left, moved(right, begin, right_column),
             f.offset(result, begin, element))  # fmt: skip

    def by_matrices() -> None:
        def level(number: int, places: list[Value]) -> None:
            if number == 3:
                call(m, n, *places)
                return
            strides = [sized(f"{s}_{number}") for s in ("left", "right", "result")]

            def each(i: Value, _: list[Value]) -> None:
                inner = [moved(p, i, s) for p, s in zip(places, strides, strict=True)]
                level(number + 1, inner)

            if number == 0:
                f.loop(begin, end, each)
            else:
                f.loop(0, sized(f"length_{number}"), each)

        level(0, [left, right, result])

    f.when(
        f.compare("eq", mode, ROWS_MODE),
        by_rows,
        lambda: f.when(f.compare("eq", mode, COLUMNS_MODE), by_columns, by_matrices) and None,
    )
    return f
