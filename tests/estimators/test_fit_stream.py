"""Estimators fitted to blocks of rows."""

import numpy as np
import pandas as pd
import pytest

import layerwise as lw
from layerwise import Classifier, Regressor


def frame(count: int, seed: int) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(count, 3))
    town = generator.choice(["Rome", "Oslo", "Lima", "Bonn"], count)
    y = x[:, 0] ** 2 + (town == "Oslo") * 2 - x[:, 1]
    x[generator.random((count, 3)) < 0.02] = np.nan
    table = pd.DataFrame(x, columns=["a", "b", "c"]).assign(town=town)
    return table, y, np.where(y > 1, "high", "low")


def blocks_of(table: pd.DataFrame, y: np.ndarray, size: int = 2_000):
    return lambda: ((table.iloc[i : i + size], y[i : i + size]) for i in range(0, len(table), size))


@pytest.mark.parametrize("kind", [Regressor, Classifier])
def test_a_stream_is_learned(kind, tmp_path) -> None:
    table, numbers, labels = frame(24_000, 0)
    y = numbers if kind is Regressor else labels
    unseen, other_numbers, other_labels = frame(2_000, 1)
    truth = other_numbers if kind is Regressor else other_labels
    held_out = frame(1_000, 2)
    estimator = kind(random_state=0, epochs=2).fit_stream(
        blocks_of(table, y), rows=len(table), block_rows=2_000,
        sample=(table.iloc[::10], y[::10]),
        validation_data=(held_out[0], held_out[1] if kind is Regressor else held_out[2]),
    )  # fmt: skip
    assert estimator.score(unseen, truth) > 0.9
    assert len(estimator.history_[0]) == 24
    estimator.save(tmp_path / "m.safetensors")
    found, expected = lw.load(tmp_path / "m.safetensors").predict(unseen), estimator.predict(unseen)
    if kind is Regressor:
        assert np.allclose(found, expected, rtol=1e-5, atol=1e-5)
    else:
        assert np.array_equal(found, expected)


def test_the_same_seed_gives_the_same_predictions() -> None:
    table, y, _ = frame(6_000, 0)
    found = [
        Regressor(random_state=3)
        .fit_stream(blocks_of(table, y), rows=6_000, block_rows=2_000, sample=(table, y))
        .predict(table)
        for _ in range(2)
    ]
    assert np.array_equal(*found)


def test_a_class_that_the_sample_lacks_must_be_announced() -> None:
    table, _, labels = frame(4_000, 0)
    labels[100:120] = "odd"
    sample = (table.iloc[200:1_200], labels[200:1_200])
    with pytest.raises(lw.DataError, match="odd"):
        Classifier().fit_stream(
            blocks_of(table, labels), rows=4_000, block_rows=2_000, sample=sample
        )
    fitted = Classifier(random_state=0).fit_stream(
        blocks_of(table, labels), rows=4_000, block_rows=2_000, sample=sample,
        classes=["high", "low", "odd"],
    )  # fmt: skip
    assert list(fitted.classes_) == ["high", "low", "odd"]


def test_a_block_with_other_columns_is_an_error() -> None:
    table, y, _ = frame(2_000, 0)
    with pytest.raises(ValueError, match=r"feature names|there is no column"):
        Regressor().fit_stream(
            blocks_of(table.drop(columns="b"), y), rows=2_000, block_rows=2_000, sample=(table, y)
        )
