"""Two ensembles beside each other where one of them blew up."""

import numpy as np
import pytest

from layerwise.doctor.compare_table import FAR, compare_held_out
from layerwise.nn.losses import find
from layerwise.tabular.record import HeldOut


def held_out(raw, target):
    return HeldOut(np.asarray(raw, float), np.asarray(target), None, False)


def test_a_few_rows_that_are_wildly_wrong_do_not_hide_the_gain():
    """Their losses count as 25 of a constant guess, so that their spread is no excuse."""
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 200).astype(np.float64)[:, None]
    right = 2 * y - 1
    wild = 40 * right
    wild[:16] = -random.uniform(1, 1e5, (16, 1)) * right[:16]
    loss = find("bce_with_logits")
    found = compare_held_out(held_out(wild, y), held_out(2 * right, y), (loss, loss))
    share = y.mean()
    constant = -(share * np.log(share) + (1 - share) * np.log(1 - share))
    assert found.improves
    assert found.before < 16 / 200 * FAR * constant * 1.001
    assert found.after == pytest.approx(np.log1p(np.exp(-2)))


@pytest.mark.parametrize("name", ["mse", "poisson", "cross_entropy"])
def test_usual_losses_are_as_they_are(name):
    random = np.random.default_rng(1)
    loss = find(name)
    if name == "cross_entropy":
        y, raw = random.integers(0, 3, 50), random.standard_normal((50, 3))
    else:
        y, raw = random.poisson(3, (50, 1)).astype(float), random.standard_normal((50, 1))
    found = compare_held_out(held_out(raw, y), held_out(raw, y), (loss, loss))
    assert found.before == pytest.approx(float(np.mean(np.asarray(loss.function(raw, y)))))
    assert found.gain == 0
