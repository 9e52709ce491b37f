"""How much each kind counts, and how sure the pool may be."""

import numpy as np
import pytest

from layerwise.nn.losses import find
from layerwise.tabular import Task
from layerwise.tabular.pool import fit_weights

BINARY = Task("binary", 1, find("bce_with_logits"))
CLASSES = Task("classes", 3, find("cross_entropy"))
NUMBERS = Task("numbers", 1, find("mse"))


def labels_of(logits: np.ndarray, seed: int = 0) -> np.ndarray:
    drawn = np.random.default_rng(seed).random(logits.shape)
    return (drawn < 1 / (1 + np.exp(-logits))).astype(np.float32)


def test_a_kind_that_knows_nothing_counts_little() -> None:
    generator = np.random.default_rng(0)
    truth = generator.normal(size=(2000, 1)).astype(np.float32) * 2
    noise = generator.normal(size=(2000, 1)).astype(np.float32) * 2
    weights = fit_weights([truth, noise], labels_of(truth), None, BINARY, calibrate=True)
    assert weights[0] == pytest.approx(1, abs=0.15)
    assert weights[1] < 0.15


def test_calibration_finds_the_temperature() -> None:
    truth = np.random.default_rng(0).normal(size=(5000, 1)).astype(np.float32)
    (weight,) = fit_weights([4 * truth], labels_of(truth), None, BINARY, calibrate=True)
    assert weight == pytest.approx(0.25, rel=0.15)
    (kept,) = fit_weights([4 * truth], labels_of(truth), None, BINARY, calibrate=False)
    assert kept == 1


def test_weights_of_numbers_sum_to_one_and_beat_each_kind() -> None:
    generator = np.random.default_rng(0)
    y = generator.normal(size=(3000, 1)).astype(np.float32)
    kinds = [y + generator.normal(size=y.shape).astype(np.float32) * s for s in (0.5, 0.7)]
    weights = fit_weights(kinds, y, None, NUMBERS, calibrate=True)
    assert weights.sum() == pytest.approx(1)
    # Of independent errors the best weights are as their inverse variances.
    assert weights[0] == pytest.approx(0.49 / (0.49 + 0.25), abs=0.05)


def test_a_few_rows_leave_the_weights_nearly_equal() -> None:
    y = np.array([[0], [1]], np.float32)
    good, bad = np.array([[-1], [1]], np.float32), np.array([[1], [-1]], np.float32)
    few = fit_weights([good, bad], y, None, BINARY, calibrate=False)
    many = fit_weights(
        [np.tile(good, (500, 1)), np.tile(bad, (500, 1))], np.tile(y, (500, 1)), None, BINARY,
        calibrate=False,
    )  # fmt: skip
    assert 0.5 < few[0] < 0.75 < 0.95 < many[0]


def test_a_weight_counts_like_repeated_rows() -> None:
    generator = np.random.default_rng(0)
    y = generator.integers(0, 3, 2000).astype(np.int32)
    known = np.eye(3, dtype=np.float32)[y]
    kinds = [known * k + generator.normal(size=(2000, 3)).astype(np.float32) for k in (1, 2)]
    times = generator.integers(0, 4, 2000)
    weighted = fit_weights(kinds, y, times.astype(np.float32), CLASSES, calibrate=True)
    repeated = fit_weights(
        [np.repeat(k, times, axis=0) for k in kinds], np.repeat(y, times), None, CLASSES, True
    )
    # The prior is that of rows, which repeated ones are more of.
    assert weighted == pytest.approx(repeated, rel=0.1)


def test_the_mean_of_members_is_that_of_their_probabilities() -> None:
    generator = np.random.default_rng(0)
    raws = [generator.normal(size=(5, 3)).astype(np.float32) * 3 for _ in range(4)]
    shares = [np.exp(r) / np.exp(r).sum(1, keepdims=True) for r in raws]
    assert np.exp(CLASSES.mean(raws)) == pytest.approx(np.mean(shares, 0), abs=1e-6)
    logits = [r[:, :1] for r in raws]
    expected = np.mean([1 / (1 + np.exp(-z)) for z in logits], 0)
    assert 1 / (1 + np.exp(-BINARY.mean(logits))) == pytest.approx(expected, abs=1e-6)
    assert NUMBERS.mean(logits) == pytest.approx(np.mean(logits, 0), abs=1e-6)
    extreme = [np.full((1, 1), 200, np.float32), np.full((1, 1), -200, np.float32)]
    assert BINARY.mean(extreme) == pytest.approx(0, abs=1e-4)
