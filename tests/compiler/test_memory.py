"""Places in memory: shared by values of one size whose lives do not overlap."""

import itertools

import numpy as np
import pytest

from layerwise import graph
from layerwise.compiler.memory import Life, Place, plan_memory


def value(number):
    return graph.variable(f"value {number}", ())


def plan(*lives):
    """Places of values given as (fixed, per_row, first, last), and the places' sizes."""
    nodes = [value(n) for n in range(len(lives))]
    chosen, places = plan_memory(Life(n, *life) for n, life in zip(nodes, lives, strict=True))
    return [chosen[n] for n in nodes], places


def test_nothing():
    assert plan() == ([], [])


def test_values_that_follow_each_other_share():
    assert plan((64, 0, 0, 1), (64, 0, 2, 3), (64, 0, 4, 9)) == ([0, 0, 0], [Place(64, 0)])


@pytest.mark.parametrize("second", [(0, 5), (1, 2), (3, 4)])
def test_values_that_live_at_once_are_apart(second):
    """One that is read by the kernel that computes the other lives at once with it, too."""
    chosen, places = plan((64, 0, 0, 3), (64, 0, *second))
    assert chosen[0] != chosen[1]
    assert len(places) == 2


def test_values_of_different_sizes_are_apart():
    chosen, places = plan((64, 0, 0, 1), (0, 64, 2, 3), (32, 0, 4, 5), (64, 0, 6, 7))
    assert len(set(chosen)) == 3
    assert chosen[0] == chosen[3]
    assert sorted(places) == [(0, 64), (32, 0), (64, 0)]


def test_order_of_the_list_does_not_matter():
    lives = [(8, 0, 4, 5), (8, 0, 0, 1), (8, 0, 2, 3)]
    assert plan(*lives)[0] == plan(*lives[::-1])[0]


def test_random_lives_never_overlap():
    generator = np.random.default_rng(0)
    for _ in range(50):
        lives = []
        for _ in range(40):
            first = int(generator.integers(0, 60))
            last = first + int(generator.integers(0, 20))
            lives.append(
                (int(generator.integers(1, 3)), int(generator.integers(0, 2)), first, last)
            )
        chosen, places = plan(*lives)
        for place, size in enumerate(places):
            own = sorted(
                life[2:] for life, where in zip(lives, chosen, strict=True) if where == place
            )
            assert all(a[1] < b[0] for a, b in itertools.pairwise(own))
            held = {life[:2] for life, where in zip(lives, chosen, strict=True) if where == place}
            assert held == {tuple(size)}
        # As few as live at once.
        for size in set(places):
            alive = [
                sum(f <= t <= last for *s, f, last in lives if tuple(s) == tuple(size))
                for t in range(80)
            ]
            assert places.count(size) == max(alive)
