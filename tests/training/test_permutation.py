import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.backends import native
from layerwise.graph.threefry import threefry2x32
from layerwise.training import Permutations
from layerwise.training.permutation import SHUFFLE, draw_order

seeds = st.integers(0, 2**32 - 1)


@given(st.integers(0, 400), seeds, st.integers(0, 1000))
def test_every_row_comes_once(rows, seed, epoch):
    order = Permutations(rows, seed)[epoch]
    assert order.dtype == np.int64
    assert np.array_equal(np.sort(order), np.arange(rows))


@given(st.integers(0, 400), st.tuples(seeds, seeds), seeds)
def test_machine_code_draws_the_same(rows, key, number):
    order = native.draw_order(rows, key, number)
    assert order.dtype == np.int64
    assert np.array_equal(order, draw_order(rows, key, number))


def test_machine_code_draws_the_same_for_many_rows():
    assert np.array_equal(native.draw_order(70_001, (1, 2), 3), draw_order(70_001, (1, 2), 3))


@pytest.mark.parametrize("draw", [draw_order, native.draw_order])
def test_epochs_and_seeds_differ(draw):
    drawn = {tuple(Permutations(50, s, draw)[epoch]) for s in range(5) for epoch in range(5)}
    assert len(drawn) == 25


def test_every_order_is_as_likely():
    orders = Permutations(4, 1, native.draw_order)
    _, counts = np.unique([orders[epoch] for epoch in range(24_000)], axis=0, return_counts=True)
    # 1,000 expected of each; 6 standard deviations are about 186.
    assert len(counts) == 24
    assert np.abs(counts - 1000).max() < 186


def test_every_place_is_as_likely():
    drawn = Permutations(10, 1, native.draw_order)
    places = np.array([drawn[epoch] for epoch in range(20_000)])
    counts = np.stack([np.bincount(places[:, i], minlength=10) for i in range(10)])
    # 2,000 expected in each cell; 6 standard deviations are about 255.
    assert np.abs(counts - 2000).max() < 255


def test_rows_enter_at_a_place_drawn_from_their_bits():
    rows, seed, epoch = 1001, 5, 3
    counters = np.arange((rows + 1) // 2, dtype=np.uint32)
    words = threefry2x32(np.uint32(seed), np.uint32(SHUFFLE), np.uint32(epoch), counters)
    expected: list[int] = []
    for row, word in zip(range(rows), np.concatenate(words).tolist(), strict=False):
        place = word * (row + 1) >> 32
        expected.append(row)
        expected[row], expected[place] = expected[place], expected[row]
    assert Permutations(rows, seed)[epoch].tolist() == expected
