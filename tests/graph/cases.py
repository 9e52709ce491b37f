"""The op table: one line for each thing that a primitive or a function must be able to do.

`case(name, function, arguments, oracle)` says what is computed, from what, and how JAX computes
the same. The name begins with the function that the line is about, so that a test can assert that
none is missing. Tests read the table; to add an op is to add a line here.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.extend.random
import jax.numpy as jnp
import jax.scipy.special
import numpy as np

from layerwise import graph
from layerwise.graph import batch
from layerwise.graph.convolution import ConvolveWeights
from layerwise.graph.movement import Pad

INFINITY, NAN = np.inf, np.nan
FLOAT = "float"
"""Stands for the floating dtype that is being tested."""


@dataclass(frozen=True, eq=False)
class Argument:
    """What one input of a case looks like; `values` replaces random numbers."""

    shape: tuple
    dtype: str = FLOAT
    low: float = -2.0
    high: float = 2.0
    values: Any = None


@dataclass(frozen=True, eq=False)
class Extreme:
    """Inputs given as lists, what must come out, and the gradients of the output's sum."""

    inputs: tuple
    expected: Any
    gradients: tuple | None = None


@dataclass(frozen=True, eq=False)
class Case:
    """One line of the table."""

    group: str
    name: str
    function: Callable
    arguments: tuple[Argument, ...]
    oracle: Callable | None
    smooth: bool = True
    """Whether second derivatives are checked too."""
    differentiable: bool = True
    eager: bool = True
    """Whether the function also works on plain arrays."""
    elementwise: bool = False
    extremes: tuple[Extreme, ...] = ()
    tolerance: float = 1.0
    """How many times the usual rounding error is fine."""

    @property
    def about(self) -> str:
        """The function that the line is about."""
        return self.name.split(" ")[0]


@dataclass
class Table:
    """The lines, and the group that new ones join: a group is compiled as one program."""

    cases: list[Case] = field(default_factory=list)
    group: str = ""

    def __call__(
        self,
        name: str,
        function: Callable,
        arguments: Sequence[Any],
        oracle: Callable | None = None,
        **options: Any,
    ) -> None:
        """Add a line."""
        extremes = tuple(
            e if isinstance(e, Extreme) else Extreme(*e) for e in options.pop("extremes", ())
        )
        filled = tuple(a if isinstance(a, Argument) else Argument(tuple(a)) for a in arguments)
        if any(existing.name == name for existing in self.cases):
            raise ValueError(f"two lines are called '{name}'")
        self.cases.append(
            Case(self.group, name, function, filled, oracle, extremes=extremes, **options)
        )


case = Table()


def argument(*shape: Any, **options: Any) -> Argument:
    """Describe an input: ``argument(batch, 3, low=0.1)``."""
    return Argument(shape, **options)


def integers(*shape: Any, low: int = 0, high: int = 5, values: Any = None) -> Argument:
    """Describe an int32 input."""
    return Argument(shape, "int32", low, high, values)


def booleans(*shape: Any) -> Argument:
    """Describe a boolean input."""
    return Argument(shape, "bool")


# -- elementwise -----------------------------------------------------------------------------------

case.group = "arithmetic"

SHAPES = (
    (), (1,), (7,), (3, 5), (2, 15), (1, 16), (2, 17), (31,), (1, 33), (3, 64), (2, 65),
    (2, 3, 4), (2, 1, 3, 5), (batch,), (batch, 7), (batch, 3, 5),
)  # fmt: skip
_next_shape = itertools.cycle(SHAPES)


def each(
    name: str, function: Callable, oracle: Callable, *, arity: int = 1, every_shape: bool = False,
    low: Any = -2.0, high: Any = 2.0, dtype: str = FLOAT, extremes: Sequence = (), **options: Any,
) -> None:  # fmt: skip
    """Add lines for an elementwise function: a few shapes in turn, or every shape."""
    lows = low if isinstance(low, tuple) else (low,) * arity
    highs = high if isinstance(high, tuple) else (high,) * arity
    shapes = SHAPES if every_shape else [(batch, 7), *(next(_next_shape) for _ in range(2))]
    for number, shape in enumerate(dict.fromkeys(shapes)):
        arguments = [Argument(shape, dtype, a, b) for a, b in zip(lows, highs, strict=True)]
        shown = graph.show(shape)
        some = extremes if number == 0 else ()
        case(
            f"{name} {shown}",
            function,
            arguments,
            oracle,
            extremes=some,
            elementwise=True,
            **options,
        )


each("add", graph.add, jnp.add, arity=2, every_shape=True, extremes=[
    (([1e30, INFINITY, INFINITY, NAN, -0.0], [1.0, 1.0, -INFINITY, 1.0, 0.0]),
     [1e30, INFINITY, NAN, NAN, 0.0]),
])  # fmt: skip
each("subtract", graph.subtract, jnp.subtract, arity=2, extremes=[
    (([INFINITY, NAN, 3.0], [INFINITY, 0.0, 3.0]), [NAN, NAN, 0.0], ([1, 1, 1], [-1, -1, -1])),
])  # fmt: skip
each("multiply", graph.multiply, jnp.multiply, arity=2, extremes=[
    (([0.0, 0.0, INFINITY, -2.0], [INFINITY, NAN, -1.0, 0.0]), [NAN, NAN, -INFINITY, 0.0]),
])  # fmt: skip
each("divide", graph.divide, jnp.divide, arity=2, low=(-2.0, 0.5), extremes=[
    (([1.0, -1.0, 0.0, INFINITY, 1.0, NAN], [0.0, 0.0, 0.0, INFINITY, INFINITY, 1.0]),
     [INFINITY, -INFINITY, NAN, NAN, 0.0, NAN]),
])  # fmt: skip
each("negative", graph.negative, jnp.negative, extremes=[
    (([0.0, 1000.0, -INFINITY, NAN],), [0.0, -1000.0, INFINITY, NAN], ([-1, -1, -1, -1],)),
])  # fmt: skip
each("absolute", graph.absolute, jnp.abs, extremes=[
    (([0.0, -0.0, -1000.0, -INFINITY, NAN],), [0.0, 0.0, 1000.0, INFINITY, NAN],
     ([0, 0, -1, -1, NAN],)),
])  # fmt: skip
each("sign", graph.sign, jnp.sign, differentiable=False, extremes=[
    (([0.0, -0.0, 1e-30, -1000.0, INFINITY, -INFINITY, NAN],), [0, 0, 1, -1, 1, -1, NAN]),
])  # fmt: skip
each("floor", graph.floor, jnp.floor, differentiable=False, low=-5, high=5, extremes=[
    (([0.0, -0.5, 2.0, -2.0, 1e20, INFINITY, NAN],), [0, -1, 2, -2, 1e20, INFINITY, NAN]),
])  # fmt: skip
each("maximum", graph.maximum, jnp.maximum, arity=2, extremes=[
    (([1.0, 2.0, NAN, 1.0, INFINITY], [1.0, 3.0, 1.0, NAN, 0.0]), [1, 3, NAN, NAN, INFINITY]),
    (([1.0, 2.0, 5.0], [1.0, 3.0, 4.0]), [1, 3, 5], ([0.5, 0, 1], [0.5, 1, 0])),
])  # fmt: skip
each("minimum", graph.minimum, jnp.minimum, arity=2, extremes=[
    (([1.0, 2.0, NAN, 1.0, -INFINITY], [1.0, 3.0, 1.0, NAN, 0.0]), [1, 2, NAN, NAN, -INFINITY]),
    (([1.0, 2.0, 5.0], [1.0, 3.0, 4.0]), [1, 2, 4], ([0.5, 1, 0], [0.5, 0, 1])),
])  # fmt: skip
each("square", graph.square, jnp.square)
each("power cubed", lambda x: graph.power(x, 3), lambda x: x**3)
each("power inverse", lambda x: graph.power(x, -2), lambda x: x**-2.0, low=0.5, extremes=[
    (([0.0, INFINITY, NAN],), [INFINITY, 0.0, NAN]),
])  # fmt: skip
each("power half", lambda x: graph.power(x, 0.5), jnp.sqrt, low=0.1)
each("power fraction", lambda x: x**1.7, lambda x: x**1.7, low=0.1)
each("power zero", lambda x: graph.power(x, 0), lambda x: x * 0 + 1)

for dtype in ("int32", "uint32"):
    for operation in ("add", "subtract", "multiply", "maximum", "minimum"):
        each(f"{operation} {dtype}", getattr(graph, operation), getattr(jnp, operation), arity=2,
             dtype=dtype, low=0, high=60000, differentiable=False)  # fmt: skip
each("negative int32", graph.negative, jnp.negative, dtype="int32", low=-9, high=9,
     differentiable=False)  # fmt: skip
each("absolute int32", graph.absolute, jnp.abs, dtype="int32", low=-9, high=9, differentiable=False)

case.group = "functions of real numbers"

each("exp", graph.exp, jnp.exp, every_shape=True, extremes=[
    (([0.0, -1000.0, 1000.0, -INFINITY, INFINITY, NAN, 88.0, -87.0],),
     [1, 0, INFINITY, 0, INFINITY, NAN, np.exp(88.0), np.exp(-87.0)],
     ([1, 0, INFINITY, 0, INFINITY, NAN, np.exp(88.0), np.exp(-87.0)],)),
])  # fmt: skip
each("expm1", graph.expm1, jnp.expm1, extremes=[
    (([0.0, 1e-10, -1e-10, -1000.0, 1000.0, -INFINITY, INFINITY, NAN],),
     [0, 1e-10, -1e-10, -1, INFINITY, -1, INFINITY, NAN]),
])  # fmt: skip
each("log", graph.log, jnp.log, low=0.1, high=5.0, extremes=[
    (([1.0, 0.0, -0.0, -1.0, INFINITY, NAN, 1e30, 1e-30],),
     [0, -INFINITY, -INFINITY, NAN, INFINITY, NAN, np.log(1e30), np.log(1e-30)]),
    (([1.0, 0.0, INFINITY],), [0, -INFINITY, INFINITY], ([1, INFINITY, 0],)),
])  # fmt: skip
each("log1p", graph.log1p, jnp.log1p, low=-0.9, high=3.0, extremes=[
    (([0.0, -1.0, -2.0, 1e-10, INFINITY, NAN],), [0, -INFINITY, NAN, 1e-10, INFINITY, NAN]),
])  # fmt: skip
each("sqrt", graph.sqrt, jnp.sqrt, low=0.1, high=5.0, extremes=[
    (([0.0, 4.0, -1.0, INFINITY, NAN],), [0, 2, NAN, INFINITY, NAN]),
    (([0.0, 4.0, INFINITY],), [0, 2, INFINITY], ([INFINITY, 0.25, 0],)),
])  # fmt: skip
each("sin", graph.sin, jnp.sin, low=-9.0, high=9.0, extremes=[
    (([0.0, 1000.0, -1000.0, INFINITY, NAN],), [0, np.sin(1000), -np.sin(1000), NAN, NAN]),
])  # fmt: skip
each("cos", graph.cos, jnp.cos, low=-9.0, high=9.0, extremes=[
    (([0.0, 1000.0, -1000.0, INFINITY, NAN],), [1, np.cos(1000), np.cos(1000), NAN, NAN]),
])  # fmt: skip
each("tanh", graph.tanh, jnp.tanh, low=-4.0, high=4.0, extremes=[
    (([0.0, 1e-10, -1000.0, 1000.0, INFINITY, -INFINITY, NAN],), [0, 1e-10, -1, 1, 1, -1, NAN],
     ([1, 1, 0, 0, 0, 0, NAN],)),
])  # fmt: skip
each("erf", graph.erf, jax.scipy.special.erf, extremes=[
    (([0.0, 1e-10, -1000.0, 1000.0, INFINITY, -INFINITY, NAN],),
     [0, 2e-10 / np.sqrt(np.pi), -1, 1, 1, -1, NAN],
     ([2 / np.sqrt(np.pi), 2 / np.sqrt(np.pi), 0, 0, 0, 0, NAN],)),
])  # fmt: skip
each("sigmoid", graph.sigmoid, jax.nn.sigmoid, low=-6.0, high=6.0, extremes=[
    (([0.0, -1000.0, 1000.0, INFINITY, -INFINITY, NAN],), [0.5, 0, 1, 1, 0, NAN],
     ([0.25, 0, 0, 0, 0, NAN],)),
])  # fmt: skip
each("softplus", graph.softplus, jax.nn.softplus, low=-6.0, high=6.0, extremes=[
    (([0.0, -1000.0, 1000.0, INFINITY, -INFINITY, NAN],),
     [np.log(2), 0, 1000, INFINITY, 0, NAN], ([0.5, 0, 1, 1, 0, NAN],)),
])  # fmt: skip

case.group = "comparisons and choice"

for operation in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"):
    compare = getattr(np, operation)
    lists = ([1.0, 1.0, 2.0, NAN, NAN, INFINITY, -0.0], [1.0, 2.0, 1.0, NAN, 1.0, INFINITY, 0.0])
    each(operation, getattr(graph, operation), getattr(jnp, operation), arity=2,
         differentiable=False, extremes=[(lists, compare(*map(np.array, lists)))])  # fmt: skip
    for dtype in ("int32", "uint32", "bool"):
        each(f"{operation} {dtype}", getattr(graph, operation), getattr(jnp, operation), arity=2,
             dtype=dtype, low=0, high=3, differentiable=False)  # fmt: skip
    # Above 2^31 a signed comparison would answer the other way round.
    case(f"{operation} uint32 large", getattr(graph, operation),
         [Argument((3,), "uint32", values=[1, 2**31, 2**32 - 1]),
          Argument((3,), "uint32", values=[2**31 + 5, 7, 2**32 - 1])],
         getattr(jnp, operation), differentiable=False)  # fmt: skip
each("logical_and", graph.logical_and, jnp.logical_and, arity=2, dtype="bool", differentiable=False)
each("logical_or", graph.logical_or, jnp.logical_or, arity=2, dtype="bool", differentiable=False)
each("logical_not", graph.logical_not, jnp.logical_not, dtype="bool", differentiable=False)
each("isfinite", graph.isfinite, jnp.isfinite, differentiable=False, extremes=[
    (([0.0, 1e30, -1e30, INFINITY, -INFINITY, NAN],), [True, True, True, False, False, False]),
])  # fmt: skip
for shape in SHAPES:
    case(f"where {graph.show(shape)}", graph.where,
         [booleans(*shape), Argument(shape), Argument(shape)], jnp.where)  # fmt: skip
case("where broadcasting", graph.where, [booleans(3, 1), (1, 5), (4, 1, 5)], jnp.where)
case("where scalars", lambda x: graph.where(x > 0, 1.0, x), [(4, 6)],
     lambda x: jnp.where(x > 0, 1.0, x))  # fmt: skip
case("where integers", graph.where, [booleans(9), integers(9), integers(9, low=9, high=20)],
     jnp.where, differentiable=False)  # fmt: skip
case("where unchosen", lambda x: graph.where(x > 0, graph.log(graph.where(x > 0, x, 1.0)), 0.0),
     [(3, 5)], lambda x: jnp.where(x > 0, jnp.log(jnp.where(x > 0, x, 1.0)), 0.0),
     elementwise=True, extremes=[(([0.0, -1.0, 1.0],), [0, 0, 0], ([0, 0, 1],))])  # fmt: skip
each("clip", lambda x: graph.clip(x, -0.5, 1.0), lambda x: jnp.clip(x, -0.5, 1.0), extremes=[
    (([-1000.0, -0.5, 0.0, 1.0, 1000.0, INFINITY, -INFINITY, NAN],),
     [-0.5, -0.5, 0, 1, 1, 1, -0.5, NAN], ([0, 1, 1, 1, 0, 0, 0, 0],)),
])  # fmt: skip

_NUMBERS = {
    "float32": Argument((2, 17), "float32", -9.0, 9.0),
    "float64": Argument((2, 17), "float64", -9.0, 9.0),
    "int32": Argument((2, 17), "int32", -9, 9),
    "uint32": Argument((2, 17), "uint32", 0, 9),
    "bool": Argument((2, 17), "bool"),
}
for source, target in itertools.product(_NUMBERS, _NUMBERS):
    given = _NUMBERS[source]
    if target == "uint32" and source != "bool":
        given = Argument(given.shape, source, 0, 9)
    case(f"cast {source} to {target}", lambda x, target=target: graph.cast(x, target), [given],
         lambda x, target=target: x.astype(target),
         differentiable={source, target} <= {"float32", "float64"}, tolerance=2.0)  # fmt: skip
case("cast truncates", lambda x: graph.cast(x, "int32"), [(3, 5)], lambda x: x.astype("int32"),
     differentiable=False, elementwise=True, extremes=[
         (([0.9, -0.9, 1.5, -1.5, -0.0, 2147483520.0, -2147483648.0],),
          [0, 0, 1, -1, 0, 2147483520, -2147483648]),
     ])  # fmt: skip
case("cast large uint32", lambda x: graph.cast(x, "float64"),
     [Argument((3,), "uint32", values=[0, 2**31, 2**32 - 1])], lambda x: x.astype("float64"),
     differentiable=False)  # fmt: skip
case("cast large uint32 to float32", lambda x: graph.cast(x, "float32"),
     [Argument((3,), "uint32", values=[0, 2**31 + 1, 2**32 - 1])], lambda x: x.astype("float32"),
     differentiable=False)  # fmt: skip
case("cast to bool", lambda x: graph.cast(x, "bool"), [(3, 5)], lambda x: x.astype(bool),
     differentiable=False, elementwise=True, extremes=[
         (([0.0, -0.0, 0.25, -3.0, INFINITY, NAN],), [False, False, True, True, True, True]),
     ])  # fmt: skip
each("stop_gradient", lambda x: graph.stop_gradient(x) * x, lambda x: jax.lax.stop_gradient(x) * x,
     smooth=False)  # fmt: skip
case("zeros_like", lambda x: graph.zeros_like(x) + x, [(batch, 3)], lambda x: x)
case("full_like", lambda x: graph.full_like(x, 2.5) * x, [(batch, 3)], lambda x: 2.5 * x)

case.group = "broadcasting"

for left, right in [
    ((3, 5), ()), ((), (3, 5)), ((3, 5), (5,)), ((3, 1), (1, 5)), ((2, 3, 4), (3, 1)),
    ((2, 1, 4), (1, 3, 4)), ((2, 1, 1), (3, 4)), ((batch, 5), (5,)), ((batch, 1), (1, 17)),
    ((batch, 3, 1), (1, 7)), ((5,), (batch, 5)), ((batch, 1, 4), (3, 1)), ((1,), (batch,)),
    ((4, 1, 3, 1), (2, 1, 5)),
]:  # fmt: skip
    shown = f"{graph.show(left)} {graph.show(right)}"
    case(f"add {shown}", graph.add, [left, right], jnp.add)
    case(f"multiply {shown}", graph.multiply, [left, right], jnp.multiply)
case("subtract own mean", lambda x: x - graph.mean(x, 0, keepdims=True), [(batch, 5)],
     lambda x: x - x.mean(0, keepdims=True))  # fmt: skip
case(
    "divide by own sum",
    lambda x: x / graph.sum(x, 1, keepdims=True),
    [argument(3, 4, 5, low=0.5)],
    lambda x: x / x.sum(1, keepdims=True),
)
case("broadcast_to new axes", lambda x: graph.broadcast_to(x, (2, 3, 5)) * 2.0, [(5,)],
     lambda x: jnp.broadcast_to(x, (2, 3, 5)) * 2.0)  # fmt: skip
case("broadcast_to middle", lambda x: graph.broadcast_to(x, (4, 3, 5)), [(4, 1, 5)],
     lambda x: jnp.broadcast_to(x, (4, 3, 5)))  # fmt: skip
case("broadcast_to columns", lambda x: graph.broadcast_to(x, (4, 17)), [(4, 1)],
     lambda x: jnp.broadcast_to(x, (4, 17)))  # fmt: skip
case("broadcast_to batch", lambda x, y: graph.broadcast_to(x, (batch, 3)) * y, [(3,), (batch, 3)],
     lambda x, y: jnp.broadcast_to(x, y.shape) * y, eager=False)  # fmt: skip
case("broadcast_to integers", lambda x: graph.broadcast_to(x, (3, 4)), [integers(3, 1)],
     lambda x: jnp.broadcast_to(x, (3, 4)), differentiable=False)  # fmt: skip
case("broadcast_to booleans", lambda x: graph.broadcast_to(x, (3, 4)), [booleans(1, 4)],
     lambda x: jnp.broadcast_to(x, (3, 4)), differentiable=False)  # fmt: skip

# -- movement --------------------------------------------------------------------------------------

case.group = "movement"

for before, after in [
    ((6,), (2, 3)),
    ((2, 3), (6,)),
    ((2, 3, 4), (4, 6)),
    ((4, 6), (2, -1)),
    ((1,), ()),
    ((), (1, 1)),
]:
    case(
        f"reshape {before} {after}",
        lambda x, after=after: graph.reshape(x, after) * 2.0,
        [before],
        lambda x, after=after: x.reshape(after) * 2.0,
    )
case("reshape batch folds", lambda x: graph.reshape(x, (-1, 4)) * 2.0, [(batch, 3, 4)],
     lambda x: x.reshape(-1, 4) * 2.0)  # fmt: skip
case("reshape batch unfolds", lambda x: graph.reshape(x * x, (batch, 3, 4)), [(batch, 12)],
     lambda x: (x * x).reshape(-1, 3, 4), eager=False)  # fmt: skip
case("reshape batch flattens", lambda x: graph.reshape(x, (batch, -1)), [(batch, 3, 4)],
     lambda x: x.reshape(len(x), -1), eager=False)  # fmt: skip
case("reshape batch vector", lambda x: graph.reshape(x, (-1,)), [(batch, 3)], lambda x: x.ravel())
case("reshape integers", lambda x: graph.reshape(x, (3, 2)), [integers(2, 3)],
     lambda x: x.reshape(3, 2), differentiable=False)  # fmt: skip
for shape, axes in [
    ((3, 5), (1, 0)), ((17, 33), (1, 0)), ((1, 7), (1, 0)), ((64, 65), (1, 0)),
    *(((2, 3, 5), p) for p in itertools.permutations(range(3))),
    ((2, 3, 4, 5), (0, 2, 1, 3)), ((2, 3, 4, 5), (3, 1, 0, 2)), ((2, 3, 4, 5), (0, 1, 3, 2)),
    ((batch, 3, 5), (0, 2, 1)), ((batch, 2, 3, 4), (0, 2, 3, 1)), ((batch, 2, 3, 4), (0, 3, 2, 1)),
]:  # fmt: skip
    case(f"transpose {graph.show(shape)} {axes}", lambda x, a=axes: graph.transpose(x, a) * 2.0,
         [shape], lambda x, a=axes: x.transpose(a) * 2.0)  # fmt: skip
case("transpose reversed", lambda x: graph.transpose(x), [(2, 3, 4)], lambda x: x.T)
case("transpose batch away and back",
     lambda x, y: graph.transpose(graph.exp(graph.transpose(x)) * y), [(batch, 3), (3, 1)],
     lambda x, y: (jnp.exp(x.T) * y).T)  # fmt: skip
case("transpose integers", lambda x: graph.transpose(x), [integers(4, 9)], lambda x: x.T,
     differentiable=False)  # fmt: skip
case("transpose booleans", lambda x: graph.transpose(x), [booleans(4, 9)], lambda x: x.T,
     differentiable=False)  # fmt: skip
case("swap_last_axes", lambda x: graph.swap_last_axes(x), [(batch, 3, 7)],
     lambda x: jnp.swapaxes(x, -1, -2))  # fmt: skip
case("expand_dims front", lambda x: graph.expand_dims(x, 0) * 2.0, [(3, 5)], lambda x: x[None] * 2)
case("expand_dims last", lambda x: graph.expand_dims(x, -1), [(batch, 5)], lambda x: x[..., None])
case("squeeze", lambda x: graph.squeeze(x, 1) * 2.0, [(batch, 1, 5)], lambda x: x[:, 0] * 2)
for shape, index in [
    ((7,), 2), ((7,), -1), ((7,), slice(1, 6, 2)), ((3, 5), (slice(None), 2)),
    ((3, 5), (slice(0, 3, 2), slice(1, None, 3))), ((3, 5), (Ellipsis, None, 0)),
    ((3, 5), (slice(2, 2),)), ((2, 3, 17), (1, slice(1, None), slice(3, 16, 4))),
    ((2, 3, 4, 5), (slice(None), 1, Ellipsis, slice(None, None, 2))), ((4, 33), slice(1, 3)),
    ((batch, 5), (slice(None), slice(1, 4))), ((batch, 5), (slice(None), slice(0, 5, 2))),
    ((batch, 4, 6), (slice(None), 2, slice(1, 6, 3))), ((batch, 5), (slice(None), -1)),
    ((batch, 5), (slice(None), None, slice(2, 3))),
]:  # fmt: skip
    name = f"getitem {graph.show(shape)} {str(index).replace('slice', '')}"
    case(name, lambda x, i=index: x[i] * 2.0, [shape], lambda x, i=index: x[i] * 2.0)
case("getitem integers", lambda x: x[1:, ::2], [integers(3, 5)], lambda x: x[1:, ::2],
     differentiable=False)  # fmt: skip
case("pad", lambda x: graph.pad(x, [(1, 2), (0, 3)]), [(3, 5)],
     lambda x: jnp.pad(x, [(1, 2), (0, 3)]))  # fmt: skip
case("pad batch", lambda x: graph.pad(x, [(0, 0), (2, 1), (1, 1)]), [(batch, 3, 4)],
     lambda x: jnp.pad(x, [(0, 0), (2, 1), (1, 1)]))  # fmt: skip
case("pad nothing", lambda x: graph.pad(x, [(0, 0)]) * 2.0, [(5,)], lambda x: x * 2.0)
case("pad between", lambda x: graph.apply(Pad((1, 0), (0, 2), (1, 2)), x), [(3, 5)],
     lambda x: jax.lax.pad(x, jnp.zeros((), x.dtype), [(1, 0, 1), (0, 2, 2)]))  # fmt: skip
case("pad between batch", lambda x: graph.apply(Pad((0, 1), (0, 1), (0, 3)), x), [(batch, 5)],
     lambda x: jax.lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), (1, 1, 3)]))  # fmt: skip
case("pad integers", lambda x: graph.pad(x, [(1, 1), (2, 0)]), [integers(2, 3)],
     lambda x: jnp.pad(x, [(1, 1), (2, 0)]), differentiable=False)  # fmt: skip
case(
    "concatenate last",
    lambda x, y, z: graph.concatenate([x, y, z]),
    [(batch, 1), (batch, 7), (batch, 16)],
    lambda x, y, z: jnp.concatenate([x, y, z], -1),
)
case("concatenate first", lambda x, y: graph.concatenate([x, y], 0), [(2, 5), (3, 5)],
     lambda x, y: jnp.concatenate([x, y], 0))  # fmt: skip
case("concatenate middle", lambda x, y: graph.concatenate([x, y], 1), [(2, 1, 5), (2, 3, 5)],
     lambda x, y: jnp.concatenate([x, y], 1))  # fmt: skip
case("concatenate itself", lambda x: graph.concatenate([x, x * 2.0, x], 1), [(batch, 3)],
     lambda x: jnp.concatenate([x, x * 2.0, x], 1))  # fmt: skip
case("concatenate one", lambda x: graph.concatenate([x]) * 2.0, [(3, 5)], lambda x: x * 2.0)
case(
    "concatenate integers",
    lambda x, y: graph.concatenate([x, y]),
    [integers(2, 3), integers(2, 1)],
    lambda x, y: jnp.concatenate([x, y], -1),
    differentiable=False,
)
case("stack first", lambda x, y: graph.stack([x, y]), [(3, 5), (3, 5)],
     lambda x, y: jnp.stack([x, y]))  # fmt: skip
case("stack last", lambda x, y: graph.stack([x, y], -1), [(batch, 5), (batch, 5)],
     lambda x, y: jnp.stack([x, y], -1))  # fmt: skip

# -- reductions ------------------------------------------------------------------------------------

case.group = "reductions"

REDUCTIONS = [
    ((3, 5), None), ((3, 5), 0), ((3, 5), 1), ((3, 5), -1), ((7,), 0), ((1,), 0), ((4, 1), 1),
    ((3, 31), 1), ((3, 33), 1), ((2, 65), 0), ((1, 64), 1), ((2, 3, 17), 1), ((2, 3, 17), (0, 2)),
    ((2, 3, 17), (0, 1)), ((2, 3, 4, 5), (1, 3)), ((2, 3, 4, 5), (1, 2)), ((batch,), None),
    ((batch, 5), 1), ((batch, 5), 0), ((batch, 5), None), ((batch, 3, 4), (1, 2)),
    ((batch, 3, 4), 1), ((batch, 3, 4), (0, 2)), ((batch, 17), 0),
]  # fmt: skip
for shape, axis in REDUCTIONS:
    shown = f"{graph.show(shape)} {axis}"
    case(f"sum {shown}", lambda x, a=axis: graph.sum(x * x, a), [shape],
         lambda x, a=axis: (x * x).sum(a))  # fmt: skip
    case(f"max {shown}", lambda x, a=axis: graph.max(x, a) * 2.0, [shape],
         lambda x, a=axis: x.max(a) * 2.0)  # fmt: skip
for shape, axis in REDUCTIONS[::3]:
    shown = f"{graph.show(shape)} {axis}"
    case(f"mean {shown}", lambda x, a=axis: graph.mean(x * x, a), [shape],
         lambda x, a=axis: (x * x).mean(a))  # fmt: skip
    case(f"min {shown}", lambda x, a=axis: graph.min(x, a) * 2.0, [shape],
         lambda x, a=axis: x.min(a) * 2.0)  # fmt: skip
    case(f"variance {shown}", lambda x, a=axis: graph.variance(x, a), [shape],
         lambda x, a=axis: x.var(a))  # fmt: skip
    case(f"norm {shown}", lambda x, a=axis: graph.norm(x, a), [Argument(shape, low=0.5)],
         lambda x, a=axis: jnp.sqrt((x * x).sum(a)))  # fmt: skip
    case(f"log_sum_exp {shown}", lambda x, a=axis: graph.log_sum_exp(x, a), [shape],
         lambda x, a=axis: jax.scipy.special.logsumexp(x, a))  # fmt: skip
case("sum keepdims", lambda x: graph.sum(x * x, 1, keepdims=True), [(batch, 5)],
     lambda x: (x * x).sum(1, keepdims=True))  # fmt: skip
case("sum scalar", lambda x: graph.sum(x * x), [()], lambda x: (x * x).sum())
case("sum of products", lambda x, y: graph.sum(x * y, 1), [(batch, 5), (5,)],
     lambda x, y: (x * y).sum(1))  # fmt: skip
case("sum integers", lambda x: graph.sum(x, 1), [integers(3, 17, low=-99, high=99)],
     lambda x: x.sum(1, dtype="int32"), differentiable=False)  # fmt: skip
case("sum extremes", lambda x: graph.sum(x, -1), [(3, 5)], lambda x: x.sum(-1), extremes=[
    (([INFINITY, 1.0, 2.0],), INFINITY, ([1, 1, 1],)), (([INFINITY, -INFINITY],), NAN),
    (([NAN, 1.0],), NAN),
])  # fmt: skip
case("max extremes", lambda x: graph.max(x, -1), [(3, 5)], lambda x: x.max(-1), extremes=[
    (([1.0, 3.0, 3.0, 2.0],), 3, ([0, 0.5, 0.5, 0],)), (([2.0] * 4,), 2, ([0.25] * 4,)),
    (([1.0, NAN, 3.0],), NAN), (([NAN] + [1.0] * 40,), NAN), (([1.0] * 40 + [NAN],), NAN),
    (([-INFINITY, -INFINITY],), -INFINITY), (([-1000.0, -INFINITY],), -1000),
])  # fmt: skip
case("min extremes", lambda x: graph.min(x, -1), [(3, 5)], lambda x: x.min(-1), extremes=[
    (([3.0, 1.0, 1.0],), 1, ([0, 0.5, 0.5],)), (([1.0, NAN],), NAN),
    (([1000.0, INFINITY],), 1000),
])  # fmt: skip
case("max integers", lambda x: graph.max(x, 0), [integers(5, 3, low=-9, high=9)],
     lambda x: x.max(0), differentiable=False)  # fmt: skip
case(
    "max uint32",
    lambda x: graph.max(x, 0),
    [Argument((3,), "uint32", values=[2**31, 1, 2**32 - 1])],
    lambda x: x.max(0),
    differentiable=False,
)
case("min integers", lambda x: graph.min(x, 0), [integers(5, 3, low=-9, high=9)],
     lambda x: x.min(0), differentiable=False)  # fmt: skip
case("min smallest integer", lambda x: graph.min(x), [integers(3, values=[5, -(2**31), 2**31 - 1])],
     lambda x: x.min(), differentiable=False)  # fmt: skip
case(
    "min uint32",
    lambda x: graph.min(x, 0),
    [Argument((3,), "uint32", values=[2**31, 0, 2**32 - 1])],
    lambda x: x.min(0),
    differentiable=False,
)
for shape, axis in [
    ((7,), 0), ((3, 5), 0), ((3, 33), 1), ((2, 3, 4), 1), ((batch, 10), 1), ((batch, 3, 17), -1),
    ((4, 1), 1), ((batch, 5), 0),
]:  # fmt: skip
    case(f"argmax {graph.show(shape)} {axis}", lambda x, a=axis: graph.argmax(x, a), [shape],
         lambda x, a=axis: x.argmax(a).astype("int32"), differentiable=False)  # fmt: skip
case("argmax keepdims", lambda x: graph.argmax(x, 1, keepdims=True), [(batch, 5)],
     lambda x: x.argmax(1, keepdims=True).astype("int32"), differentiable=False,
     tolerance=0.0)  # fmt: skip
case("argmax extremes", lambda x: graph.argmax(x), [(3, 5)], lambda x: x.argmax(-1).astype("int32"),
     differentiable=False, extremes=[
         (([1.0, 3.0, 3.0],), 1), (([5.0] * 9,), 0), (([1.0, NAN, 9.0, NAN],), 1),
         (([-INFINITY, -INFINITY],), 0), (([0.0] * 20 + [NAN] + [INFINITY] * 9,), 20),
         (([INFINITY, INFINITY, 0.0],), 0), (([-0.0, 0.0],), 0), (([NAN, NAN, 1.0],), 0),
     ])  # fmt: skip
case("argmax integers", lambda x: graph.argmax(x, 1), [integers(4, 9)],
     lambda x: x.argmax(1).astype("int32"), differentiable=False)  # fmt: skip
for shape, axis in [((7,), 0), ((3, 5), 0), ((3, 17), 1), ((2, 3, 4), 1), ((batch, 9), 1),
                    ((batch, 4, 3), 1), ((1, 33), -1)]:  # fmt: skip
    for reverse in (False, True):
        case(f"cumsum {graph.show(shape)} {axis}{' reverse' * reverse}",
             lambda x, a=axis, r=reverse: graph.cumsum(x * x, a, r), [shape],
             lambda x, a=axis, r=reverse: jax.lax.cumsum(x * x, a % x.ndim, r))  # fmt: skip
case("cumsum integers", lambda x: graph.cumsum(x), [integers(3, 7)],
     lambda x: jnp.cumsum(x, -1, dtype="int32"), differentiable=False)  # fmt: skip
case("cumsum extremes", graph.cumsum, [(5,)], lambda x: jnp.cumsum(x, -1), extremes=[
    (([1.0, INFINITY, 2.0, -INFINITY],), [1, INFINITY, INFINITY, NAN]),
    (([1.0, NAN, 2.0],), [1, NAN, NAN]),
])  # fmt: skip

# The batch is not the first axis of what is reduced; it comes first again in what comes out.
for order, axis in [((1, 0, 2), 0), ((1, 0, 2), 2), ((1, 2, 0), 0), ((1, 2, 0), 1), ((1, 0, 2), 1),
                    ((1, 0, 2), (0, 2)), ((1, 2, 0), (0, 1)), ((1, 2, 0), 2),
                    ((1, 2, 0), (0, 2))]:  # fmt: skip
    for reduction in ("sum", "max"):
        case(
            f"{reduction} of transposed {order} {axis}",
            lambda x, o=order, a=axis, r=reduction: _batch_first(
                getattr(graph, r)(graph.transpose(x * x, o), a, keepdims=True), o
            ),
            [(batch, 3, 5)],
            lambda x, o=order, a=axis, r=reduction: getattr(jnp, r)(
                (x * x).transpose(o), a, keepdims=True
            ).transpose(np.argsort(o)),
            eager=False,
        )


def _batch_first(x: Any, order: tuple[int, ...]) -> Any:
    return graph.transpose(x, tuple(int(i) for i in np.argsort(order)))


# -- contraction -----------------------------------------------------------------------------------

case.group = "contraction"

for rows, inner, columns in [
    (1, 1, 1), (1, 7, 1), (3, 1, 5), (1, 5, 17), (7, 3, 16), (5, 64, 1), (16, 16, 16), (17, 31, 33),
    (6, 65, 15), (31, 2, 65), (2, 130, 7), (13, 7, 64),
]:  # fmt: skip
    shown = f"{rows}x{inner}x{columns}"
    case(f"matmul {shown}", graph.matmul, [(rows, inner), (inner, columns)], jnp.matmul)
    case(
        f"matmul {shown} first transposed",
        lambda a, b: a.T @ b,
        [(inner, rows), (inner, columns)],
        lambda a, b: a.T @ b,
    )
    case(
        f"matmul {shown} second transposed",
        lambda a, b: a @ b.T,
        [(rows, inner), (columns, inner)],
        lambda a, b: a @ b.T,
    )
case("matmul both transposed", lambda a, b: a.T @ b.T, [(7, 3), (5, 7)], lambda a, b: a.T @ b.T)
for left, right in [
    ((batch, 7), (7, 5)), ((batch, 64), (64, 33)), ((batch, 1), (1, 17)), ((batch, 3, 7), (7, 5)),
    ((batch, 3, 7), (batch, 7, 5)), ((batch, 2, 3, 7), (batch, 2, 7, 4)), ((2, 3, 7), (2, 7, 5)),
    ((2, 1, 3, 7), (3, 7, 5)), ((3, 7), (4, 7, 5)), ((7,), (7, 5)), ((3, 7), (7,)), ((7,), (7,)),
    ((batch, 7), (7,)), ((batch, 3, 7), (7,)), ((7,), (2, 7, 5)), ((4, 1, 3), (3, 1)),
    ((batch, 3, 7), (1, 7, 2)), ((batch, 1, 3, 5), (2, 5, 4)),
]:  # fmt: skip
    case(f"matmul {graph.show(left)} {graph.show(right)}", graph.matmul, [left, right], jnp.matmul)
case("matmul attention", lambda q, k: graph.matmul(q, graph.swap_last_axes(k)),
     [(batch, 2, 3, 4), (batch, 2, 5, 4)], lambda q, k: q @ jnp.swapaxes(k, -1, -2))  # fmt: skip
case("matmul heads", lambda x: _heads(graph, x), [(batch, 3, 8)], lambda x: _heads(jnp, x))
case("matmul over batch", lambda x, y: x.T @ y, [(batch, 3), (batch, 5)], lambda x, y: x.T @ y)
case(
    "matmul batch second",
    lambda x, y: graph.swap_last_axes(
        graph.transpose(graph.transpose(x, (1, 0, 2, 3)) @ y, (1, 0, 2, 3))
    ),
    [(batch, 2, 3, 4), (4, 5)],
    lambda x, y: jnp.swapaxes(x @ y, -1, -2),
)
case(
    "matmul batch second in both",
    lambda x, y: graph.transpose(
        graph.transpose(x, (1, 0, 2, 3)) @ graph.transpose(y, (1, 0, 2, 3)), (1, 0, 2, 3)
    ),
    [(batch, 2, 3, 4), (batch, 2, 4, 5)],
    lambda x, y: x @ y,
)
case(
    "matmul batch second broadcast",
    lambda x, y: graph.transpose(graph.transpose(x, (1, 0, 2, 3)) @ y, (1, 0, 2, 3)),
    [(batch, 2, 3, 4), (2, 1, 4, 5)],
    lambda x, y: (x.transpose(1, 0, 2, 3) @ y).transpose(1, 0, 2, 3),
)
case("matmul gram", lambda x: x.T @ x, [(batch, 9)], lambda x: x.T @ x)
case("matmul slices", lambda x, y: x[:, 1:6] @ y[::2], [(batch, 7), (10, 3)],
     lambda x, y: x[:, 1:6] @ y[::2])  # fmt: skip
case("matmul broadcast operand", lambda x, y: graph.broadcast_to(x, (4, 3)) @ y, [(1, 3), (3, 5)],
     lambda x, y: jnp.broadcast_to(x, (4, 3)) @ y)  # fmt: skip
case(
    "matmul chain",
    lambda x, w, b, v: graph.tanh(x @ w + b) @ v,
    [(batch, 5), (5, 17), (17,), (17, 3)],
    lambda x, w, b, v: jnp.tanh(x @ w + b) @ v,
)
case(
    "matmul extremes",
    lambda x: graph.reshape(x, (1, -1)) @ graph.full_like(graph.reshape(x, (-1, 1)), 0.0),
    [(4,)],
    lambda x: x.reshape(1, -1) @ jnp.zeros((x.size, 1)),
    extremes=[
        (([INFINITY, 1.0],), [[NAN]]),
        (([NAN, 1.0],), [[NAN]]),
        (([1000.0, 1.0],), [[0.0]]),
    ],
)


def _heads(library: Any, x: Any) -> Any:
    """Two heads of self-attention, as reshapes, transposes and batched products."""
    heads = x.reshape((-1, 3, 2, 4)).transpose(0, 2, 1, 3)
    scores = library.matmul(heads, heads.transpose(0, 1, 3, 2)) * 0.5
    weights = (jax.nn if library is jnp else graph).softmax(scores)
    return library.matmul(weights, heads).transpose(0, 2, 1, 3).reshape((-1, 3, 8))


# -- indexing --------------------------------------------------------------------------------------

case.group = "indexing"


def _take(table: Any, index: Any) -> Any:
    return jnp.take(table, index, 0, mode="clip")


def _scatter(index: Any, update: Any, rows: int) -> Any:
    flat = update.reshape(index.size, *update.shape[index.ndim :])
    zeros = jnp.zeros((rows, *flat.shape[1:]), update.dtype)
    return zeros.at[jnp.clip(index.reshape(-1), 0, rows - 1)].add(flat)


OUTSIDE = [0, 4, 4, -3, 99, 2]
case("take vector", graph.take, [(5,), integers(7)], _take)
case("take rows", graph.take, [(5, 17), integers(7)], _take)
case("take batch", graph.take, [(5, 3), integers(batch)], _take)
case("take batch words", graph.take, [(5, 8), integers(batch, 3)], _take)
case("take scalar index", graph.take, [(5, 3), integers()], _take)
case("take one row", graph.take, [(1, 3), integers(4)], _take)
case("take high rank", graph.take, [(5, 2, 3), integers(2, 4)], _take)
case("take outside is clipped", graph.take, [(5, 3), integers(6, values=OUTSIDE)], _take)
case("take columns of the batch",
     lambda x, i: graph.transpose(graph.take(graph.transpose(x * x), i)),
     [(batch, 5), integers(7)], lambda x, i: _take((x * x).T, i).T)  # fmt: skip
case("take integers", graph.take, [integers(5, 3, low=-9, high=9), integers(4)], _take,
     differentiable=False)  # fmt: skip
case("take booleans", graph.take, [booleans(5, 3), integers(4)], _take, differentiable=False)
for shapes, rows in [(((7,), (7,)), 5), (((7,), (7, 17)), 5), (((2, 3), (2, 3, 4)), 5),
                     (((batch,), (batch, 3)), 5), (((batch, 3), (batch, 3, 2)), 4), (((), (3,)), 2),
                     (((9,), (9, 2, 3)), 1)]:  # fmt: skip
    shown = " ".join(map(graph.show, shapes))
    case(f"scatter_add {shown} {rows}", lambda i, u, r=rows: graph.scatter_add(i, u * u, r),
         [integers(*shapes[0], high=rows), shapes[1]],
         lambda i, u, r=rows: _scatter(i, u * u, r))  # fmt: skip
case("scatter_add outside is clipped", lambda i, u: graph.scatter_add(i, u, 5),
     [integers(6, values=OUTSIDE), (6, 3)], lambda i, u: _scatter(i, u, 5))  # fmt: skip
case("scatter_add integers", lambda i, u: graph.scatter_add(i, u, 5), [integers(6), integers(6, 2)],
     lambda i, u: _scatter(i, u, 5), differentiable=False)  # fmt: skip
case("scatter_add rows of the batch", lambda i, u: graph.scatter_add(i, u * u, batch * 3),
     [integers(batch, 3, high=15), (batch, 3, 17)], lambda i, u: _scatter(i, u * u, i.size),
     eager=False)  # fmt: skip
case("scatter_add wide", lambda i, u: graph.scatter_add(i, u * u, 5),
     [integers(4, 5), (4, 5, 70)], lambda i, u: _scatter(i, u * u, 5))  # fmt: skip
case("take rows of the batch", lambda t, i: graph.take(graph.reshape(t, (-1, 3)), i),
     [(batch, 2, 3), integers(4, high=12)], lambda t, i: _take(t.reshape(-1, 3), i))  # fmt: skip
case("take columns of rows", graph.take, [(5, 3, 17), integers(batch, 2)], _take)


def _first(index: Any) -> Any:
    return jnp.argmax(index[:, None] == index, 1).astype("int32")


def _put(table: Any, index: Any, rows: Any, keep: Any) -> Any:
    where = jnp.where(keep, jnp.clip(index, 0, len(table) - 1), len(table))
    return table.at[where].set(rows, mode="drop")


MIXED = [7, 7, -3, 7, 2**31 - 1, -3, 0, 8, 7, -(2**31), 0, 1]
case("first_occurrence", graph.first_occurrence, [integers(12, values=MIXED)], _first,
     differentiable=False)  # fmt: skip
case("first_occurrence one", graph.first_occurrence, [integers(1)], _first, differentiable=False)
case("first_occurrence many", graph.first_occurrence, [integers(1000, high=300)], _first,
     differentiable=False)  # fmt: skip
case("first_occurrence batch", lambda i: graph.first_occurrence(graph.reshape(i, (-1,))),
     [integers(batch, 4)], lambda i: _first(i.reshape(-1)), differentiable=False)  # fmt: skip
for shape in [(9,), (9, 3), (9, 17), (9, 2, 70)]:
    case(f"put_rows {graph.show(shape)}",
         lambda t, i, r, k: graph.put_rows(t * t, i, r * r, k),
         [shape, integers(5, values=[3, 8, 0, 3, 5]), (5, *shape[1:]),
          Argument((5,), "bool", values=[True, False, True, False, True])],
         lambda t, i, r, k: _put(t * t, i, r * r, k))  # fmt: skip
case("put_rows outside is clipped", graph.put_rows,
     [(5, 3), integers(3, values=[-7, 2, 99]), (3, 3), Argument((3,), "bool", values=[True] * 3)],
     _put)  # fmt: skip
case("put_rows batch", lambda t, r: graph.put_rows(
    t, graph.iota(batch), r, graph.less(graph.iota(batch), 3)),
     [(30, 3), (batch, 3)], lambda t, r: t.at[:3].set(r[:3]), eager=False)  # fmt: skip
for shape, axis, size, step in [((9,), 0, 3, 1), ((9,), 0, 3, 3), ((10,), 0, 4, 3), ((5,), 0, 5, 1),
                                ((3, 17), 1, 4, 2), ((4, 5), 0, 2, 1), ((batch, 8), 1, 3, 2),
                                ((batch, 6, 2), 1, 3, 1), ((2, 7, 3), -2, 2, 5),
                                ((7,), 0, 1, 2)]:  # fmt: skip
    shown = f"{graph.show(shape)} axis {axis} size {size} step {step}"
    starts = np.arange(0, shape[axis] - size + 1, step)
    window = starts[:, None] + np.arange(size)
    length = int(shape[axis])

    def windows(x: Any, axis: int = axis, window: Any = window) -> Any:
        axis %= x.ndim
        return jnp.moveaxis(jnp.take(x, window, axis), axis + 1, -1)

    def added(x: Any, axis: int = axis, window: Any = window, length: int = length) -> Any:
        axis %= x.ndim - 1
        front = jnp.moveaxis(x, (axis, -1), (0, 1))
        zeros = jnp.zeros((length, *front.shape[2:]), x.dtype)
        return jnp.moveaxis(zeros.at[window].add(front), 0, axis)

    case(f"unfold {shown}", lambda x, a=axis, n=size, s=step: graph.unfold(x * x, a, n, s), [shape],
         lambda x, windows=windows: windows(x * x))  # fmt: skip
    positive = axis % len(shape)
    folded = (*shape[:positive], len(starts), *shape[positive + 1 :], size)
    case(f"fold {shown}", lambda x, a=axis, n=length, s=step: graph.fold(x * x, a, n, s), [folded],
         lambda x, added=added: added(x * x))  # fmt: skip
case("unfold twice is an image's windows",
     lambda x, w: graph.reshape(graph.unfold(graph.unfold(x, 1, 3), 2, 3), (-1, 9)) @ w,
     [(batch, 5, 6), (9, 2)],
     lambda x, w: _image_windows(x).reshape(-1, 9) @ w)  # fmt: skip
case("one_hot", lambda i: graph.one_hot(i, 5), [integers(batch)],
     lambda i: jax.nn.one_hot(i, 5, dtype="float32"), differentiable=False)  # fmt: skip
case("one_hot outside", lambda i: graph.one_hot(i, 3), [integers(2, 3, low=-2, high=6)],
     lambda i: jax.nn.one_hot(i, 3, dtype="float32"), differentiable=False)  # fmt: skip


def _image_windows(x: Any) -> Any:
    """Windows of 3 by 3 of images of 5 by 6."""
    parts = [jnp.stack([x[:, i : i + 3, j : j + 3] for j in range(4)], 1) for i in range(3)]
    return jnp.stack(parts, 1)


# -- leaves ----------------------------------------------------------------------------------------

case.group = "pictures"


def _convolved(x: Any, w: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    return jax.lax.conv_general_dilated(
        x, w, stride, padding, rhs_dilation=dilation, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def _windowed(x: Any, size: Any, stride: Any) -> Any:
    counts = [(x.shape[1 + a] - size[a]) // stride[a] for a in (0, 1)]
    parts = [
        x[:, i : i + counts[0] * stride[0] + 1 : stride[0],
          j : j + counts[1] * stride[1] + 1 : stride[1]]
        for i in range(size[0]) for j in range(size[1])
    ]  # fmt: skip
    return jnp.stack(parts).max(0)


for shape, kernel, *places in [
    ((batch, 7, 6, 3), (3, 3, 3, 5), (1, 1), ((1, 1), (1, 1)), (1, 1)),
    ((batch, 5, 4, 1), (2, 3, 1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1)),
    ((2, 9, 5, 2), (3, 2, 2, 17), (2, 3), ((2, 0), (1, 3)), (2, 1)),
    ((batch, 2, 2, 18), (2, 2, 18, 4), (2, 2), ((0, 0), (0, 0)), (1, 1)),
    ((batch, 3, 3, 2), (1, 1, 2, 3), (2, 1), ((4, 4), (4, 4)), (1, 3)),
]:
    case(f"convolve {graph.show(shape)} {kernel} {places}",
         lambda x, w, p=places: graph.convolve(x, w, *p), [shape, kernel],
         lambda x, w, p=places: _convolved(x, w, *p))  # fmt: skip
case("convolve has a kernel's gradient",
     lambda x, g: graph.apply(ConvolveWeights((2, 3), (2, 1), (1, 2), (-1, 0)), x, g),
     [(batch, 5, 7, 2), (batch, 3, 3, 4)],
     lambda x, g: jax.vjp(
         lambda w: _convolved(x, w, (2, 1), ((1, 1), (0, 0)), (1, 2)),
         jnp.zeros((2, 3, 2, 4), x.dtype))[1](g)[0])  # fmt: skip
for shape, size, stride in [
    ((batch, 6, 4, 3), (2, 2), (2, 2)), ((batch, 7, 5, 17), (3, 2), (3, 2)),
    ((2, 5, 6, 2), (3, 2), (1, 2)), ((batch, 5, 4, 1), (1, 3), (2, 1)),
]:  # fmt: skip
    case(f"max_windows {graph.show(shape)} {size} {stride}",
         lambda x, s=size, t=stride: graph.max_windows(x * x, s, t), [shape],
         lambda x, s=size, t=stride: _windowed(x * x, s, t))  # fmt: skip
case("max_windows extremes", lambda x: graph.max_windows(x, (1, 2)), [(1, 1, 4, 1)],
     lambda x: _windowed(x, (1, 2), (1, 2)), extremes=[
         # Of equal ones the first takes the gradient; a NaN is the largest, wherever it stands.
         (([[[[2.0], [2.0], [-INFINITY], [-INFINITY]]]],), [[[[2], [-INFINITY]]]],
          ([[[[1], [0], [1], [0]]]],)),
         (([[[[NAN], [INFINITY], [1.0], [NAN]]]],), [[[[NAN], [NAN]]]],
          ([[[[1], [0], [0], [1]]]],)),
     ])  # fmt: skip
case.group = "leaves"

case(
    "constant",
    lambda x: x * graph.constant(np.arange(5), "float32").astype(_dtype_of(x)),
    [(batch, 5)],
    lambda x: x * np.arange(5),
    eager=False,
)
case(
    "iota",
    lambda x: x * graph.iota(17).astype(_dtype_of(x)),
    [(17,)],
    lambda x: x * np.arange(17),
    eager=False,
)
case("iota batch", lambda x: x * graph.iota(batch).astype(_dtype_of(x)), [(batch,)],
     lambda x: x * np.arange(len(x)), eager=False)  # fmt: skip
case("iota alone", lambda x: graph.iota(batch), [integers(batch)],
     lambda x: np.arange(len(x), dtype="int32"), eager=False, differentiable=False)  # fmt: skip
case("batch_size", lambda x: x * graph.batch_size(x.dtype), [(batch, 3)], lambda x: x * len(x),
     eager=False)  # fmt: skip
case("batch_size integer", lambda x: x * graph.batch_size("int32"), [integers(batch)],
     lambda x: x * np.int32(len(x)), eager=False, differentiable=False)  # fmt: skip


def _dtype_of(x: Any) -> np.dtype:
    return x.dtype


# -- random ----------------------------------------------------------------------------------------

WORD = {"dtype": "uint32", "low": 0, "high": 2**32}


def _bits(seed: Any, step: Any, site: int, shape: tuple[int, ...]) -> Any:
    """JAX's own Threefry-2x32 on the counters that the graph uses."""
    index = jnp.arange(int(np.prod(shape)), dtype="uint32")
    key = jnp.stack([seed, jnp.uint32(site)])
    counters = jnp.concatenate([jnp.full_like(index, step), index])
    return jax.extend.random.threefry_2x32(key, counters)[: index.size].reshape(shape)


for shape in [(), (1,), (7,), (3, 5), (2, 33), (65,), (2, 3, 4)]:
    case(f"random_bits {shape}", lambda a, b, shape=shape: graph.random_bits(a, b, 12345, shape),
         [argument(**WORD), argument(**WORD)],
         lambda a, b, shape=shape: _bits(a, b, 12345, shape), differentiable=False)  # fmt: skip
case("random_bits batch", lambda a, b, x: graph.random_bits(a, b, 2**32 - 1, (batch, 17)),
     [argument(**WORD), argument(**WORD), integers(batch)],
     lambda a, b, x: _bits(a, b, 2**32 - 1, (len(x), 17)), eager=False,
     differentiable=False)  # fmt: skip
for dtype in ("float32", "float64"):
    case(f"uniform {dtype}", lambda a, b, d=dtype: graph.uniform(a, b, 7, (4, 33), d),
         [argument(**WORD), argument(**WORD)],
         lambda a, b, d=dtype: _bits(a, b, 7, (4, 33)).astype(d) * 2.0**-32,
         differentiable=False)  # fmt: skip
case(
    "uniform dropout",
    lambda a, b, x: x * (graph.uniform(a, b, 9, (batch, 5), x.dtype) > 0.25).astype(x.dtype) / 0.75,
    [argument(**WORD), argument(**WORD), (batch, 5)],
    lambda a, b, x: x * (_bits(a, b, 9, x.shape) > 2**30) / 0.75,
    eager=False,
)

# -- functions -------------------------------------------------------------------------------------

case.group = "functions"

each("relu", graph.relu, jax.nn.relu, extremes=[
    (([0.0, -1000.0, 1000.0, INFINITY, -INFINITY],), [0, 0, 1000, INFINITY, 0], ([0, 0, 1, 1, 0],)),
])  # fmt: skip
each("leaky_relu", graph.leaky_relu, jax.nn.leaky_relu, extremes=[
    (([0.0, -1000.0, 1000.0, NAN],), [0, -10, 1000, NAN], ([0.01, 0.01, 1, 0.01],)),
])  # fmt: skip
each("leaky_relu slope", lambda x: graph.leaky_relu(x, 0.3), lambda x: jax.nn.leaky_relu(x, 0.3))
each("elu", graph.elu, jax.nn.elu, extremes=[
    (([0.0, -1000.0, 1000.0, INFINITY, NAN],), [0, -1, 1000, INFINITY, NAN], ([1, 0, 1, 1, NAN],)),
])  # fmt: skip
each("elu alpha", lambda x: graph.elu(x, 0.7), lambda x: jax.nn.elu(x, 0.7))
each("selu", graph.selu, jax.nn.selu, extremes=[
    (([-1000.0, 0.0, 1000.0],), [-1.7580993408473766, 0, 1050.7009873554805]),
])  # fmt: skip
each("gelu", graph.gelu, lambda x: jax.nn.gelu(x, approximate=False), extremes=[
    (([0.0, -1000.0, 1000.0, NAN],), [0, 0, 1000, NAN], ([0.5, 0, 1, NAN],)),
])  # fmt: skip
each("gelu approximate", lambda x: graph.gelu(x, approximate=True), jax.nn.gelu, extremes=[
    (([0.0, -1000.0, 1000.0, NAN],), [0, 0, 1000, NAN], ([0.5, 0, 1, NAN],)),
])  # fmt: skip
each("silu", graph.silu, jax.nn.silu, extremes=[
    (([0.0, -1000.0, 1000.0, NAN],), [0, 0, 1000, NAN], ([0.5, 0, 1, NAN],)),
])  # fmt: skip
each("mish", graph.mish, jax.nn.mish, extremes=[
    (([0.0, -1000.0, 1000.0, NAN],), [0, 0, 1000, NAN], ([0.6, 0, 1, NAN],)),
])  # fmt: skip
for shape, axis in [((batch, 10), -1), ((batch, 3, 17), -1), ((3, 5), 0), ((2, 3, 4), 1),
                    ((batch, 33), 1), ((4, 1), 1), ((1, 64), -1), ((7,), 0)]:  # fmt: skip
    shown = f"{graph.show(shape)} {axis}"
    case(f"softmax {shown}", lambda x, a=axis: graph.softmax(x, a), [shape],
         lambda x, a=axis: jax.nn.softmax(x, a))  # fmt: skip
    case(f"log_softmax {shown}", lambda x, a=axis: graph.log_softmax(x, a), [shape],
         lambda x, a=axis: jax.nn.log_softmax(x, a))  # fmt: skip
    case(f"log_softmax {shown} naive", lambda x, a=axis: graph.log(graph.softmax(x, a)), [shape],
         lambda x, a=axis: jax.nn.log_softmax(x, a))  # fmt: skip
case("softmax extremes", graph.softmax, [(3, 5)], jax.nn.softmax, extremes=[
    (([1000.0, 0.0, -1000.0],), [1, 0, 0], ([0, 0, 0],)), (([1000.0, 1000.0],), [0.5, 0.5]),
    (([0.0, -INFINITY],), [1, 0]), (([-1000.0, -1000.0],), [0.5, 0.5]), (([0.0, NAN],), [NAN, NAN]),
    (([-1000.0],), [1], ([0],)),
])  # fmt: skip
case("log_softmax extremes", graph.log_softmax, [(3, 5)], jax.nn.log_softmax, extremes=[
    (([1000.0, 0.0, -1000.0],), [0, -1000, -2000], ([-2, 1, 1],)),
    (([1000.0, 1000.0],), [-np.log(2), -np.log(2)], ([0, 0],)),
    (([0.0, -INFINITY],), [0, -INFINITY]), (([5.0],), [0], ([0],)),
])  # fmt: skip
case("log_sum_exp extremes", lambda x: graph.log_sum_exp(x, -1), [(3, 5)],
     lambda x: jax.scipy.special.logsumexp(x, -1), extremes=[
         (([1000.0, 1000.0],), 1000 + np.log(2), ([0.5, 0.5],)),
         (([-1000.0, -1000.0],), -1000 + np.log(2), ([0.5, 0.5],)),
         (([-INFINITY, -INFINITY],), -INFINITY), (([0.0, INFINITY],), INFINITY),
         (([3.0],), 3, ([1],)), (([-1000.0, 1000.0],), 1000, ([0, 1],)),
     ])  # fmt: skip
case("log_sum_exp keepdims", lambda x: graph.log_sum_exp(x, 1, keepdims=True), [(batch, 5)],
     lambda x: jax.scipy.special.logsumexp(x, 1, keepdims=True))  # fmt: skip
case("log_sum_exp naive", lambda x: graph.log(graph.sum(graph.exp(x), 1)), [(batch, 5)],
     lambda x: jax.scipy.special.logsumexp(x, 1))  # fmt: skip
for shape in [(batch, 7), (batch, 3, 16), (4, 33), (3, 1)]:
    shown = graph.show(shape)
    case(f"layer_norm {shown}", graph.layer_norm, [shape], lambda x: _layer_norm(x), tolerance=20.0)
    case(f"layer_norm {shown} scaled", graph.layer_norm, [shape, shape[-1:], shape[-1:]],
         lambda x, w, b: _layer_norm(x) * w + b, tolerance=20.0)  # fmt: skip
case(
    "norm extremes",
    lambda x: graph.norm(x),
    [argument(5, low=0.5)],
    lambda x: jnp.sqrt((x * x).sum()),
    extremes=[(([3.0, 4.0],), 5, ([0.6, 0.8],)), (([INFINITY, 1.0],), INFINITY)],
)


def _layer_norm(x: Any) -> Any:
    centred = x - x.mean(-1, keepdims=True)
    return centred / jnp.sqrt((centred * centred).mean(-1, keepdims=True) + 1e-5)


CASES = tuple(case.cases)
GROUPS = tuple(dict.fromkeys(c.group for c in CASES))
