"""Initialisers: shapes, spread, bounds, right angles, repeatability."""

import math

import numpy as np
import pytest

from layerwise.errors import OptionError
from layerwise.graph import ShapeError
from layerwise.nn import INITIALISERS, initialisation, initialiser

SHAPE = (300, 200)

VARIANCE = {
    "zeros": 0,
    "ones": 0,
    "uniform": 0.05**2 / 3,
    "normal": 0.05**2,
    "xavier_uniform": 2 / 500,
    "xavier_normal": 2 / 500,
    "glorot_uniform": 2 / 500,
    "glorot_normal": 2 / 500,
    "kaiming_uniform": 2 / 200,
    "kaiming_normal": 2 / 200,
    "he_uniform": 2 / 200,
    "he_normal": 2 / 200,
    "orthogonal": 1 / 300,
}


@pytest.mark.parametrize("name", INITIALISERS)
def test_spread_is_what_the_paper_says(name, generator):
    values = initialiser(name)(SHAPE, generator)
    assert values.dtype == np.float32
    assert values.shape == SHAPE
    assert values.var() == pytest.approx(VARIANCE[name], rel=0.03, abs=1e-12)
    assert values.mean() == pytest.approx(1.0 if name == "ones" else 0.0, abs=0.002)
    if name.endswith("uniform"):
        assert abs(values).max() <= math.sqrt(3 * VARIANCE[name]) * (1 + 1e-6)


@pytest.mark.parametrize("name", INITIALISERS)
def test_same_generator_same_values(name):
    first, second = (initialiser(name)((4, 3), np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("shape", [(5, 5), (3, 8), (8, 3), (4, 2, 3)])
def test_orthogonal_rows_or_columns_are_at_right_angles(shape, generator):
    matrix = initialisation.orthogonal(shape, generator, gain=2.0).reshape(shape[0], -1)
    product = matrix @ matrix.T if shape[0] <= matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-5)


def test_fans_count_the_axes_of_a_window():
    assert initialisation.fans((8, 3, 5, 5)) == (75, 200)


@pytest.mark.parametrize("name", ["xavier_normal", "he_uniform", "orthogonal"])
def test_a_bias_has_no_fan(name, generator):
    with pytest.raises(ShapeError, match="zeros, uniform or normal"):
        initialiser(name)((5,), generator)


def test_he_keeps_the_size_of_activations_through_relu_layers(generator):
    x = generator.normal(size=(500, 256))
    for _ in range(20):
        x = np.maximum(x @ initialisation.kaiming_normal((256, 256), generator).T, 0)
    assert 0.3 < np.mean(x**2) < 3


def test_names_and_functions():
    assert initialiser("He-Uniform") is initialisation.kaiming_uniform
    assert initialiser(initialisation.zeros) is initialisation.zeros
    with pytest.raises(OptionError, match="did you mean 'orthogonal'"):
        initialiser("ortogonal")
    with pytest.raises(TypeError, match="expected an initialiser"):
        initialiser(0.1)
