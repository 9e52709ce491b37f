import numpy as np
import pytest

import layerwise as lw
from layerwise.data.held_out import hold_out, hold_out_groups, hold_out_latest


def both(held, rows):
    assert sorted([*held.rest, *held.test]) == list(range(rows))
    return held


def test_classes_keep_their_proportions():
    classes = np.repeat([0, 1, 2], [60, 30, 10])
    held, small = hold_out(100, 0.2, 3, classes=classes)
    both(held, 100)
    assert small == []
    assert np.bincount(classes[held.test]).tolist() == [12, 6, 2]
    again, _ = hold_out(100, 0.2, 3, classes=classes)
    np.testing.assert_array_equal(again.test, held.test)
    other, _ = hold_out(100, 0.2, 4, classes=classes)
    assert set(other.test) != set(held.test)


def test_small_classes_are_learned_from():
    classes = np.repeat([0, 1, 2], [40, 4, 1])
    held, small = hold_out(45, 0.25, 0, classes=classes)
    both(held, 45)
    assert small == [1, 2]
    assert set(classes[held.test]) == {0}
    held, small = hold_out(8, 0.25, 0, classes=np.arange(8))
    assert len(held.test) == 2


def test_numbers_and_too_few_rows():
    held, small = hold_out(40, 0.25, 0)
    assert (len(both(held, 40).test), small) == (10, [])
    with pytest.raises(lw.DataError, match="too few"):
        hold_out(2, 0.1, 0)


def test_groups_stay_together():
    groups = np.random.default_rng(0).integers(0, 30, 400)
    held = both(hold_out_groups(groups, 0.25, 0), 400)
    assert not set(groups[held.rest]) & set(groups[held.test])
    assert 80 <= len(held.test) <= 120
    assert set(hold_out_groups(groups, 0.25, 1).test) != set(held.test)
    uneven = np.array([0] * 98 + [1] * 2)
    assert len(both(hold_out_groups(uneven, 0.25, 0), 100).test) in (2, 98)
    with pytest.raises(lw.DataError, match="one group"):
        hold_out_groups(np.zeros(5), 0.25, 0)


def test_the_latest_are_held_out():
    times = np.random.default_rng(0).permutation(100).astype(float)
    held = both(hold_out_latest(times, 0.25), 100)
    assert len(held.test) == 25
    assert times[held.rest].max() < times[held.test].min()
    days = np.array(["2020-01-01"] * 6 + ["2020-01-02"] * 4, "datetime64[us]")
    held = both(hold_out_latest(days, 0.1), 10)
    assert sorted(held.test) == [6, 7, 8, 9]
    with pytest.raises(lw.DataError, match="same time"):
        hold_out_latest(np.zeros(4), 0.25)
