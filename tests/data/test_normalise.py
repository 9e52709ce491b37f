import numpy as np

from layerwise import graph
from layerwise.data import scale_pixels, standardise


def test_standardise():
    rows = np.random.default_rng(0).normal([5, -100, 0], [1, 20, 1e-3], (500, 3)).astype(np.float32)
    made = standardise(rows)(rows)
    np.testing.assert_allclose(made.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(made.std(0), 1, atol=1e-3)


def test_a_constant_column_stays_harmless():
    rows = np.full((50, 2), [3.1, 1e6], np.float32)
    rows[:, 0] += np.arange(50)
    normalise = standardise(rows)
    assert not normalise(rows)[:, 1].any()
    np.testing.assert_array_equal(normalise(rows + np.float32(1))[:, 1], 1)


def test_pixels():
    normalise = scale_pixels(4, 16)
    np.testing.assert_array_equal(normalise(np.float32([[0, 4, 8, 16]])), [[0, 0.25, 0.5, 1]])


def test_in_a_graph_it_is_the_same():
    rows = np.random.default_rng(1).normal(3, 2, (7, 5)).astype(np.float32)
    normalise = standardise(rows)
    x = graph.input("x", (graph.batch, 5), "float32")
    (result,) = graph.evaluate([normalise(x)], {x: rows})
    np.testing.assert_array_equal(result, normalise(rows))
