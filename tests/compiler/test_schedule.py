"""What fuses and what is stored, for programs small enough to know the best answer."""

import pytest

from layerwise import graph, optim
from layerwise.backends import native
from layerwise.compiler import Program
from layerwise.compiler.schedule import (
    Access,
    LoopKernel,
    MapKernel,
    MatMulKernel,
    ReduceKernel,
    Schedule,
    matrix_form,
)
from layerwise.graph import Batch, batch


def schedule(outputs, updates=None):
    """The schedule of a program after all passes; they are verified."""
    return native._schedule(Program(outputs, updates))


def names(kernel):
    return [node.primitive.name for node in kernel.nodes]


def kinds(made: Schedule):
    return [type(kernel).__name__.removesuffix("Kernel") for kernel in made.kernels]


def stored(made, kernel):
    return [node.primitive.name for node in kernel.nodes if node in made.stored]


x = graph.input("x", (batch, 20))
y = graph.input("y", (batch,), "int32")


def mlp():
    """Twenty inputs, a ReLU layer of 64, three classes."""
    weights = [
        graph.variable(name, shape)
        for name, shape in (("w1", (20, 64)), ("b1", (64,)), ("w2", (64, 3)), ("b2", (3,)))
    ]
    w1, b1, w2, b2 = weights
    logits = graph.relu(x @ w1 + b1) @ w2 + b2
    each = graph.sum(graph.log_softmax(logits) * graph.one_hot(y, 3), -1)
    loss, gradients = graph.value_and_gradients(-graph.mean(each), weights)
    return loss, weights, gradients


def test_forward_pass_of_an_mlp():
    w, b = graph.variable("w", (20, 64)), graph.variable("b", (64,))
    made = schedule({"y": graph.softmax(graph.gelu(x @ w + b))})
    # Bias, activation and the whole softmax are one pass through the rows of the product.
    assert kinds(made) == ["MatMul", "Map"]
    assert stored(made, made.kernels[1]) == ["Divide"]
    assert made.kernels[1].reads == {
        made.kernels[0].nodes[0]: Access.SAME_ROW,
        b: Access.ANYWHERE,
    }


def test_training_step_of_an_mlp():
    loss, weights, gradients = mlp()
    made = schedule(
        {"loss": loss}, {w: w - g * 0.1 for w, g in zip(weights, gradients, strict=True)}
    )
    products = [k for k in made.kernels if isinstance(k, MatMulKernel)]
    reductions = [k for k in made.kernels if isinstance(k, ReduceKernel)]
    maps = [k for k in made.kernels if isinstance(k, MapKernel)]
    # Two forward, two for the weights, one for the hidden layer.
    assert len(products) == 5
    # The loss, and a bias each.
    assert len(reductions) == 3
    # ReLU, the loss from logits to their gradient, ReLU backward, the mean, four updates.
    assert len(maps) == 8
    assert len(made.kernels) == 16
    # The loss is one kernel: from the product to the gradient of the logits.
    (softmax,) = [k for k in maps if "Exp" in names(k)]
    assert {"Max", "Log", "Equal", "Divide"} <= set(names(softmax))
    assert len(stored(made, softmax)) == 2
    # Every other kernel leaves one result.
    for kernel in made.kernels:
        if kernel is not softmax:
            assert len(stored(made, kernel)) == 1


def test_parameters_are_updated_in_place_in_one_kernel_each():
    loss, weights, gradients = mlp()
    step = optim.Adam().step(weights, gradients, graph.input("rate", ()))
    made = schedule({"loss": loss}, step.updates)
    assert made.copies == {}
    assert set(made.in_place.values()) == set(step.updates)
    home = {made.in_place[n]: k for k in made.kernels for n in k.nodes if n in made.in_place}
    for weight in weights:
        moments = [v for v in step.updates if v.shape == weight.shape]
        assert len({home[v] for v in moments}) == 1


def test_a_value_from_before_the_update_is_copied():
    a, b = graph.variable("a", (3, 3)), graph.variable("b", (3, 3))
    swapped = schedule({}, {a: b, b: a})
    assert set(swapped.copies) == {a, b}
    assert schedule({}, {a: a @ b}).copies
    assert schedule({"old": a}, {a: a + 1.0}).copies
    assert schedule({}, {a: graph.transpose(a) + 0.5}).copies
    assert not schedule({}, {a: a + 1.0}).copies


def test_what_is_cheap_is_computed_again():
    """The derivative of ReLU adds the bias again, rather than to load which rows were positive."""
    loss, weights, gradients = mlp()
    made = schedule({"loss": loss}, dict(zip(weights, gradients, strict=True)))
    forward, backward = (k for k in made.kernels if weights[1] in k.reads)
    assert names(forward) == ["Add", "Greater", "Where"]
    assert stored(made, forward) == ["Where"]
    assert names(backward) == ["Where"]


def test_what_is_dear_is_stored_once():
    e = graph.exp(graph.sin(x))
    made = schedule({"sums": graph.sum(e, 0), "rows": graph.sum(e, 1)})
    assert [n.primitive.name for k in made.kernels for n in k.nodes].count("Exp") == 1
    assert any(n.primitive.name == "Exp" for n in made.stored)


def test_views_need_no_kernel():
    w = graph.variable("w", (64, 20))
    assert kinds(schedule({"y": x @ w.T})) == ["MatMul"]
    assert kinds(schedule({"y": graph.exp(x[:, 3:9])})) == ["Map"]
    assert kinds(schedule({"y": graph.reshape(x @ w.T, (batch, 8, 8))})) == ["MatMul"]
    table = graph.variable("table", (9, 4))
    assert kinds(schedule({"y": graph.take(table, y) * 2.0})) == ["Map"]


def test_sums_over_rows_share_a_kernel():
    made = schedule({"sum": graph.sum(x, 0), "squares": graph.sum(graph.square(x), 0)})
    assert kinds(made) == ["Reduce"]
    assert len(made.kernels[0].nodes) == 2


def test_the_rest_are_loops():
    made = schedule({"sums": graph.cumsum(x, 1), "table": graph.scatter_add(y, x, 5)})
    assert all(isinstance(kernel, LoopKernel) for kernel in made.kernels)
    assert len(made.kernels) == 2


def test_unused_work_is_not_done():
    graph.exp(x)
    made = schedule({"y": x + 1.0})
    assert [names(k) for k in made.kernels] == [["Add"]]


def test_long_chains_are_cut():
    """A kernel has a limited number of nodes, so that compiling it takes a limited time."""
    z = x
    for _ in range(600):
        z = graph.tanh(z) + 0.5
    made = schedule({"z": z})
    assert len(made.kernels) > 3
    assert max(len(k.nodes) for k in made.kernels) <= 160


@pytest.mark.parametrize(
    ("shape", "form"),
    [
        ((), (1, 1)), ((7,), (1, 7)), ((3, 5), (3, 5)), ((2, 3, 5), (6, 5)),
        ((batch,), (batch, 1)), ((batch, 3), (batch, 3)), ((batch, 2, 3), (Batch(2), 3)),
        ((2, batch), (Batch(2), 1)),
    ],
)  # fmt: skip
def test_matrix_form(shape, form):
    assert matrix_form(shape) == form
