"""The type that a module computes in."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.compiler import Feeds, Program, State
from layerwise.graph import DTypeError


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_without_parameters_that_of_the_array(dtype):
    assert lw.nn.Softmax()(np.ones((2, 3), dtype)).dtype == dtype


def test_with_parameters_theirs():
    assert lw.nn.Linear(3, 2)(np.ones((2, 3))).dtype == np.float32


def test_parameters_are_converted_after_they_were_used():
    layer, x = lw.nn.Linear(3, 2), np.ones((2, 3))
    narrow = layer(x)
    for parameter in layer.parameters():
        parameter.convert("float64")
    assert layer(x).dtype == np.float64
    np.testing.assert_allclose(layer(x), narrow, rtol=1e-6)
    with pytest.raises(DTypeError, match="got float16"):
        parameter.convert("float16")


def test_fractions_are_not_dropped_in_silence(backend):
    index = lw.input("index", (lw.batch,), "int32")
    executable = backend.compile(Program({"y": index + 1}))
    with pytest.raises(DTypeError, match="'index': float64 would lose its fractions"):
        executable.run(State(), Feeds({"index": np.array([0.5, 1.5])}))


def test_the_gradient_of_a_length_of_zero_is_zero():
    x = lw.input("x", (3,), "float64")
    (gradient,) = lw.gradients(lw.norm(x), [x])
    np.testing.assert_array_equal(lw.evaluate([gradient], {x: np.zeros(3)})[0], np.zeros(3))
