"""Simplified and canonical programs: the same values, NaN and infinity included, from less work."""

import numpy as np
import pytest

from layerwise import graph
from layerwise.compiler import Feeds, Program, State
from layerwise.compiler.canonical import canonicalise
from layerwise.compiler.simplify import simplify
from layerwise.compiler.verify import verify_pass
from layerwise.graph import batch, topological_order
from layerwise.graph.contraction import MatMul
from layerwise.graph.elementwise import Cast, StopGradient
from layerwise.graph.movement import Broadcast, Reshape, Slice, Transpose
from layerwise.graph.reduction import ArgMax, Max, Sum
from layerwise.graph.tensor import Tensor

SPECIAL = [0.0, -0.0, 1.0, -2.5, np.inf, -np.inf, np.nan, 1e-40, 3e38, -1e30, 7.0, 2.0]

x = graph.input("x", (batch, 4))
"""Three rows of special numbers."""

y = graph.input("y", (batch, 4))
"""The same, the other way round."""

scalar = graph.input("scalar", ())
one_by_one = graph.reshape(scalar, (1, 1))


def values(outputs):
    """What outputs are, evaluated as they stand."""
    rows = np.array(SPECIAL, "float32").reshape(3, 4)
    fed = {x: rows, y: rows[::-1, ::-1], scalar: np.float32(-1.5)}
    return graph.evaluate(outputs, fed, 3)


def kinds(tensor):
    """Primitives by name, with how often they occur."""
    names = [node.primitive.name for node in topological_order([tensor])]
    return {name: names.count(name) for name in names}


def passed(tensor, change=simplify):
    """A tensor after a pass, which is verified."""
    before = Program({"out": tensor})
    after = change(before)
    verify_pass(change.__name__, before, after)
    return after.outputs["out"]


def same_bits(a, b):
    """Equal, with the signs of zeros, but any NaN like any other."""
    a, b = (np.where(np.isnan(v), np.float32(np.nan), v) for v in (a, b))
    return np.array_equal(a, b, equal_nan=True) and np.array_equal(np.signbit(a), np.signbit(b))


def stretched(source, shape):
    return graph.broadcast_to(source, shape)


KEPT = {
    "times one": (x * 1.0, x),
    "one times": (1.0 * x, x),
    "by one": (x / 1.0, x),
    "minus zero": (x - 0.0, x),
    "twice negated": (graph.negative(graph.negative(x)), x),
    "cast to itself": (Tensor(Cast(x.dtype), [x]), x),
    "no gradient": (Tensor(StopGradient(), [x]), x),
    "reshape to itself": (Tensor(Reshape(x.shape), [x]), x),
    "reshaped there and back": (graph.reshape(graph.reshape(x, (-1,)), (batch, 4)), x),
    "transposed twice": (graph.transpose(graph.transpose(x)), x),
    "all of it": (Tensor(Slice((0, 0), (batch, 4), (1, 1)), [x]), x),
    "stretched to itself": (Tensor(Broadcast(x.shape), [x]), x),
    "sum over one": (graph.sum(x[:, :1], 1, keepdims=True), x[:, :1]),
    "largest of one": (graph.max(x[:, :1], 1, keepdims=True), x[:, :1]),
}  # fmt: skip


@pytest.mark.parametrize("name", KEPT)
def test_what_changes_nothing_goes(name):
    tensor, wanted = KEPT[name]
    assert passed(tensor) is wanted
    (before,), (after,) = values([tensor]), values([wanted])
    assert same_bits(before, after)


CHANGED = {
    "constants fold": (x * (graph.constant(3.0) + graph.exp(graph.constant(0.5))), {"Exp", "Add"}),
    "constants with NaN fold": (x + graph.log(graph.constant(-1.0)), {"Log"}),
    "stretching twice": (stretched(stretched(one_by_one, (1, 4)), (3, 4)), set()),
    "a stretched function": (graph.exp(stretched(x[:, :1], (batch, 4))), set()),
    "stretched with numbers": (stretched(x[:, :1], (batch, 4)) * 2.0 + 1.0, set()),
    "moved ones": (graph.transpose(graph.reshape(x, (batch, 1, 4, 1)), (0, 2, 3, 1)),
                   {"Transpose"}),
    "transposes of transposes": (graph.transpose(graph.transpose(x) * 1.0) + y, {"Transpose"}),
    "sum of a stretched": (graph.sum(stretched(x[:, :1], (batch, 4)), 1), {"Sum"}),
    "sum over a stretched batch": (graph.sum(stretched(one_by_one, (batch, 4))),
                                   {"Sum"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGED)
def test_rewrites_keep_values(name):
    tensor, gone = CHANGED[name]
    simple = passed(tensor)
    assert not gone & kinds(simple).keys()
    (before,), (after,) = values([tensor]), values([simple])
    np.testing.assert_allclose(after, before, rtol=1e-6)


def test_stretched_work_is_done_on_the_small():
    simple = passed(graph.exp(stretched(x[:, :1], (batch, 4)) * 2.0))
    assert isinstance(simple.primitive, Broadcast)
    assert simple.inputs[0].shape == (batch, 1)


def test_a_transposed_product_multiplies_the_other_way_round():
    w = graph.variable("w", (4, 5))
    simple = passed(graph.transpose(graph.transpose(x @ w) * 1.0))
    assert simple is x @ w
    flipped = passed(graph.sum(graph.transpose(x @ w), 1))
    assert sum(isinstance(n.primitive, MatMul) for n in topological_order([flipped])) == 1


KEEPING = {
    "times zero": x * 0.0,
    "minus itself": x - x,
    "by itself": x / x,
    "plus zero": x + 0.0,
    "minus minus zero": x - graph.constant(-0.0),
    "equals itself": graph.cast(graph.equal(x, x), "float32"),
    "to the power 0.5 squared": graph.square(graph.sqrt(x)),
    "exp of log": graph.exp(graph.log(x)),
    "larger of itself": graph.maximum(x, x),
    "sums of zeros": graph.sum(x * 0.0, 1),
}


@pytest.mark.parametrize("name", KEEPING)
def test_nan_and_infinity_survive(name):
    tensor = KEEPING[name]
    (before,), (after,) = values([tensor]), values([passed(tensor)])
    assert same_bits(before, after)


def test_equal_work_of_forward_and_backward_is_shared():
    w = graph.variable("w", (4, 3))
    loss = graph.mean(-graph.log_softmax(x @ w)[:, 0])
    loss, (gradient,) = graph.value_and_gradients(loss, [w])
    simple = simplify(Program({"loss": loss}, {w: w - gradient}))
    names = [n.primitive.name for n in topological_order(simple.roots)]
    assert names.count("Exp") == 1
    assert names.count("MatMul") == 2


# -- canonical form --------------------------------------------------------------------------------

cube = graph.input("cube", (batch, 3, 4, 5))


@pytest.mark.parametrize("reduce", [graph.sum, graph.max])
@pytest.mark.parametrize("axes", [(0, 3), (1, 3), (0, 2), (0, 1, 2, 3), (1, 2), (0, 2, 3), (3,)])
def test_reductions_cover_the_last_axis_or_neighbours(reduce, axes):
    tensor = reduce(cube, axes)
    canonical = passed(tensor, canonicalise)
    for node in topological_order([canonical]):
        if isinstance(node.primitive, Sum | Max):
            own = node.primitive.axes
            assert own == (node.inputs[0].rank - 1,) or (
                node.inputs[0].rank - 1 not in own
                and own == tuple(range(own[0], own[0] + len(own)))
            )
    numbers = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype("float32")
    numbers[0, 1, 2, 3] = np.inf
    (before,), (after,) = (graph.evaluate([t], {cube: numbers}, 2) for t in (tensor, canonical))
    np.testing.assert_allclose(after, before, rtol=1e-5)


@pytest.mark.parametrize("axis", [0, 1])
def test_argmax_becomes_maxima(axis):
    tensor = graph.argmax(x, axis)
    canonical = passed(tensor, canonicalise)
    assert not any(isinstance(n.primitive, ArgMax) for n in topological_order([canonical]))
    ties = np.array([[1, 3, 3, 0], [np.nan, 5, 3, np.nan], [-np.inf] * 4], "float32")
    (before,), (after,) = (graph.evaluate([t], {x: ties}, 3) for t in (tensor, canonical))
    np.testing.assert_array_equal(after, before)


# -- stable form, on every backend -----------------------------------------------------------------


def by_hand(z):
    e = graph.exp(z)
    return e / graph.sum(e, -1, keepdims=True)


@pytest.mark.parametrize("softmax", [graph.softmax, by_hand])
def test_log_of_softmax_in_an_evaluation_program(backend, softmax):
    logits = graph.input("logits", (batch, 3))
    rows = np.array([[1000, 0, -1000], [-1000, -1000, -1000], [0, 1000, 1000]], "float32")
    outputs = {"log": graph.log(softmax(logits)), "loss": -graph.mean(graph.log(softmax(logits)))}
    found = backend.compile(Program(outputs)).run(State(), Feeds({"logits": rows}))
    half, third = np.log(0.5), np.log(1 / 3)
    wanted = np.array([[0, -1000, -2000], [third] * 3, [half - 1000, half, half]])
    np.testing.assert_allclose(found["log"], wanted, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found["loss"], [-wanted.mean()], rtol=1e-5)


def test_log_of_sigmoid_in_an_evaluation_program(backend):
    logits = graph.input("logits", (batch,))
    p = graph.sigmoid(logits)
    outputs = {"yes": graph.log(p), "no": graph.log(1.0 - p), "also no": graph.log1p(-p)}
    feeds = Feeds({"logits": np.array([-1000, 0, 1000], "float32")})
    found = backend.compile(Program(outputs)).run(State(), feeds)
    np.testing.assert_allclose(found["yes"], [-1000, np.log(0.5), 0], rtol=1e-5)
    for name in ("no", "also no"):
        np.testing.assert_allclose(found[name], [0, np.log(0.5), -1000], rtol=1e-5)


def test_simplified_constants_keep_their_bits():
    tensor = x * graph.constant(np.float32(0.1)) * 1.0
    (before,), (after,) = values([tensor]), values([passed(tensor)])
    assert same_bits(before, after)


def test_transposes_move_into_products():
    w = graph.variable("w", (4, 5))
    loss, (gradient,) = graph.value_and_gradients(graph.mean(graph.square(x @ w)), [w])
    simple = simplify(Program({"loss": loss}, {w: gradient}))
    for node in topological_order(simple.roots):
        if isinstance(node.primitive, Transpose):
            assert node.inputs[0].inputs == ()
