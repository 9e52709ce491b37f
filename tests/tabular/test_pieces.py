"""Numbers cut into pieces, bent to normal scores, and as waves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from layerwise.tabular.periodic import Periodic
from layerwise.tabular.piecewise import (
    FlatPieces,
    NormalScores,
    Pieces,
    middle_ranks,
    pieces_for,
    quantile_edges,
)

columns = arrays(
    np.float32,
    st.tuples(st.integers(1, 40), st.integers(1, 3)),
    elements=st.floats(-1e6, 1e6, width=32),
)


@settings(max_examples=50, deadline=None)
@given(columns, st.integers(1, 8))
def test_edges_rise_and_span_the_values(numbers: np.ndarray, pieces: int) -> None:
    for column, edges in zip(numbers.T, quantile_edges(numbers, pieces), strict=True):
        assert (np.diff(edges) > 0).all()
        assert edges[0] == column.min()
        assert edges[-1] == column.max()
        assert 1 <= len(edges) <= pieces + 1


@settings(max_examples=50, deadline=None)
@given(columns, st.data())
def test_a_weight_counts_like_repeated_rows(numbers: np.ndarray, data: st.DataObject) -> None:
    weight = np.array(
        data.draw(st.lists(st.integers(0, 3), min_size=len(numbers), max_size=len(numbers)))
    )
    if not weight.any():
        return
    repeated = np.repeat(numbers, weight, axis=0)
    edges = quantile_edges(numbers, 6, weight.astype(np.float32))
    expected = quantile_edges(repeated, 6)
    ranks = middle_ranks(numbers, edges, weight.astype(np.float32))
    for found, wanted in zip(edges, expected, strict=True):
        assert np.array_equal(found, wanted)
    for found, wanted in zip(ranks, middle_ranks(repeated, expected), strict=True):
        assert np.allclose(found, wanted, rtol=0, atol=1e-12)


def test_pieces_are_the_formula_of_the_paper() -> None:
    edges = [np.array([0.0, 1.0, 3.0]), np.array([5.0])]
    x = np.array([[-1, 5], [0.5, 9], [2, -9], [7, 5]], np.float32)
    found = Pieces(edges)(x)
    expected = np.array([[0, 0], [0.5, 0], [1, 0.5], [1, 1]], np.float32)
    assert np.array_equal(found[:, 0], expected)
    assert not found[:, 1].any()  # a column that never changes has no pieces
    assert np.array_equal(FlatPieces(edges)(x), found.reshape(4, -1))


def test_a_weighted_sum_of_pieces_is_any_bent_line() -> None:
    x = np.sort(np.random.default_rng(0).exponential(size=500)).astype(np.float32)[:, None]
    edges = quantile_edges(x, 32)
    design = np.concatenate([Pieces(edges)(x)[:, 0], np.ones((500, 1))], 1)
    wanted = np.log1p(5 * x[:, 0])
    weights = np.linalg.lstsq(design, wanted, rcond=None)[0]
    assert np.abs(design @ weights - wanted).max() < 0.1


def test_scores_are_normally_distributed() -> None:
    x = np.random.default_rng(1).lognormal(sigma=2, size=(5000, 1)).astype(np.float32)
    edges = quantile_edges(x, 64)
    scores = NormalScores(edges, middle_ranks(x, edges))(x)[:, 0]
    assert stats.kstest(scores, "norm").statistic < 0.05
    assert abs(scores).max() < 3.2
    assert (np.diff(scores[np.argsort(x[:, 0])]) >= -1e-5).all()


def test_a_wide_table_gets_fewer_pieces_or_none() -> None:
    assert pieces_for(4, 32) == 32
    assert pieces_for(40, 32) == 9
    assert pieces_for(784, 32) == 0


def test_waves_are_the_formula_of_the_paper() -> None:
    module = Periodic(2, waves=3, size=2)
    x = np.array([[0.3, -1.2]], np.float32)
    held = module.state_dict()
    waves = np.cos(2 * np.pi * held["frequency"] * x[0][:, None] + held["phase"])
    mixed = np.einsum("csw,cw->cs", held["mix"], waves) + held["bias"]
    expected = np.concatenate([mixed, x[0][:, None]], 1).reshape(1, -1)
    assert module(x) == pytest.approx(expected, abs=1e-5)
