"""Random orders of rows in machine code; `layerwise.training.permutation` says what they are."""

from __future__ import annotations

from . import vector_math
from .emitter import Function, Operand, Value, constant, constant_vector
from .target import Target


def emit(target: Target) -> Function:
    """Emit shuffle(order, rows, key, key, number, words, half).

    `words` has room for two halves of random words, each `half` long: a multiple of the lanes that
    the words of half the rows fit into.
    """
    f = Function("shuffle", [
        ("order", "ptr noalias"), ("rows", "i64"), ("key0", "i32"), ("key1", "i32"),
        ("number", "i32"), ("words", "ptr noalias"), ("half", "i64"),
    ])  # fmt: skip
    order, rows, key0, key1, number, words, half = f.parameters
    lanes = target.lanes("i32")
    keys = (f.splat(key0, lanes), f.splat(key1, lanes), f.splat(number, lanes))
    later_words = f.offset(words, half, "i32")

    def draw(pair: Value, _: list[Value]) -> None:
        first = f.splat(f.convert("trunc", pair, "i32"), lanes)
        pairs = f.add(first, constant_vector(range(lanes), "i32"))
        for to, drawn in zip((words, later_words), vector_math.threefry2x32(f, *keys, pairs),
                             strict=True):  # fmt: skip
            f.store(drawn, f.offset(to, pair, "i32"))

    f.loop(0, half, draw, step=lanes)
    pairs = f.instruction("lshr", f.add(rows, 1), constant(1, "i64"))

    def enter(begin: Operand, end: Value, first_word: Value) -> None:
        """Let the rows from `begin` to `end` in; the words for them start at `first_word`."""

        def row(i: Value, _: list[Value]) -> None:
            word = f.load(f.offset(first_word, f.subtract(i, begin), "i32"), "i32")
            wide = f.multiply(f.convert("zext", word, "i64"), f.add(i, 1))
            place = f.offset(order, f.instruction("lshr", wide, constant(32, "i64")), "i64")
            f.store(f.load(place, "i64"), f.offset(order, i, "i64"))
            f.store(i, place)

        f.loop(begin, end, row)

    enter(0, pairs, words)
    enter(pairs, rows, later_words)
    return f
