"""Graphs written as the formulas that people know: infix, with softmax and relu by name."""

from __future__ import annotations

import math
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
from ..graph.movement import Broadcast, Reshape, Transpose, broadcast_to, swap_last_axes
from ..graph.primitive import apply
from ..graph.random import RandomBits
from ..graph.reduction import ArgMax, CumSum, Max, Sum
from ..graph.reduction import sum as sum_of
from ..graph.rewriting import rewrite

ATOM, POWER, MINUS, PRODUCT, SUM, COMPARISON = 6, 5, 4, 3, 2, 1

_INFIX = {
    "Add": ("+", SUM), "Subtract": ("-", SUM), "Multiply": ("*", PRODUCT), "Divide": ("/", PRODUCT),
    "MatMul": ("@", PRODUCT), "Greater": (">", COMPARISON), "GreaterEqual": (">=", COMPARISON),
    "Less": ("<", COMPARISON), "LessEqual": ("<=", COMPARISON), "Equal": ("==", COMPARISON),
    "NotEqual": ("!=", COMPARISON), "LogicalAnd": ("and", COMPARISON),
    "LogicalOr": ("or", COMPARISON),
}  # fmt: skip

SHORT = 12
"""Characters up to which a part that is used twice is written twice, without a name of its own."""


def tidy(outputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Graphs in simple form, as people write them."""
    program = simplify(Program(outputs))
    became = rewrite(program.outputs.values(), _reading_rule)
    return {name: became[output] for name, output in program.outputs.items()}


def _reading_rule(node: Tensor) -> Tensor | None:
    """(a @ b)^T is b^T @ a^T, a transpose of a transpose is nothing, and a + a is 2 a.

    These and the rules for quotients hold for real numbers, not for the last bit of floats: they
    are for reading only.
    """
    if isinstance(node.primitive, e.Add | e.Subtract) and dtypes.is_float(node.dtype):
        doubled = _doubled(node)
        return _one_denominator(node) if doubled is None else doubled
    if isinstance(node.primitive, Sum):
        return _divided_after_sum(node)
    if not isinstance(node.primitive, Transpose) or not _swaps_last(node):
        return None
    (x,) = node.inputs
    if isinstance(x.primitive, MatMul):
        a, b = x.inputs
        return apply(MatMul(), swap_last_axes(b), swap_last_axes(a))
    if isinstance(x.primitive, Transpose) and _swaps_last(x):
        return x.inputs[0]
    return None


def _doubled(node: Tensor) -> Tensor | None:
    a, b = node.inputs
    if isinstance(node.primitive, e.Subtract):
        return None
    if a is b:
        return a * 2.0
    if isinstance(a.primitive, e.Add) and a.inputs[1] is b:
        return a.inputs[0] + b * 2.0
    return None


def _one_denominator(node: Tensor) -> Tensor | None:
    """A / s + b / s is (a + b) / s, for the s of a softmax, which then shows as one."""
    (a, s), (b, t) = map(_quotient, node.inputs)
    if s is None or s is not t or not _is_softmax_total(s):
        return None
    return apply(e.Divide(), apply(node.primitive, a, b), broadcast_to(s, node.shape))


def _divided_after_sum(node: Tensor) -> Tensor | None:
    """sum(a / s) is sum(a) / s, for the s of a softmax along the same axes."""
    axes = node.primitive.axes  # type: ignore[attr-defined]
    a, s = _quotient(node.inputs[0])
    if s is None or not _is_softmax_total(s) or s.inputs[0].shape != a.shape:
        return None
    same_axes = s.primitive.axes == axes  # type: ignore[attr-defined]
    return sum_of(a, axes, keepdims=True) / s if same_axes else None


def _quotient(node: Tensor) -> tuple[Tensor, Tensor | None]:
    """A and s of a / s, of -(a / s) and of a / s repeated; s is None for other nodes."""
    operation = node.primitive
    if isinstance(operation, e.Negative | Broadcast):
        a, s = _quotient(node.inputs[0])
        again = e.negative(a) if isinstance(operation, e.Negative) else broadcast_to(a, node.shape)
        return again, s
    if isinstance(operation, e.Divide):
        return node.inputs[0], _through(node.inputs[1])
    return node, None


def _is_softmax_total(s: Tensor) -> bool:
    return isinstance(s.primitive, Sum) and _exponential(s.inputs[0]) is not None


def _swaps_last(node: Tensor) -> bool:
    axes = node.primitive.axes  # type: ignore[attr-defined]
    rank = len(axes)
    return rank >= 2 and axes == (*range(rank - 2), rank - 1, rank - 2)


class Writer:
    """Writes formulas, given names for some tensors; a name is used wherever its tensor occurs.

    Parameters
    ----------
    names : tensors that are written by name.
    first : number of the first name for a part that is used twice: ``t1``.
    """

    def __init__(self, names: Mapping[Tensor, str], first: int = 1) -> None:
        self.names = dict(names)
        self.used: set[str] = set()
        """Names that the formulas so far mention."""
        self.next = first

    def lines(self, outputs: Mapping[str, Tensor]) -> list[tuple[str, str, Tensor]]:
        """Name, formula and tensor of each line: the outputs, and before them what they share."""
        lines = []
        for node in _shared_parts(outputs.values(), self.names):
            formula = self._text(node)[0]
            if len(formula) > SHORT and self._worth_a_name(node):
                name = f"t{self.next}"
                self.next += 1
                lines.append((name, formula, node))
                self.names[node] = name
        for name, output in outputs.items():
            lines.append((name, self._text(output)[0], output))
        return lines

    def _worth_a_name(self, node: Tensor) -> bool:
        return _softmax(node) is None and _one_hot(node) is None and not _is_kept(node)

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
        for pattern in (self._known_function, self._product, self._choice, self._movement,
                        self._sum_of_two, self._infix):  # fmt: skip
            found = pattern(node)
            if found is not None:
                return found
        return self._call(node)

    def _known_function(self, node: Tensor) -> tuple[str, int] | None:
        if (x := _softmax(node)) is not None:
            return self._function("softmax", x), ATOM
        if (x := _log_softmax(node)) is not None:
            return self._function("log_softmax", x), ATOM
        if (x := _shifted(node)) is not None:
            return f"{self._wrap(x, SUM)} - max({self._text(x)[0]})", SUM
        if (y := _one_hot(node)) is not None:
            return self._function("one_hot", y), ATOM
        if (x := _relu(node)) is not None:
            return self._function("relu", x), ATOM
        if _is_kept(node):
            self.used.add("kept")
            return "kept", ATOM
        if (x := _square(node)) is not None:
            return f"{self._wrap(x, POWER + 1)}^2", POWER
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
            if _turns(node):
                return self._function("transpose", x), ATOM
            if [d for d in x.shape if d != 1] == [d for d in node.shape if d != 1]:
                return self._text(x)
            shape = ", ".join(str(d) for d in node.shape)
            return f"reshape({self._text(x)[0]}, ({shape}))", ATOM
        if isinstance(operation, Transpose) and len(operation.axes) == 2:
            return self._function("transpose", node.inputs[0]), ATOM
        return None

    def _product(self, node: Tensor) -> tuple[str, int] | None:
        """A chain of products, quotients and signs as one fraction."""
        if not isinstance(node.primitive, e.Multiply | e.Divide | e.Negative | Sum):
            return None
        fraction = _Fraction()
        self._collect(node, fraction, above=True)
        return fraction.text()

    def _collect(self, node: Tensor, into: _Fraction, above: bool) -> None:
        """Put a node's factors above or below the line."""
        node = _unstretched(node, self.names)
        number = None if node in self.names else scalar_value(node)
        if number is not None:
            into.number *= float(number) if above else 1 / float(number) if number else math.inf
            return
        operation = node.primitive
        known = node in self.names or self._known_function(node) is not None
        if not known and (found := _times_softmax(node)) is not None:
            factor, x = found
            self._collect(factor, into, above)
            into.add(self._function("softmax", x), ATOM, above)
        elif not known and (meant := _mean(node)) is not None:
            self._reduced("mean", *meant, into, above)
        elif not known and isinstance(operation, Sum):
            self._reduced("sum", node.inputs[0], operation.axes, into, above)
        elif not known and isinstance(operation, e.Multiply):
            for factor in node.inputs:
                self._collect(factor, into, above)
        elif not known and isinstance(operation, e.Divide):
            self._collect(node.inputs[0], into, above)
            self._collect(node.inputs[1], into, not above)
        elif not known and isinstance(operation, e.Negative):
            into.number = -into.number
            self._collect(node.inputs[0], into, above)
        else:
            into.add(*self._text(node), above)

    def _reduced(
        self, name: str, x: Tensor, axes: tuple[int, ...], into: _Fraction, above: bool
    ) -> None:
        """A sum or a mean as a factor; that of what is negative is minus that of the positive."""
        inner = _Fraction()
        self._collect(x, inner, above=True)
        text = self._text(x)[0]
        if inner.negative:
            inner.number, into.number = -inner.number, -into.number
            text = inner.text()[0]
        into.add(f"{name}({text}{_axes(axes, x)})", ATOM, above)

    def _sum_of_two(self, node: Tensor) -> tuple[str, int] | None:
        """A + b, with a minus where b is negative, and what is positive in front."""
        if not isinstance(node.primitive, e.Add):
            return None
        a, b = (self._text(i) for i in node.inputs)
        if a[0].startswith("-") and not b[0].startswith("-"):
            a, b = b, a
        first = a[0] if a[1] >= SUM else f"({a[0]})"
        if b[0].startswith("-"):
            rest = b[0][1:]
            return f"{first} - {f'({rest})' if b[1] <= SUM else rest}", SUM
        return f"{first} + {b[0] if b[1] >= SUM else f'({b[0]})'}", SUM

    def _infix(self, node: Tensor) -> tuple[str, int] | None:
        symbol, level = _INFIX.get(node.primitive.name, (None, 0))
        if symbol is None or len(node.inputs) != 2:
            return None
        a, b = node.inputs
        if symbol == "@":
            return f"{self._wrap(a, ATOM)} @ {self._wrap(b, ATOM)}", PRODUCT
        # a - (b + c) needs its brackets.
        right = level + 1 if symbol == "-" or level == COMPARISON else level
        return f"{self._wrap(a, level)} {symbol} {self._wrap(b, right)}", level

    def _call(self, node: Tensor) -> tuple[str, int]:
        operation = node.primitive
        if isinstance(operation, BatchSize):
            return "batch", ATOM
        if isinstance(operation, Iota):
            return f"0..{operation.length}", ATOM
        if isinstance(operation, Leaf):
            return operation.describe(), ATOM
        if isinstance(operation, Max):
            (x,) = node.inputs
            return f"max({self._text(x)[0]}{_axes(operation.axes, x)})", ATOM
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


class _Fraction:
    """A number times factors over factors, collected one by one."""

    def __init__(self) -> None:
        self.number = 1.0
        self.above: Counter[tuple[str, int]] = Counter()
        self.below: Counter[tuple[str, int]] = Counter()

    @property
    def negative(self) -> bool:
        return self.number < 0

    def add(self, text: str, binds: int, above: bool) -> None:
        if text.startswith("-") and binds >= PRODUCT:
            text, self.number = text[1:], -self.number
        (self.above if above else self.below)[text, binds] += 1

    def text(self) -> tuple[str, int]:
        """The fraction written out, and how tightly it binds."""
        above = [_power(*factor, count) for factor, count in self.above.items()]
        below = [_power(*factor, count) for factor, count in self.below.items()]
        size = abs(self.number)
        if size != 1 or not above:
            above.insert(0, (_number(size), ATOM))
        level = above[0][1] if len(above) == 1 and not below else PRODUCT
        text = " * ".join(
            t if b >= PRODUCT or len(above) == 1 == level else f"({t})" for t, b in above
        )
        if len(above) == 1 and below and above[0][1] < PRODUCT:
            text = f"({above[0][0]})"
        if len(below) == 1:
            text += f" / {below[0][0] if below[0][1] > PRODUCT else f'({below[0][0]})'}"
        elif below:
            product = " * ".join(t if b >= PRODUCT else f"({t})" for t, b in below)
            text += f" / ({product})"
        if not self.negative:
            return text, level
        return (f"-{text}", PRODUCT) if level >= PRODUCT else (f"-({text})", PRODUCT)


def _power(text: str, binds: int, count: int) -> tuple[str, int]:
    if count == 1:
        return text, binds
    return f"{text if binds == ATOM else f'({text})'}^{count}", POWER


def _unstretched(node: Tensor, names: Mapping[Tensor, str]) -> Tensor:
    """Below what a reader need not see: repetition, and axes of length 1."""
    while node not in names:
        operation = node.primitive
        if isinstance(operation, Reshape):
            (x,) = node.inputs
            same = [d for d in x.shape if d != 1] == [d for d in node.shape if d != 1]
            if not same or _turns(node):
                break
        elif not isinstance(operation, Broadcast | e.StopGradient):
            break
        node = node.inputs[0]
    return node


def _turns(node: Tensor) -> bool:
    """Whether a reshape makes a row of a column, or a column of a row: a transpose to a reader."""
    (x,) = node.inputs
    return len(x.shape) == 2 and x.shape != node.shape == x.shape[::-1]


def _number(value: float) -> str:
    return f"{value:.4g}"


def _axes(axes: tuple[int, ...], x: Tensor) -> str:
    """What stands after the comma: nothing when the sum leaves one number."""
    if all(i in axes or d == 1 for i, d in enumerate(x.shape)) and len(x.shape) == len(axes):
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
    if (meant := _mean(node)) is not None:
        return [meant[0]]
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
        quotient = x is not None and isinstance(scaled.primitive, e.Divide)
        if x is not None and quotient and _total_of(scaled.inputs[1], x):
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
