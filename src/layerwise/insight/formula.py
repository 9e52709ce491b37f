"""Graphs written as the formulas that people know: infix, with softmax and relu by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from ..compiler import Program
from ..compiler.simplify import scalar_value, simplify
from ..graph import Tensor, dtypes, topological_order
from ..graph import elementwise as e
from ..graph.contraction import MatMul
from ..graph.dimension import Batch
from ..graph.indexing import Gather, ScatterAdd
from ..graph.leaves import BatchSize, Iota, Leaf
from ..graph.movement import Broadcast, Reshape, Transpose, swap_last_axes
from ..graph.primitive import apply
from ..graph.random import RandomBits
from ..graph.reduction import ArgMax, CumSum, Max, Sum
from ..graph.rewriting import rewrite

ATOM, POWER, MINUS, PRODUCT, SUM, COMPARISON = 6, 5, 4, 3, 2, 1

_INFIX = {
    "Add": ("+", SUM), "Subtract": ("-", SUM), "Multiply": ("*", PRODUCT), "Divide": ("/", PRODUCT),
    "MatMul": ("@", PRODUCT), "Greater": (">", COMPARISON), "GreaterEqual": (">=", COMPARISON),
    "Less": ("<", COMPARISON), "LessEqual": ("<=", COMPARISON), "Equal": ("==", COMPARISON),
    "NotEqual": ("!=", COMPARISON), "LogicalAnd": ("and", COMPARISON),
    "LogicalOr": ("or", COMPARISON),
}  # fmt: skip

LONG = 64
"""Characters beyond which a part that is used twice gets a line and a name of its own."""


def tidy(outputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Graphs in simple form, with transposes at the leaves, as people write them."""
    program = simplify(Program(outputs))
    roots = [_transpose_below_product(r) for r in program.outputs.values()]
    return dict(zip(outputs, roots, strict=True))


def _transpose_below_product(root: Tensor) -> Tensor:
    return rewrite([root], _transpose_rule)[root]


def _transpose_rule(node: Tensor) -> Tensor | None:
    """(a @ b)^T is b^T @ a^T, and a transpose of a transpose is nothing."""
    if not isinstance(node.primitive, Transpose) or not _swaps_last(node):
        return None
    (x,) = node.inputs
    if isinstance(x.primitive, MatMul):
        a, b = x.inputs
        return apply(MatMul(), swap_last_axes(b), swap_last_axes(a))
    if isinstance(x.primitive, Transpose) and _swaps_last(x):
        return x.inputs[0]
    return None


def _swaps_last(node: Tensor) -> bool:
    axes = node.primitive.axes  # type: ignore[attr-defined]
    rank = len(axes)
    return rank >= 2 and axes == (*range(rank - 2), rank - 1, rank - 2)


class Writer:
    """Writes formulas, given names for some tensors; a name is used wherever its tensor occurs.

    Parameters
    ----------
    names : tensors that are written by name.
    """

    def __init__(self, names: Mapping[Tensor, str]) -> None:
        self.names = dict(names)
        self.used: set[str] = set()
        """Names that the formulas so far mention."""
        self._temporaries = 0

    def lines(self, outputs: Mapping[str, Tensor]) -> list[tuple[str, str, Tensor]]:
        """Name, formula and tensor of each line: the outputs, and before them what they share."""
        lines = []
        for node in _shared_parts(outputs.values(), self.names):
            formula = self._text(node)[0]
            if len(formula) >= 12 and self._worth_a_name(node):
                name = self._fresh(node)
                lines.append((name, formula, node))
                self.names[node] = name
        for name, output in outputs.items():
            lines.append((name, self._text(output)[0], output))
        return lines

    def _worth_a_name(self, node: Tensor) -> bool:
        return not _softmax(node) and _one_hot(node) is None and not _is_kept(node)

    def _fresh(self, node: Tensor) -> str:
        self._temporaries += 1
        return f"t{self._temporaries}"

    # -- formulas ----------------------------------------------------------------------------------

    def _text(self, node: Tensor) -> tuple[str, int]:
        """A formula and how tightly its outermost operator binds."""
        if node in self.names:
            self.used.add(self.names[node])
            return self.names[node], ATOM
        number = scalar_value(node)
        if number is not None:
            text = _number(float(number))
            return text, MINUS if text.startswith("-") else ATOM
        for pattern in (self._known_function, self._choice, self._movement, self._infix):
            found = pattern(node)
            if found is not None:
                return found
        return self._call(node)

    def _known_function(self, node: Tensor) -> tuple[str, int] | None:
        if (x := _softmax(node)) is not None:
            return self._function("softmax", x), ATOM
        if (x := _log_softmax(node)) is not None:
            return self._function("log_softmax", x), ATOM
        if (found := _times_softmax(node)) is not None:
            factor, x = found
            return f"{self._wrap(factor, PRODUCT)} * {self._function('softmax', x)}", PRODUCT
        if (x := _shifted(node)) is not None:
            return f"{self._wrap(x, SUM)} - max({self._text(x)[0]})", SUM
        if (y := _one_hot(node)) is not None:
            return self._function("one_hot", y), ATOM
        if (x := _relu(node)) is not None:
            return self._function("relu", x), ATOM
        if _is_kept(node):
            return "kept", ATOM
        if (x := _square(node)) is not None:
            return f"{self._wrap(x, POWER + 1)}^2", POWER
        if (found := _mean(node)) is not None:
            x, axes = found
            return f"mean({self._text(x)[0]}{_axes(axes, x)})", ATOM
        return None

    def _choice(self, node: Tensor) -> tuple[str, int] | None:
        if not isinstance(node.primitive, e.Where):
            return None
        condition, x, y = (self._text(i)[0] for i in node.inputs)
        return f"where({condition}, {x}, {y})", ATOM

    def _movement(self, node: Tensor) -> tuple[str, int] | None:
        operation = node.primitive
        if isinstance(operation, Broadcast | e.StopGradient):
            return self._text(node.inputs[0])
        if isinstance(operation, e.Cast) and dtypes.is_float(node.dtype):
            return self._text(node.inputs[0])
        if isinstance(operation, Reshape):
            (x,) = node.inputs
            if [d for d in x.shape if d != 1] == [d for d in node.shape if d != 1]:
                return self._text(x)
            shape = ", ".join(str(d) for d in node.shape)
            return f"reshape({self._text(x)[0]}, ({shape}))", ATOM
        if isinstance(operation, Transpose) and len(operation.axes) == 2:
            return self._function("transpose", node.inputs[0]), ATOM
        return None

    def _infix(self, node: Tensor) -> tuple[str, int] | None:
        if isinstance(node.primitive, e.Negative):
            return f"-{self._wrap(node.inputs[0], PRODUCT)}", MINUS
        symbol, level = _INFIX.get(node.primitive.name, (None, 0))
        if symbol is None or len(node.inputs) != 2:
            return None
        a, b = node.inputs
        if symbol == "@":
            return f"{self._wrap(a, ATOM)} @ {self._wrap(b, ATOM)}", PRODUCT
        if symbol == "+" and isinstance(b.primitive, e.Negative) and b not in self.names:
            symbol, b = "-", b.inputs[0]
        # a - (b + c) and a / (b * c) need their brackets.
        right = level + 1 if symbol in "-/" or level == COMPARISON else level
        return f"{self._wrap(a, level)} {symbol} {self._wrap(b, right)}", level

    def _call(self, node: Tensor) -> tuple[str, int]:
        operation = node.primitive
        if isinstance(operation, BatchSize):
            return "batch", ATOM
        if isinstance(operation, Iota):
            return f"0..{operation.length}", ATOM
        if isinstance(operation, Leaf):
            return operation.describe(), ATOM
        if isinstance(operation, Sum | Max):
            name = "sum" if isinstance(operation, Sum) else "max"
            (x,) = node.inputs
            return f"{name}({self._text(x)[0]}{_axes(operation.axes, x)})", ATOM
        arguments = [self._text(i)[0] for i in node.inputs]
        if isinstance(operation, Gather):
            return f"{arguments[0]}[{arguments[1]}]", ATOM
        if isinstance(operation, ScatterAdd):
            return f"add {arguments[1]} to the rows {arguments[0]} of zeros", SUM
        if isinstance(operation, ArgMax | CumSum):
            return f"{operation.name.lower()}({arguments[0]}, axis={operation.axis})", ATOM
        head, _, attributes = operation.describe().partition("[")
        tail = [attributes.rstrip("]")] if attributes else []
        return f"{head.lower()}({', '.join(arguments + tail)})", ATOM

    def _function(self, name: str, x: Tensor) -> str:
        return f"{name}({self._text(x)[0]})"

    def _wrap(self, node: Tensor, level: int) -> str:
        text, binds = self._text(node)
        return text if binds >= level else f"({text})"


def _number(value: float) -> str:
    return f"{value:.4g}"


def _axes(axes: tuple[int, ...], x: Tensor) -> str:
    """What stands after the comma: nothing when every axis longer than 1 is meant."""
    if all(i in axes or d == 1 for i, d in enumerate(x.shape)):
        return ""
    if axes == (0,) and isinstance(x.shape[0], Batch):
        return ", over rows"
    return f", axis={axes[0]}" if len(axes) == 1 else f", axes={axes}"


def _shared_parts(outputs: Iterable[Tensor], names: Mapping[Tensor, str]) -> list[Tensor]:
    """Nodes that a reader would meet more than once, in the order of computation."""
    outputs = list(outputs)
    uses: Counter[Tensor] = Counter(outputs)
    order = []
    stack = list(outputs)
    reached: set[Tensor] = set()
    while stack:
        node = stack.pop()
        if node in reached or node in names:
            continue
        reached.add(node)
        below = _read_through(node)
        uses.update(below)
        stack.extend(below)
    for node in topological_order(outputs):
        plain = isinstance(node.primitive, Leaf | Broadcast | Reshape | Transpose | e.Cast)
        if node in reached and uses[node] > 1 and not plain and scalar_value(node) is None:
            order.append(node)
    return order


def _read_through(node: Tensor) -> list[Tensor]:
    """What a reader goes on to: the inputs, or the arguments of a function known by name."""
    for pattern in (_softmax, _log_softmax, _shifted, _one_hot, _relu, _square):
        if (x := pattern(node)) is not None:
            return [x]
    if (found := _times_softmax(node)) is not None:
        return list(found)
    if (found := _mean(node)) is not None:
        return [found[0]]
    return [] if _is_kept(node) else list(node.inputs)


# -- patterns --------------------------------------------------------------------------------------


def _through(node: Tensor) -> Tensor:
    """Below what only repeats or reshapes."""
    while isinstance(node.primitive, Broadcast | Reshape | e.StopGradient):
        node = node.inputs[0]
    return node


def _shifted(node: Tensor) -> Tensor | None:
    """x, when the node is x minus its largest element."""
    if not isinstance(node.primitive, e.Subtract):
        return None
    x, top = node.inputs[0], _through(node.inputs[1])
    if isinstance(top.primitive, e.Where):
        top = _through(top.inputs[1])
    return x if isinstance(top.primitive, Max) and top.inputs[0] is x else None


def _exponential(node: Tensor) -> Tensor | None:
    """x, when the node is exp(x - max(x))."""
    return _shifted(node.inputs[0]) if isinstance(node.primitive, e.Exp) else None


def _total_of(node: Tensor, x: Tensor) -> bool:
    node = _through(node)
    return isinstance(node.primitive, Sum) and _exponential(node.inputs[0]) is x


def _softmax(node: Tensor) -> Tensor | None:
    if not isinstance(node.primitive, e.Divide):
        return None
    x = _exponential(_through(node.inputs[0]))
    return x if x is not None and _total_of(node.inputs[1], x) else None


def _log_softmax(node: Tensor) -> Tensor | None:
    if not isinstance(node.primitive, e.Subtract):
        return None
    x, log = _shifted(node.inputs[0]), _through(node.inputs[1])
    if x is None or not isinstance(log.primitive, e.Log):
        return None
    return x if _total_of(log.inputs[0], x) else None


def _times_softmax(node: Tensor) -> tuple[Tensor, Tensor] | None:
    """(a, x), when the node is (a / sum(exp(x))) * exp(x), which is a * softmax(x)."""
    if not isinstance(node.primitive, e.Multiply):
        return None
    for scaled, exponential in (node.inputs, node.inputs[::-1]):
        x, scaled = _exponential(exponential), _through(scaled)
        if x is not None and isinstance(scaled.primitive, e.Divide):
            if _total_of(scaled.inputs[1], x):
                return scaled.inputs[0], x
    return None


def _one_hot(node: Tensor) -> Tensor | None:
    """y, when the node compares class numbers with every class."""
    if not isinstance(node.primitive, e.Equal):
        return None
    y, each = map(_through, node.inputs)
    y, each = (each, y) if isinstance(y.primitive, Iota) else (y, each)
    return y if isinstance(each.primitive, Iota) and y.dtype == dtypes.int32 else None


def _relu(node: Tensor) -> Tensor | None:
    if not isinstance(node.primitive, e.Where):
        return None
    condition, x, other = node.inputs
    positive = isinstance(condition.primitive, e.Greater) and condition.inputs[0] is x
    zero = scalar_value(other) == 0 and positive and scalar_value(condition.inputs[1]) == 0
    return x if zero else None


def _is_kept(node: Tensor) -> bool:
    """Whether the node is dropout's choice of what to keep."""
    compares = isinstance(node.primitive, e.Comparison)
    return compares and any(isinstance(_through(i).primitive, RandomBits) for i in node.inputs)


def _square(node: Tensor) -> Tensor | None:
    same = isinstance(node.primitive, e.Multiply) and node.inputs[0] is node.inputs[1]
    return node.inputs[0] if same else None


def _mean(node: Tensor) -> tuple[Tensor, tuple[int, ...]] | None:
    """(x, axes), when the node is a sum over axes divided by their length."""
    if not isinstance(node.primitive, e.Divide):
        return None
    total, count = _through(node.inputs[0]), _through(node.inputs[1])
    if not isinstance(total.primitive, Sum):
        return None
    (x,), axes = total.inputs, total.primitive.axes
    rows, number = 0, 1
    for axis in axes:
        length = x.shape[axis]
        rows += isinstance(length, Batch) and length.multiple == 1
        number *= 1 if isinstance(length, Batch) else length
    if rows:
        return (x, axes) if number == 1 and isinstance(count.primitive, BatchSize) else None
    return (x, axes) if scalar_value(count) == number else None
