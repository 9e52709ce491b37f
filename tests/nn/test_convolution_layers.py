"""Layers of pictures give what PyTorch gives, with its weights: outputs and gradients.

The fixture was made by `make_convolution_fixtures.py`.
"""

import functools
from pathlib import Path

import numpy as np
import pytest

from layerwise import DataError, OptionError, ShapeError, graph, nn
from layerwise.compiler import Feeds, Program, State
from layerwise.nn.trace import Trace

FIXTURE = Path(__file__).parent / "fixtures" / "convolution.npz"

LAYERS = {
    "plain": lambda: nn.Conv2d(2, 3, 3),
    "same": lambda: nn.Conv2d(1, 2, (2, 3), padding="same"),
    "strided": lambda: nn.Conv2d(3, 2, (3, 2), stride=(2, 1), padding=(1, 0), bias=False),
    "dilated": lambda: nn.Conv2d(2, 2, 2, padding=2, dilation=(2, 1)),
    "single": lambda: nn.Conv2d(4, 3, 1),
    "patches": lambda: nn.Conv2d(1, 4, 2, stride=2),
    "max": lambda: nn.MaxPool2d(2),
    "max_over": lambda: nn.MaxPool2d(3, 2, 1),
    "mean": lambda: nn.AvgPool2d((2, 3)),
    "mean_over": lambda: nn.AvgPool2d(3, 1, 1),
    "global": nn.GlobalAvgPool2d,
    "norm": lambda: nn.BatchNorm2d(3),
    "net": lambda: nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(24, 3),
    ),
}  # fmt: skip


@functools.cache
def recalled():
    found = {name: {} for name in LAYERS}
    with np.load(FIXTURE) as arrays:
        for key in arrays.files:
            name, _, rest = key.partition("/")
            found[name][rest] = arrays[key]
    return found


def weights_of(values):
    state = {k.removeprefix("weight."): v for k, v in values.items() if k.startswith("weight.")}
    return {k: v.astype(np.int32) if v.dtype == np.int64 else v for k, v in state.items()}


def in_training(net, x, cotangent):
    """Output, gradients and updated buffers, as graphs of one step of training."""
    trace = Trace(training=True)
    output = net.trace_forward(trace, x)
    names, parameters = zip(*net.named_parameters(), strict=True) if net.parameters() else ((), ())
    _, found = graph.value_and_gradients(graph.sum(output * cotangent), [x, *parameters])
    outputs = {"output": output, "gradient:x": found[0]}
    outputs |= {f"gradient.{n}": g for n, g in zip(names, found[1:], strict=True)}
    buffers = {b.tensor: n for n, b in net.named_buffers()}
    return outputs | {
        f"after.{buffers[t]}": v for t, v in trace.updates.items() if v.dtype.kind == "f"
    }


@pytest.mark.parametrize("name", LAYERS)
def test_as_pytorch(backend, name):
    values = recalled()[name]
    net = LAYERS[name]()
    net.load_state_dict(weights_of(values))
    x = graph.input("x", (graph.batch, *values["x"].shape[1:]))
    cotangent = graph.input("cotangent", (graph.batch, *values["cotangent"].shape[1:]))
    outputs = in_training(net, x, cotangent)
    state = State({h.tensor: h.value for _, h in net.named_held()})
    feeds = Feeds({"x": values["x"], "cotangent": values["cotangent"]}, len(values["x"]))
    program = Program(outputs)
    state = State({v: state[v] for v in program.variables})
    got = backend.compile(program).run(state, feeds)
    for key in outputs:
        array = got[key] if key in ("output", "gradient:x") else got[key][0]
        scale = max(1.0, float(np.abs(values[key]).max()))
        np.testing.assert_allclose(array, values[key], 1e-5, 1e-5 * scale, err_msg=key)


def test_float64_differences():
    """Gradients of a chain of layers, against central differences."""
    generator = np.random.default_rng(0)
    net = nn.Sequential(
        nn.Conv2d(2, 3, 3, padding="same", dtype="float64"), nn.Tanh(), nn.MaxPool2d(2),
        nn.Conv2d(3, 2, 2, stride=2, dtype="float64"), nn.BatchNorm2d(2, dtype="float64"),
        nn.AvgPool2d(1), nn.GlobalAvgPool2d(),
    )  # fmt: skip
    rows = generator.normal(size=(3, 2, 6, 5))
    x = graph.input("x", (graph.batch, 2, 6, 5), "float64")
    trace = Trace(training=True)
    weights = generator.normal(size=2)
    loss = graph.sum(graph.square(net.trace_forward(trace, x)) * weights)
    names, parameters = zip(*net.named_parameters(), strict=True)
    _, found = graph.value_and_gradients(loss, [x, *parameters])
    program = Program({"loss": loss, **dict(zip(["x", *names], found, strict=True))})
    from layerwise import backends

    executable = backends.get("native").compile(program)
    values = {h.tensor: h.value.copy() for _, h in net.named_held()}
    values = {v: values[v] for v in program.variables}

    def run(values, rows):
        return executable.run(State(dict(values)), Feeds({"x": rows}, len(rows)))

    got = run(values, rows)
    step = 1e-5
    for name, parameter in [("x", None), *zip(names, parameters, strict=True)]:
        size = rows.size if parameter is None else parameter.value.size
        for place in generator.choice(size, min(size, 6), replace=False):
            losses = []
            for sign in (1, -1):
                moved, other = rows.copy(), dict(values)
                if parameter is None:
                    moved.reshape(-1)[place] += sign * step
                else:
                    changed = parameter.value.copy()
                    changed.reshape(-1)[place] += sign * step
                    other[parameter.tensor] = changed
                losses.append(float(run(other, moved)["loss"][0]))
            slope = (losses[0] - losses[1]) / (2 * step)
            array = got[name] if name == "x" else got[name][0]
            assert array.reshape(-1)[place] == pytest.approx(slope, rel=1e-5, abs=1e-7), name


def test_same_bits_on_any_number_of_threads():
    """And whatever else is in the minibatch."""
    from layerwise import backends

    generator = np.random.default_rng(1)
    x = graph.input("x", (graph.batch, 9, 7, 5))
    kernel = graph.variable("kernel", (3, 3, 5, 18))
    loss = graph.sum(graph.square(graph.convolve(x, kernel, (2, 1), ((1, 1), (0, 2)))), (1, 2, 3))
    _, (slope_x, slope) = graph.value_and_gradients(graph.sum(loss), [x, kernel])
    program = Program({"loss": loss, "x": slope_x, "kernel": slope})
    state = State({kernel: generator.normal(size=kernel.shape).astype("float32")})
    rows = generator.normal(size=(11, 9, 7, 5)).astype("float32")
    native = backends.get("native")
    found = [
        native.compile(program, threads=t).run(state, Feeds({"x": rows}, 11)) for t in (1, 2, 3)
    ]
    for other in found[1:]:
        for name, array in found[0].items():
            np.testing.assert_array_equal(array, other[name])
    some = native.compile(program, threads=1).run(state, Feeds({"x": rows[4:6]}, 2))
    np.testing.assert_array_equal(some["x"], found[0]["x"][4:6])


def test_transposes_between_layers_cancel():
    """No picture is moved between one layer and the next, forward or backward."""
    from layerwise.compiler.simplify import simplify
    from layerwise.graph.movement import Transpose

    net = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.LeakyReLU(),
        nn.Conv2d(4, 2, 3), nn.Tanh(), nn.GlobalAvgPool2d(),
    )  # fmt: skip
    x = graph.input("x", (graph.batch, 3, 8, 8))
    loss = graph.sum(net.trace_forward(Trace(training=True), x))
    _, found = graph.value_and_gradients(loss, [p.tensor for p in net.parameters()])
    simple = simplify(Program({str(i): g for i, g in enumerate(found)}))
    moved = [
        node
        for node in graph.topological_order(simple.roots)
        if isinstance(node.primitive, Transpose) and isinstance(node.shape[0], graph.Batch)
    ]
    # The input itself is shown channels first.
    assert [node.inputs[0] for node in moved] == [x]


def test_nan_reaches_the_output():
    x = np.zeros((1, 1, 4, 4), np.float32)
    x[0, 0, 1, 2] = np.nan
    assert np.isnan(nn.MaxPool2d(2)(x)).sum() == 1
    assert np.isnan(nn.Conv2d(1, 1, 3, padding=1)(x)).sum() == 9


def test_dropout_of_channels():
    net = nn.Sequential(nn.Conv2d(1, 8, 1), nn.Dropout2d(0.5))
    x = np.ones((4, 1, 3, 3), np.float32)
    np.testing.assert_array_equal(net(x), net[0](x))
    from layerwise.insight import layer_outputs

    dropped = layer_outputs(net, x, training=True)["1"]
    whole = (dropped == 0).all((2, 3)) | (dropped == 2 * net[0](x)).all((2, 3))
    assert whole.all()
    off = (dropped == 0).all((2, 3))
    assert 0 < off.sum() < off.size


def test_patches_are_a_convolution():
    """And pictures that are no multiple of the patch get zeros."""
    with nn.seed(0):
        layer = nn.PatchEmbedding(2, (4, 6), 2, 5, class_token=False, position=False)
        full = nn.PatchEmbedding(2, (4, 5), 2, 5)
    convolution = nn.Conv2d(2, 5, 2, stride=2)
    convolution.load_state_dict(layer.state_dict())
    x = np.random.default_rng(0).normal(size=(3, 2, 4, 6)).astype("float32")
    wanted = np.moveaxis(convolution(x).reshape(3, 5, 6), 1, 2)
    np.testing.assert_allclose(layer(x), wanted, rtol=1e-5, atol=1e-6)
    found = full(x[..., :5])
    assert found.shape == (3, 7, 5)
    assert full.tokens == 7
    first = full.class_token.value[0, 0] + full.position.value[0, 0]
    np.testing.assert_allclose(found[:, 0], np.tile(first, (3, 1)), rtol=1e-6)
    layer.weight.value, layer.bias.value = full.weight.value, full.bias.value
    padded = np.pad(x[..., :5], ((0, 0), (0, 0), (0, 0), (0, 1)))
    np.testing.assert_allclose(
        found[:, 1:] - full.position.value[:, 1:], layer(padded), rtol=1e-4, atol=1e-5
    )


def test_mistakes_are_named():
    with pytest.raises(ShapeError, match="add the axis of channels"):
        nn.Conv2d(1, 2, 3)(np.zeros((2, 5, 5), np.float32))
    with pytest.raises(ShapeError, match="move the channels to the front"):
        nn.Conv2d(3, 2, 3)(np.zeros((2, 5, 5, 3), np.float32))
    with pytest.raises(ShapeError, match="does not fit"):
        nn.Conv2d(1, 2, 6)(np.zeros((2, 1, 5, 5), np.float32))
    with pytest.raises(ShapeError, match="pool less often"):
        nn.MaxPool2d(3)(np.zeros((2, 1, 2, 5), np.float32))
    with pytest.raises(OptionError, match="stride of"):
        nn.Conv2d(1, 1, 3, stride=2, padding="same")
    with pytest.raises(OptionError, match="kernel_size"):
        nn.Conv2d(1, 1, (3, 3, 3))
    with pytest.raises(OptionError, match="half of kernel_size"):
        nn.MaxPool2d(2, padding=2)
    with pytest.raises(OptionError, match="smaller patches"):
        nn.PatchEmbedding(1, 8, 9, 4)
    with pytest.raises((DataError, OptionError, ShapeError), match="resize"):
        nn.PatchEmbedding(1, 8, 4, 4)(np.zeros((2, 1, 9, 8), np.float32))
