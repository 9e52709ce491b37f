import numpy as np
import pytest

from layerwise import nn
from layerwise.graph import ShapeError

X = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
MASK = np.array([[0, 0, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1]], bool)


def test_masked_mean_is_the_mean_of_what_is_not_masked():
    found = nn.MaskedMean()(X, MASK)
    np.testing.assert_allclose(found[0], X[0, :2].mean(0), atol=1e-6)
    np.testing.assert_allclose(found[1], X[1].mean(0), atol=1e-6)
    assert not found[2].any()
    np.testing.assert_allclose(nn.MaskedMean()(X), X.mean(1), atol=1e-6)


def test_masked_max_is_the_largest_of_what_is_not_masked():
    found = nn.MaskedMax()(X, MASK)
    np.testing.assert_array_equal(found[0], X[0, :2].max(0))
    np.testing.assert_array_equal(found[1], X[1].max(0))
    assert not found[2].any()
    np.testing.assert_array_equal(nn.MaskedMax()(X), X.max(1))


def test_attention_pooling_is_a_weighted_mean():
    pool = nn.AttentionPooling(5, 7)
    weights = np.asarray(pool.weights(X, MASK))
    scores = np.tanh(X @ pool.project.weight.value.T + pool.project.bias.value)
    scores = (scores @ pool.score.weight.value.T)[..., 0]
    expected = np.exp(scores[0, :2]) / np.exp(scores[0, :2]).sum()
    np.testing.assert_allclose(weights[0], [*expected, 0, 0], atol=1e-6)
    found = pool(X, MASK)
    np.testing.assert_allclose(found[0], expected @ X[0, :2], atol=1e-5)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("pool", [nn.MaskedMean(), nn.MaskedMax(), nn.AttentionPooling(5)])
def test_wrong_shapes_are_named(pool):
    with pytest.raises(ShapeError, match=r"expected \(batch, length, features\)"):
        pool(X[0])
    with pytest.raises(ShapeError, match="expected a mask bool"):
        pool(X, MASK[:, :3])
