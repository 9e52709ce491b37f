import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from layerwise.graph.threefry import threefry2x32
from layerwise.training import Permutations
from layerwise.training.permutation import SHUFFLE, orders


@given(st.integers(1, 400), st.integers(0, 2**32 - 1), st.integers(0, 1000))
def test_every_row_comes_once(rows, seed, epoch):
    order = Permutations(rows, seed)[epoch]
    assert order.dtype == np.int64
    assert np.array_equal(np.sort(order), np.arange(rows))


@given(st.integers(2, 50), st.integers(0, 99))
def test_an_epoch_does_not_depend_on_which_were_drawn_with_it(rows, epoch):
    alone = orders(rows, 3, range(epoch, epoch + 1))[0]
    assert np.array_equal(alone, Permutations(rows, 3)[epoch])


def test_epochs_and_seeds_differ():
    drawn = {tuple(Permutations(50, seed)[epoch]) for seed in range(5) for epoch in range(5)}
    assert len(drawn) == 25


def test_every_place_is_as_likely():
    places = orders(10, 1, range(20_000))
    counts = np.stack([np.bincount(places[:, i], minlength=10) for i in range(10)])
    # 2,000 expected in each cell; 6 standard deviations are about 255.
    assert np.abs(counts - 2000).max() < 255


def test_rows_are_sorted_by_their_bits():
    rows, seed, epoch = 1000, 5, 3
    counters = np.arange(rows // 2, dtype=np.uint32)
    words = threefry2x32(np.uint32(seed), np.uint32(SHUFFLE), np.uint32(epoch), counters)
    bits = np.stack(words, 1).ravel()
    expected = sorted(range(rows), key=lambda row: (bits[row], row))
    assert Permutations(rows, seed)[epoch].tolist() == expected
