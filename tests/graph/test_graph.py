"""Graphs themselves: sharing, errors, indexing, printing, stable form, backpropagation."""

import copy

import numpy as np
import pytest

from layerwise import graph
from layerwise.graph import DTypeError, ShapeError, batch


def scalar(name="x", dtype="float64"):
    return graph.input(name, (), dtype)


def vector(*shape, name="x", dtype="float64"):
    return graph.input(name, shape, dtype)


def value_of(tensor, values, rows=None):
    return graph.evaluate([tensor], values, rows)[0]


# -- nodes -----------------------------------------------------------------------------------------


def test_equal_nodes_are_one_object():
    x, y = vector(3), vector(3, name="y")
    assert graph.exp(x) is graph.exp(x)
    assert x + y is x + y
    assert x + y is not y + x
    assert vector(3) is x
    assert graph.constant(2.0) is graph.constant(2.0)
    assert graph.constant(0.0) is not graph.constant(-0.0)
    assert graph.constant(1.0, "float64") is not graph.constant(1.0, "float32")


def test_variables_are_never_equal():
    assert graph.variable("w", (3,)) is not graph.variable("w", (3,))


def test_random_sites_are_never_merged():
    seed, step = scalar("seed", "uint32"), scalar("step", "uint32")
    first = graph.random_bits(seed, step, "a", (3,))
    assert first is not graph.random_bits(seed, step, "b", (3,))
    assert first is graph.random_bits(seed, step, "a", (3,))


def test_nodes_are_immutable():
    x = vector(3)
    with pytest.raises(AttributeError, match="immutable"):
        x.shape = (4,)
    assert copy.copy(x) is x
    assert copy.deepcopy(x) is x


def test_unused_nodes_are_forgotten():
    import gc
    import weakref

    node = graph.exp(vector(3)) * 0.123
    watch = weakref.ref(node)
    del node
    gc.collect()
    assert watch() is None


def test_nodes_can_be_built_by_several_threads():
    from concurrent.futures import ThreadPoolExecutor

    x = vector(3)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: graph.tanh(x * 0.375) + 1.0, range(200)))
    assert all(node is made[0] for node in made)


def test_a_tensor_is_no_condition():
    x = scalar()
    with pytest.raises(TypeError, match=r"where\(condition, a, b\)"):
        bool(x > 0)
    with pytest.raises(TypeError, match="has no value while the graph is built"):
        float(x)
    with pytest.raises(TypeError, match="has no value while the graph is built"):
        range(x)
    with pytest.raises(TypeError, match="cannot be looped over"):
        list(vector(3))


def test_numpy_cannot_take_a_tensor():
    x = vector(3)
    with pytest.raises(TypeError, match="use the functions of layerwise"):
        np.asarray(x)
    with pytest.raises(TypeError):
        np.exp(x)


def test_numpy_arrays_on_the_left_give_tensors():
    x = vector(3)
    array = np.arange(3.0)
    for node, want in [
        (array + x, [1, 2, 3]), (array - x, [-1, 0, 1]), (array * x, [0, 1, 2]),
        (array / x, [0, 1, 2]), (2.0 - x, [1, 1, 1]), (np.float64(2) / x, [2, 2, 2]),
    ]:  # fmt: skip
        assert isinstance(node, graph.Tensor)
        np.testing.assert_array_equal(value_of(node, {x: np.ones(3)}), want)
    matrix = np.eye(3)
    np.testing.assert_array_equal(value_of(matrix @ x, {x: array}), array)


def test_length_and_description():
    assert len(vector(3, 5)) == 3
    with pytest.raises(TypeError, match="no fixed length"):
        len(vector(batch, 5))
    assert repr(vector(batch, 5)) == "Tensor(x, shape=(batch, 5), float64)"


# -- dtypes and shapes -----------------------------------------------------------------------------


def test_python_numbers_are_weak():
    for dtype in ("float32", "float64"):
        x = vector(3, dtype=dtype)
        for node in (x + 1, 1.5 * x, x**2, x / 3, 1 - x, graph.maximum(x, 0), graph.clip(x, -1, 1)):
            assert node.dtype == dtype
    n = vector(3, dtype="int32")
    assert (n + 1).dtype == np.int32
    assert (n * 2).dtype == np.int32
    with pytest.raises(DTypeError, match="astype"):
        n * 0.5


def test_types_do_not_mix():
    x, y, n = vector(3), vector(3, dtype="float32"), vector(3, dtype="int32")
    with pytest.raises(DTypeError, match="float64 and float32 do not combine"):
        x + y
    with pytest.raises(DTypeError, match="float64 and int32 do not combine"):
        x * n
    with pytest.raises(DTypeError, match="expected float32 or float64, got int32"):
        graph.exp(n)
    with pytest.raises(DTypeError, match="expected bool"):
        graph.logical_and(n, n)
    with pytest.raises(DTypeError, match="bool condition"):
        graph.where(n, x, x)
    with pytest.raises(DTypeError, match="expected int32 indices"):
        graph.take(x, x)
    with pytest.raises(DTypeError, match="expected one of float32"):
        x.astype("float16")
    with pytest.raises(DTypeError, match="expected numbers, got bool"):
        graph.sum(x > 0)
    with pytest.raises(DTypeError, match="two floats"):
        graph.matmul(vector(3, 3, dtype="int32"), vector(3, 3, dtype="int32"))


def test_float_arrays_take_the_type_of_the_tensor():
    y = vector(3, dtype="float32")
    assert (y + np.arange(3.0)).dtype == np.float32
    with pytest.raises(DTypeError, match="do not combine"):
        y + np.arange(3)


def test_arrays_of_other_types_are_converted_or_refused():
    assert graph.constant(np.arange(3)).dtype == np.int32
    assert graph.constant(np.arange(3, dtype="float16")).dtype == np.float32
    with pytest.raises(DTypeError, match="beyond 32 bits"):
        graph.constant(np.array([2**40]))
    with pytest.raises(DTypeError, match="expected numbers"):
        graph.constant(np.array(["a"]))


def test_shapes_are_checked_where_they_meet():
    x = vector(batch, 5)
    with pytest.raises(ShapeError, match=r"\(batch, 5\) and \(4,\) do not broadcast"):
        x + vector(4, name="y")
    with pytest.raises(ShapeError, match="5 columns meet 4 rows"):
        x @ vector(4, 3, name="y")
    with pytest.raises(ShapeError, match="use \\*"):
        graph.matmul(x, scalar("y"))
    with pytest.raises(ShapeError, match="outside shape"):
        graph.sum(x, 2)
    with pytest.raises(ShapeError, match="elements"):
        graph.reshape(x, (batch, 6))
    with pytest.raises(ShapeError, match="do not permute"):
        graph.transpose(vector(3, 4), (0, 0))
    with pytest.raises(ShapeError, match="does not stretch"):
        graph.broadcast_to(vector(3, 4), (2, 5))
    with pytest.raises(ShapeError, match="has length 5, not 1"):
        graph.squeeze(x, 1)
    with pytest.raises(ShapeError, match="do not fit"):
        graph.concatenate([vector(3, 4), vector(2, 4)], 1)
    with pytest.raises(ShapeError, match="is empty"):
        graph.max(vector(3, 0), 1)
    with pytest.raises(ShapeError, match="windows of 6"):
        graph.unfold(x, 1, 6)
    with pytest.raises(ShapeError, match="cannot be negative"):
        graph.pad(vector(3), [(-1, 0)])


@pytest.mark.parametrize(
    "call",
    [
        lambda x: graph.transpose(x, (0, 2)),
        lambda x: graph.expand_dims(x, 4),
        lambda x: graph.squeeze(x, 3),
        lambda x: graph.concatenate([x, x], 2),
        lambda x: graph.stack([x, x], 5),
        lambda x: graph.unfold(x, 2, 1),
        lambda x: graph.cumsum(x, 2),
        lambda x: graph.argmax(x, -3),
        lambda x: graph.softmax(x, 2),
    ],
)
def test_axes_outside_the_shape_are_errors(call):
    with pytest.raises(ShapeError, match=r"axis|axes"):
        call(vector(1, 3))


def test_the_batch_leads_and_stays_whole():
    x = vector(batch, 4)
    with pytest.raises(ShapeError, match="only the leading dimension can be batch"):
        graph.input("y", (3, batch))
    for index in (0, slice(0, 2), slice(None, None, 2), np.array([0, 1]), -1):
        with pytest.raises(ShapeError, match="taken whole"):
            x[index]
    with pytest.raises(ShapeError, match="cannot be padded"):
        graph.pad(x, [(1, 0), (0, 0)])
    with pytest.raises(ShapeError, match="rows of the batch cannot be joined"):
        graph.concatenate([x, x], 0)
    with pytest.raises(ShapeError, match="cumsum"):
        graph.cumsum(x, 0)
    with pytest.raises(ShapeError, match="only one axis can be the batch"):
        graph.reshape(graph.broadcast_to(graph.reshape(x, (batch, 1, 4)), (batch, batch, 4)), (-1,))


def test_reshape_with_a_batch():
    x = vector(batch, 6)
    assert graph.reshape(x, (-1, 3)).shape == (graph.Batch(2), 3)
    assert graph.reshape(x, (batch, -1)) is x
    assert graph.reshape(x, (-1, 2, 3)).shape == (batch, 2, 3)
    assert graph.reshape(graph.reshape(x, (-1, 3)), (-1, 6)).shape == (batch, 6)
    assert graph.reshape(x, -1).shape == (graph.Batch(6),)
    assert x.reshape(-1, 3).shape == x.reshape((-1, 3)).shape == (graph.Batch(2), 3)
    with pytest.raises(ShapeError, match="does not divide"):
        graph.reshape(x, (-1, 4))
    assert graph.show(graph.reshape(x, (-1, 3)).shape) == "(2*batch, 3)"


def test_indexing():
    x = vector(4, 5, 6)
    array = np.arange(120.0).reshape(4, 5, 6)
    for index in [
        0,
        -1,
        np.int64(2),
        slice(None),
        slice(1, 3),
        slice(None, None, 2),
        (1, 2, 3),
        (Ellipsis, 0),
        (0, Ellipsis),
        (slice(1, None), Ellipsis, slice(0, 6, 4)),
        None,
        (None, 1, None),
        Ellipsis,
        slice(3, 1),
        slice(-2, None),
        (slice(None), -2, slice(-3, -1)),
        (),
    ]:
        part = x[index]
        want = array[index]
        assert part.shape == want.shape, index
        np.testing.assert_array_equal(value_of(part, {x: array}), want, str(index))


def test_indexing_errors():
    x = vector(4, 5)
    with pytest.raises(ShapeError, match="more axes"):
        x[0, 0, 0]
    with pytest.raises(ShapeError, match="outside an axis of length 4"):
        x[4]
    with pytest.raises(ShapeError, match="steps must be positive"):
        x[::-1]
    with pytest.raises(TypeError, match="use take"):
        x[np.array([0, 1])]
    with pytest.raises(TypeError, match="use take"):
        x[vector(2, name="i", dtype="int32")]


# -- without a graph -------------------------------------------------------------------------------


def test_functions_on_arrays_evaluate_at_once():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    for found, want in [
        (graph.exp(x), np.exp(x)), (graph.matmul(x, x), x @ x), (graph.sum(x, 0), x.sum(0)),
        (graph.add(x, 1), x + 1), (graph.where(x > 2, x, 0.0), np.where(x > 2, x, 0)),
        (graph.concatenate([x, x], 0), np.concatenate([x, x])), (graph.transpose(x), x.T),
        (graph.argmax(x, 1), [1, 1]), (graph.stack([x, x]), np.stack([x, x])),
        (graph.one_hot(np.array([1, 0]), 2), [[0, 1], [1, 0]]), (graph.min(x, 0), x.min(0)),
    ]:  # fmt: skip
        assert isinstance(found, np.ndarray)
        np.testing.assert_allclose(found, want)


def test_numbers_and_arrays_keep_their_type():
    assert graph.exp(1.0).dtype == np.float32
    assert graph.exp(np.float64(1)).dtype == np.float64
    assert graph.mean(np.ones(3, "float32")).dtype == np.float32
    assert isinstance(graph.mean(np.ones(3)), np.ndarray)
    assert isinstance(graph.sum(np.ones(3)), np.ndarray)


# -- printing and order ----------------------------------------------------------------------------


def test_printing():
    x, w = vector(batch, 3, dtype="float32"), graph.variable("w", (3, 2))
    text = graph.to_text([graph.tanh(x @ w) * 2.0])
    assert text.splitlines() == [
        "t1 = x @ w  # (batch, 2) float32",
        "t2 = tanh(t1)  # (batch, 2) float32",
        "t3 = reshape(2, shape=(1, 1))  # (1, 1) float32",
        "t4 = broadcast(t3, shape=(batch, 2))  # (batch, 2) float32",
        "t5 = t2 * t4  # (batch, 2) float32",
    ]
    assert "hidden = tanh(" in graph.to_text([graph.tanh(x)], {graph.tanh(x): "hidden"})


def test_topological_order_is_deterministic():
    def make():
        x, w = vector(batch, 3), graph.variable("w", (3, 3), "float64")
        loss = graph.mean(graph.square(graph.tanh(x @ w) - graph.sigmoid(x)))
        return graph.to_text([loss, *graph.gradients(loss, [w, x])])

    assert make() == make()


def test_order_puts_inputs_first():
    x = vector(3)
    y = graph.exp(x)
    z = y * y + x
    order = graph.topological_order([z, y])
    assert order.index(x) < order.index(y) < order.index(z)
    assert len(order) == len(set(order))


def test_deep_graphs():
    x = vector(2)
    deep = x
    for _ in range(5000):
        deep = graph.sin(deep) + x
    (slope,) = graph.gradients(graph.sum(deep), [x])
    found = value_of(slope, {x: np.array([0.5, 1.0])})
    assert np.isfinite(found).all()
    assert len(graph.to_text([deep]).splitlines()) == 10000
    replaced = graph.substitute([deep], {x: vector(2, name="y")})[0]
    assert replaced is not deep


def test_substitute():
    x, y = vector(3), vector(3, name="y")
    assert graph.substitute([graph.exp(x) + x], {x: y}) == [graph.exp(y) + y]


def test_rules_that_undo_each_other_are_found():
    x = vector(3)

    def rule(node):
        if node.primitive.name == "Exp":
            return graph.expm1(node.inputs[0])
        return graph.exp(node.inputs[0]) if node.primitive.name == "Expm1" else None

    with pytest.raises((RuntimeError, RecursionError)):
        graph.rewrite([graph.exp(x)], rule)


# -- stable form -----------------------------------------------------------------------------------

BIG = np.array([[1000.0, 0.0, -1000.0], [-1000.0, -1000.0, -999.0], [1000.0, 1000.0, 999.0]])


def naive_softmax(x, axis=-1):
    e = graph.exp(x)
    return e / graph.sum(e, axis, keepdims=True)


def shifted_softmax(x, axis=-1):
    e = graph.exp(x - graph.max(x, axis, keepdims=True))
    return e / graph.sum(e, axis, keepdims=True)


def _sigmoid_by_hand(x):
    return 1.0 / (1.0 + graph.exp(-x))


LOG_SOFTMAXES = {
    "library": graph.log_softmax,
    "log of softmax": lambda x: graph.log(graph.softmax(x)),
    "log of exp and sum": lambda x: graph.log(naive_softmax(x)),
    "log of shifted exp and sum": lambda x: graph.log(shifted_softmax(x)),
    "minus log of sum": lambda x: x - graph.log(graph.sum(graph.exp(x), -1, keepdims=True)),
    "minus log-sum-exp": lambda x: x - graph.log_sum_exp(x, -1, keepdims=True),
    "reshaped": lambda x: graph.reshape(graph.log(graph.reshape(graph.softmax(x), (9,))), (3, 3)),
    "transposed": lambda x: graph.log(graph.softmax(x).T).T,
}


@pytest.mark.parametrize("way", LOG_SOFTMAXES)
def test_log_of_softmax_in_any_writing(way):
    x = vector(3, 3)
    weight = np.array([[1.0, 2.0, 3.0], [1.0, 1.0, 1.0], [0.0, 0.5, 2.0]])
    loss = graph.sum(LOG_SOFTMAXES[way](x) * weight)
    value, (gradient,) = graph.value_and_gradients(loss, [x])
    found, slope = graph.evaluate([value, gradient], {x: BIG})
    top = BIG.max(1, keepdims=True)
    want = BIG - top - np.log(np.exp(BIG - top).sum(1, keepdims=True))
    np.testing.assert_allclose(found, (want * weight).sum(), rtol=1e-12)
    np.testing.assert_allclose(
        slope, weight - np.exp(want) * weight.sum(1, keepdims=True), rtol=1e-12, atol=1e-12
    )


def test_log_of_one_probability():
    x = vector(3, 3)
    loss = -graph.sum(graph.log(graph.softmax(x)[:, 2]))
    value, (gradient,) = graph.value_and_gradients(loss, [x])
    found, slope = graph.evaluate([value, gradient], {x: BIG})
    assert found == pytest.approx(2000 + np.log(1 + 2 * np.exp(-1)) + 1 + np.log(2 + np.exp(-1)))
    assert np.isfinite(slope).all()


def test_softmax_over_one_class():
    x = vector(batch, 1)
    for function in (graph.softmax, graph.log_softmax, naive_softmax, graph.log_sum_exp):
        _, (gradient,) = graph.value_and_gradients(graph.sum(function(x)), [x])
        assert np.isfinite(value_of(gradient, {x: np.array([[1000.0], [-1000.0]])})).all()


@pytest.mark.parametrize(
    "function",
    [
        lambda e: e / graph.sum(e, 1),
        lambda e: e / graph.sum(e, 0, keepdims=True).T,
        lambda e: e / graph.sum(e, 1)[None, :],
        lambda e: e / graph.expand_dims(graph.sum(e, 1), 1),
        lambda e: e / graph.sum(e),
        lambda e: graph.log(e[0] / graph.sum(e, 1)),
        lambda e: graph.log(graph.sum(e.T, 1)),
    ],
)
def test_what_only_looks_like_softmax_keeps_its_values(function):
    x = vector(3, 3)
    points = np.random.default_rng(0).normal(size=(3, 3))
    node = function(graph.exp(x))
    stable = graph.stabilise([node])[node]
    np.testing.assert_allclose(value_of(stable, {x: points}), value_of(node, {x: points}), 1e-12)


def test_log_of_a_part_does_not_see_the_rest():
    """log(x[:1]) must not become log(x)[:1], whose gradient is 0/0 where x is 0."""
    x = vector(2)
    (gradient,) = graph.gradients(graph.sum(graph.log(x[:1])), [x])
    assert value_of(gradient, {x: np.array([2.0, 0.0])}).tolist() == [0.5, 0.0]
    (gradient,) = graph.gradients(graph.sum(graph.log(graph.square(x).reshape(1, 2)[:, :1])), [x])
    assert value_of(gradient, {x: np.array([2.0, 0.0])}).tolist() == [1.0, 0.0]


def test_naive_softmax_does_not_overflow():
    x = vector(3, 3)
    value, (gradient,) = graph.value_and_gradients(graph.sum(naive_softmax(x)[:, 0]), [x])
    found, slope = graph.evaluate([value, gradient], {x: BIG})
    assert found == pytest.approx(1 + 1 / (2 + np.e) + 1 / (2 + 1 / np.e))
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1), -1])
def test_naive_log_sum_exp(axis):
    x = vector(3, 3)
    loss = graph.sum(graph.log(graph.sum(graph.exp(x), axis)))
    value, (gradient,) = graph.value_and_gradients(loss, [x])
    found, slope = graph.evaluate([value, gradient], {x: BIG})
    top = BIG.max(axis, keepdims=True)
    total = np.log(np.exp(BIG - top).sum(axis, keepdims=True)) + top
    np.testing.assert_allclose(found, total.sum(), rtol=1e-12)
    np.testing.assert_allclose(slope, np.exp(BIG - total), rtol=1e-12, atol=1e-300)


LOG_SIGMOIDS = {
    "log of sigmoid": (lambda x: graph.log(graph.sigmoid(x)), 1),
    "log of 1 - sigmoid": (lambda x: graph.log(1.0 - graph.sigmoid(x)), -1),
    "log1p of -sigmoid": (lambda x: graph.log1p(-graph.sigmoid(x)), -1),
}


@pytest.mark.parametrize("way", LOG_SIGMOIDS)
def test_log_of_sigmoid(way):
    function, sign = LOG_SIGMOIDS[way]
    x = vector(5)
    points = np.array([-1000.0, -2.0, 0.0, 2.0, 1000.0])
    value, (gradient,) = graph.value_and_gradients(graph.sum(function(x) * 1.0), [x])
    found, slope = graph.evaluate([value, gradient], {x: points})
    want = -np.logaddexp(0, -sign * points)
    assert found == pytest.approx(want.sum(), rel=1e-12)
    np.testing.assert_allclose(slope, sign * np.exp(-np.logaddexp(0, sign * points)), atol=1e-15)


def test_stable_form_keeps_values():
    x = vector(3, 4)
    points = np.random.default_rng(0).normal(size=(3, 4))
    for function in (*LOG_SOFTMAXES.values(), naive_softmax, shifted_softmax, _sigmoid_by_hand):
        if function is LOG_SOFTMAXES["reshaped"]:
            continue
        node = function(x)
        np.testing.assert_allclose(
            value_of(graph.stabilise([node])[node], {x: points}), value_of(node, {x: points}), 1e-12
        )


def test_log_of_exp_is_exact():
    x = scalar()
    value, (gradient,) = graph.value_and_gradients(graph.log(graph.exp(x)), [x])
    assert graph.evaluate([value, gradient], {x: 1000.0}) == [1000.0, 1.0]


# -- backpropagation -------------------------------------------------------------------------------


def test_the_loss_is_a_float_scalar():
    x = vector(3)
    with pytest.raises(ShapeError, match="reduce it with mean or sum"):
        graph.gradients(x, [x])
    with pytest.raises(DTypeError, match="expected a float loss"):
        graph.gradients(graph.sum(x.astype("int32")), [x])


def test_unused_parameters_have_zero_gradients():
    x, unused = vector(3), graph.variable("unused", (2, 3), "float64")
    found = graph.gradients(graph.sum(x), [unused, x])
    assert found[0].shape == (2, 3)
    np.testing.assert_array_equal(value_of(found[0], {unused: np.ones((2, 3))}), np.zeros((2, 3)))
    assert found[0].dtype == np.float64


def test_paths_that_are_not_differentiable_have_zero_gradients():
    x = vector(3)
    loss = graph.sum(graph.floor(x) + graph.stop_gradient(x) + (x > 0).astype("float64"))
    (gradient,) = graph.gradients(loss, [x])
    np.testing.assert_array_equal(value_of(gradient, {x: np.ones(3)}), np.zeros(3))


def test_gradients_with_respect_to_intermediate_results():
    x = vector(3)
    hidden = graph.tanh(x)
    loss = graph.sum(hidden * hidden * x)
    found = graph.evaluate(graph.gradients(loss, [hidden, x]), {x: np.array([0.1, 0.2, 0.3])})
    points = np.array([0.1, 0.2, 0.3])
    t = np.tanh(points)
    np.testing.assert_allclose(found[0], 2 * t * points)
    np.testing.assert_allclose(found[1], 2 * t * points * (1 - t * t) + t * t)


@pytest.mark.parametrize(
    ("middle", "loss"),
    [
        (graph.softmax, lambda p: -graph.sum(graph.log(p) * np.array([1.0, 2.0, 3.0]))),
        (graph.sigmoid, lambda p: graph.sum(graph.log(p) + graph.log(1.0 - p))),
        (graph.exp, lambda p: graph.sum(graph.log(p) * graph.log(graph.sum(p)))),
        (naive_softmax, lambda p: graph.sum(graph.log(p[:2]))),
    ],
)
def test_the_stable_form_does_not_look_through_what_is_asked_about(middle, loss):
    """d log(p) / dp is 1/p, although the stable form computes log(p) without p."""
    x, p = vector(3), vector(3, name="p")
    points = np.array([0.5, -0.25, 1.0])
    (want,) = graph.gradients(loss(p), [p])
    (found, at_x) = graph.gradients(loss(middle(x)), [middle(x), x])
    reached = value_of(middle(x), {x: points})
    np.testing.assert_allclose(value_of(found, {x: points}), value_of(want, {p: reached}), 1e-12)
    (want_at_x,) = graph.gradients(loss(middle(x)), [x])
    np.testing.assert_allclose(
        value_of(at_x, {x: points}), value_of(want_at_x, {x: points}), 1e-9, 1e-12
    )


def test_gradients_of_gradients():
    x = scalar()
    (first,) = graph.gradients(graph.sin(x) * x, [x])
    (second,) = graph.gradients(first, [x])
    (third,) = graph.gradients(second, [x])
    at = 0.7
    found = graph.evaluate([first, second, third], {x: at})
    np.testing.assert_allclose(
        found,
        [np.cos(at) * at + np.sin(at), 2 * np.cos(at) - at * np.sin(at),
         -3 * np.sin(at) - at * np.cos(at)],
    )  # fmt: skip


def test_gradient_penalty():
    """A loss that contains a gradient, as in double backpropagation."""
    x, w = vector(batch, 3), graph.variable("w", (3, 1), "float64")
    (slope,) = graph.gradients(graph.sum(graph.tanh(x @ w)), [x])
    penalty = graph.mean(graph.square(graph.norm(slope, 1) - 1.0))
    (gradient,) = graph.gradients(penalty, [w])
    generator = np.random.default_rng(3)
    values = {x: generator.normal(size=(4, 3)), w: generator.normal(size=(3, 1))}
    found = value_of(gradient, values)
    for i in range(3):
        step = np.zeros((3, 1))
        step[i] = 1e-6
        up, down = (value_of(penalty, {**values, w: values[w] + s}) for s in (step, -step))
        assert found[i, 0] == pytest.approx((up - down) / 2e-6, rel=1e-6, abs=1e-9)


def test_a_value_used_twice_gets_both_gradients():
    x = scalar()
    y = graph.exp(x)
    (gradient,) = graph.gradients(y * y + y, [x])
    assert value_of(gradient, {x: 0.5}) == pytest.approx(2 * np.exp(1.0) + np.exp(0.5))


def test_value_and_gradients_share_the_forward_pass():
    x, w = vector(batch, 3), graph.variable("w", (3, 2), "float64")
    loss = graph.mean(graph.tanh(x @ w))
    value, (gradient,) = graph.value_and_gradients(loss, [w])
    names = [n.primitive.name for n in graph.topological_order([value, gradient])]
    assert names.count("Tanh") == 1


def test_maximum_gives_no_nan_for_an_infinite_gradient():
    x, y, c = scalar(), scalar("y"), scalar("c")
    found = graph.gradients(graph.maximum(x, y) * c, [x, y])
    assert graph.evaluate(found, {x: 1.0, y: 0.0, c: np.inf}) == [np.inf, 0.0]


def test_evaluation_reads_the_rows_off_the_inputs():
    x = vector(batch, 2)
    values = {x: np.ones((7, 2))}
    assert value_of(graph.batch_size("float64"), values) == 7
    assert value_of(graph.mean(x), values) == 1
    with pytest.raises(ValueError, match="'x' was not fed"):
        value_of(x * 2.0, {}, 3)


def test_evaluation_is_stable_unless_told_otherwise():
    x = graph.input("x", (graph.batch, 2), "float32")
    p = graph.softmax(x)
    (found,) = graph.evaluate([graph.log(p)], {x: [[0.0, 1000.0]]})
    np.testing.assert_array_equal(found, [[-1000, 0]])
    (found,) = graph.evaluate([graph.log(p)], {x: [[0.0, 1000.0]]}, stable=False)
    np.testing.assert_array_equal(found, [[-np.inf, 0]])
    # A value that is given is not looked behind.
    known, found = graph.evaluate([p, graph.log(p)], {p: [[1.0, 0.0]]}, rows=1)
    np.testing.assert_array_equal(known, [[1, 0]])
    np.testing.assert_array_equal(found, [[0, -np.inf]])
