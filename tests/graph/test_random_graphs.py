"""Random graphs: what a backend computes against the reference, forward and gradients.

The default run tries a few dozen graphs, always the same ones; `pytest -m slow` tries a thousand.
"""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layerwise import graph
from layerwise.backends import reference
from layerwise.compiler import Feeds, Program, State
from layerwise.graph import batch

ROWS = 11
"""Rows of data; none of the batch sizes divides it, so that the last batch is short."""

SIZES = (1, 2, 3, 5, 7, 8, 16, 17, 33)
TOLERANCES = {"float64": (1e-9, 1e-10), "float32": (2e-3, 2e-4)}

# Functions that keep numbers moderate, so that errors do not grow from node to node.
UNARY = (
    graph.tanh, graph.sin, graph.cos, graph.sigmoid, graph.softplus, graph.erf, graph.negative,
    graph.absolute, graph.relu, graph.gelu, graph.silu,
    lambda x: graph.exp(-graph.square(x)), lambda x: graph.log(graph.square(x) + 1.0),
    lambda x: graph.sqrt(graph.square(x) + 0.5), lambda x: x * 0.5 + 0.25,
    lambda x: graph.clip(x, -0.75, 0.8), lambda x: graph.expm1(graph.minimum(x, 0.5)),
    lambda x: graph.log1p(graph.absolute(x)),
)  # fmt: skip
BINARY = (
    graph.add, graph.subtract, graph.multiply, graph.maximum, graph.minimum,
    lambda x, y: x / (graph.square(y) + 1.0), lambda x, y: graph.where(x > y, x, y * 0.5),
    lambda x, y: graph.where(graph.logical_and(x > 0.0, graph.logical_not(y > 0.0)), x, y),
)  # fmt: skip
REDUCTIONS = (graph.sum, graph.mean, graph.max, graph.min, graph.log_sum_exp, graph.variance)


class Builder:
    """Grows a graph node by node from hypothesis's choices."""

    def __init__(self, draw, dtype: str) -> None:
        self.draw, self.dtype = draw, dtype
        self.leaves: list[graph.Tensor] = []
        self.nodes: list[graph.Tensor] = []
        width = draw(st.sampled_from(SIZES))
        self.leaf((batch, width))
        for _ in range(draw(st.integers(1, 3))):
            self.new_leaf()
        for _ in range(draw(st.integers(2, 12))):
            node = getattr(self, draw(st.sampled_from(self.MOVES)))()
            if node is not None and _moderate(node.shape):
                self.nodes.append(self.scaled(node))

    MOVES = (
        "unary", "unary", "binary", "binary", "binary", "reduce", "reduce_and_stretch", "reshape",
        "transpose", "matmul", "matmul", "concatenate", "slice", "softmax", "normalise", "take",
        "cumsum", "pad", "unfold",
    )  # fmt: skip

    def leaf(self, shape) -> graph.Tensor:
        name = f"leaf {len(self.leaves)}"
        make = graph.input if batch in shape else graph.variable
        node = make(name, shape, self.dtype)
        self.leaves.append(node)
        self.nodes.append(node)
        return node

    def new_leaf(self) -> graph.Tensor:
        rank = self.draw(st.integers(0, 3))
        shape = tuple(self.draw(st.sampled_from(SIZES[:6])) for _ in range(rank))
        return self.leaf((batch, *shape) if self.draw(st.booleans()) else shape)

    def any(self, condition=lambda node: True) -> graph.Tensor | None:
        fitting = [n for n in self.nodes if condition(n)]
        return self.draw(st.sampled_from(fitting)) if fitting else None

    def axis(self, node, fixed=False) -> int | None:
        """One axis; with `fixed`, not the batch."""
        axes = [i for i, d in enumerate(node.shape) if isinstance(d, int) or not fixed]
        return self.draw(st.sampled_from(axes)) if axes else None

    def scaled(self, node) -> graph.Tensor:
        """Large sums are brought back to about 1."""
        return graph.tanh(node * 0.3) if self.draw(st.integers(0, 3)) == 0 else node

    # -- moves -------------------------------------------------------------------------------------

    def unary(self):
        return self.draw(st.sampled_from(UNARY))(self.any())

    def binary(self):
        x = self.any()
        y = self.any(lambda n: _broadcast(x.shape, n.shape))
        return self.draw(st.sampled_from(BINARY))(x, y)

    def _axes(self, x):
        choices = [None, -1, 0]
        if len(x.shape) > 2:
            choices += [1, (0, 2), (1, 2)]
        return self.draw(st.sampled_from(choices))

    def reduce(self):
        x = self.any(lambda n: len(n.shape) > 0)
        return self.draw(st.sampled_from(REDUCTIONS))(x, self._axes(x))

    def reduce_and_stretch(self):
        x = self.any(lambda n: len(n.shape) > 0)
        axes = self._axes(x)
        return x - self.draw(st.sampled_from(REDUCTIONS))(x, axes, keepdims=True)

    def reshape(self):
        x = self.any(lambda n: len(n.shape) > 1 and not _has_batch(n.shape[1:]))
        if x is None:
            return None
        whole = graph.reshape(x, (x.shape[0], -1))
        columns = whole.shape[1]
        divisors = [d for d in range(1, columns + 1) if columns % d == 0]
        part = self.draw(st.sampled_from(divisors))
        if self.draw(st.booleans()):
            # Rows and the next axis as one: (2 * batch, ...), and back after a function.
            folded = self.draw(st.sampled_from(UNARY))(graph.reshape(x, (-1, x.shape[-1])))
            return graph.reshape(folded, x.shape)
        return graph.reshape(whole, (x.shape[0], part, columns // part))

    def transpose(self):
        x = self.any(lambda n: len(n.shape) > 1)
        return (
            None
            if x is None
            else graph.transpose(x, self.draw(st.permutations(range(len(x.shape)))))
        )

    def matmul(self):
        x = self.any(lambda n: len(n.shape) > 1 and isinstance(n.shape[-1], int))
        if x is None:
            return None
        other = self.any(
            lambda n: (
                len(n.shape) > 1
                and n.shape[-2] == x.shape[-1]
                and _broadcast(x.shape[:-2], n.shape[:-2])
                and _one_batch_axis(x.shape, n.shape)
            )
        )
        if other is None:
            width = self.draw(st.sampled_from(SIZES))
            other = self.leaf((x.shape[-1], width))
        return (x @ other) * (1.0 / x.shape[-1])

    def concatenate(self):
        x = self.any(lambda n: any(isinstance(d, int) for d in n.shape))
        if x is None:
            return None
        axis = self.axis(x, fixed=True)
        other = self.any(
            lambda n: (
                len(n.shape) == len(x.shape)
                and isinstance(n.shape[axis], int)
                and all(
                    a == b or i == axis
                    for i, (a, b) in enumerate(zip(x.shape, n.shape, strict=True))
                )
            )
        )
        return graph.concatenate([x, other], axis)

    def _along(self):
        x = self.any(lambda n: any(isinstance(d, int) for d in n.shape))
        return (x, None) if x is None else (x, self.axis(x, fixed=True))

    def slice(self):
        x, axis = self._along()
        if x is None:
            return None
        length = x.shape[axis]
        start = self.draw(st.integers(0, length - 1))
        stop = self.draw(st.integers(start + 1, length))
        step = self.draw(st.integers(1, 3))
        return x[(slice(None),) * axis + (slice(start, stop, step),)]

    def pad(self):
        x, axis = self._along()
        widths = self.draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
        if x is None:
            return None
        return graph.pad(x, [widths if i == axis else (0, 0) for i in range(len(x.shape))])

    def unfold(self):
        x, axis = self._along()
        if x is None:
            return None
        size = self.draw(st.integers(1, min(3, x.shape[axis])))
        return graph.unfold(x, axis, size, self.draw(st.integers(1, 2)))

    def softmax(self):
        x = self.any(lambda n: len(n.shape) > 0)
        function = self.draw(st.sampled_from((graph.softmax, graph.log_softmax)))
        return None if x is None else function(x, self.axis(x))

    def normalise(self):
        x = self.any(lambda n: len(n.shape) > 0 and isinstance(n.shape[-1], int))
        # A large epsilon: a row of equal numbers would make rounding errors large.
        return None if x is None else graph.layer_norm(x, epsilon=0.1)

    def take(self):
        table = self.any(lambda n: len(n.shape) > 0 and isinstance(n.shape[0], int))
        if table is None:
            return None
        length = self.draw(st.integers(1, 6))
        index = self.draw(st.lists(st.integers(-2, 9), min_size=length, max_size=length))
        return graph.take(table, np.array(index, np.int32))

    def cumsum(self):
        x, axis = self._along()
        return None if x is None else graph.cumsum(x, axis, self.draw(st.booleans())) * 0.2


def _has_batch(shape) -> bool:
    return any(not isinstance(d, int) for d in shape)


def _broadcast(left, right) -> bool:
    try:
        shape = graph.movement.broadcast_shapes("", left, right)
    except graph.ShapeError:
        return False
    return sum(not isinstance(d, int) for d in shape) <= 1


def _one_batch_axis(left, right) -> bool:
    """Whether the batch is no more than one axis of a product, and of what it is made of."""
    leading = graph.movement.broadcast_shapes("", left[:-2], right[:-2])
    shapes = [(*leading, *left[-2:]), (*leading, *right[-2:]), (*leading, left[-2], right[-1])]
    return all(sum(not isinstance(d, int) for d in shape) <= 1 for shape in shapes)


def _moderate(shape) -> bool:
    if sum(not isinstance(d, int) for d in shape) > 1:
        return False
    elements = 1
    for d in shape:
        elements *= d if isinstance(d, int) else d.multiple * 8
    return 0 < elements <= 5000 and len(shape) <= 4


@st.composite
def programs(draw, dtype):
    """A program with a few outputs, a loss, and its gradients; and numbers for its leaves."""
    builder = Builder(draw, dtype)
    outputs = {
        f"node {i}": node
        for i, node in enumerate(builder.nodes[-3:])
        if not _has_batch(node.shape[1:]) and node not in builder.leaves
    }
    loss = graph.constant(0.0, dtype)
    for node in builder.nodes[-4:]:
        loss = loss + graph.mean(graph.tanh(node) * node)
    loss, gradients = graph.value_and_gradients(loss, builder.leaves)
    outputs["loss"] = loss
    updates = {}
    for leaf, gradient in zip(builder.leaves, gradients, strict=True):
        outputs[f"gradient of {leaf.primitive.label}"] = gradient
        if not _has_batch(leaf.shape):
            updates[leaf] = leaf - gradient * 0.05
    return Program(outputs, updates), builder.leaves, draw(st.integers(0, 2**32 - 1))


def compare(backend, drawn, dtype, batch_size, shuffled):
    program, leaves, seed = drawn
    generator = np.random.default_rng(seed)
    rows, values = {}, {}
    for leaf in leaves:
        if _has_batch(leaf.shape):
            rows[leaf.primitive.label] = generator.normal(size=(ROWS, *leaf.shape[1:])).astype(
                dtype
            )
        else:
            values[leaf] = generator.normal(size=leaf.shape).astype(dtype)
    order = generator.permutation(ROWS) if shuffled else None

    def run(compiled):
        state = State(values)
        found = compiled.run(state, Feeds(rows, batch_size, order))
        return {**found, **{v.primitive.label: state[v] for v in values}}

    # The reference runs in the same dtype, so that a choice (max, where) falls the same way.
    want, got = run(reference.compile(program)), run(backend.compile(program))
    relative, absolute = TOLERANCES[dtype]
    assert got.keys() == want.keys()
    for name, expected in want.items():
        assert got[name].dtype == expected.dtype, name
        scale = max(1.0, np.abs(expected).max(initial=0))
        np.testing.assert_allclose(
            got[name], expected, rtol=relative, atol=absolute * scale,
            err_msg=f"{name}\n{graph.to_text(program.outputs.values())}",
        )  # fmt: skip


RANDOM = st.tuples(st.sampled_from([1, 2, 4, 7, 8, 11, 32]), st.booleans())


@pytest.fixture(scope="module")
def native():
    module = importlib.import_module("layerwise.backends.native")
    if not hasattr(module, "compile"):
        pytest.skip("the native backend is not there yet")
    return module


common = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
}


@given(programs("float64"), RANDOM)
@settings(max_examples=40, derandomize=True, **common)
def test_random_graphs_in_float64(native, drawn, how):
    compare(native, drawn, "float64", *how)


@given(programs("float32"), RANDOM)
@settings(max_examples=25, derandomize=True, **common)
def test_random_graphs_in_float32(native, drawn, how):
    compare(native, drawn, "float32", *how)


@pytest.mark.slow
@given(programs("float64"), RANDOM)
@settings(max_examples=1000, **common)
def test_many_random_graphs(native, drawn, how):
    compare(native, drawn, "float64", *how)


@given(programs("float64"))
@settings(max_examples=40, derandomize=True, **common)
def test_gradients_of_random_graphs_against_differences(drawn):
    """The derivatives themselves: central differences of the loss along a random direction."""
    program, leaves, seed = drawn
    generator = np.random.default_rng(seed)
    values = {x: generator.normal(size=graph.concrete(x.shape, 5)) for x in leaves}
    along = {x: generator.normal(size=values[x].shape) for x in leaves}
    gradients = [program.outputs[f"gradient of {x.primitive.label}"] for x in leaves]
    found = graph.evaluate(gradients, values, 5, stable=False)
    parts = [g * along[x] for g, x in zip(found, leaves, strict=True)]

    def loss(distance):
        moved = {x: values[x] + distance * along[x] for x in leaves}
        return float(graph.evaluate([program.outputs["loss"]], moved, 5, stable=False)[0])

    def slope(step):
        return (loss(step) - loss(-step)) / (2 * step)

    expected = sum(p.sum() for p in parts)
    size = 1 + sum(np.abs(p).sum() for p in parts)
    # A kink (max, relu, abs) within the step makes the difference depend on the step: no oracle.
    if abs(slope(1e-5) - slope(3e-6)) < 1e-6 * size:
        assert slope(1e-5) == pytest.approx(expected, rel=1e-4, abs=1e-5 * size)
