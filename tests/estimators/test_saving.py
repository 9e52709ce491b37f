"""One file that holds the members, the columns and the target's scale."""

import numpy as np
import pytest
from estimator_cases import POOLED, frame

import layerwise as lw
from layerwise import Classifier, Regressor

DATA, LABELS = frame()
SIZES = DATA["size"].fillna(50).to_numpy()


@pytest.mark.parametrize(
    "target",
    [
        LABELS,
        DATA["count"].to_numpy(),
        DATA["paid"].to_numpy(),
        np.stack([DATA["paid"], DATA["count"] > 2], 1),
    ],
    ids=["two words", "five numbers", "bools", "several answers"],
)
def test_classifiers(target, tmp_path):
    estimator = Classifier(**POOLED, random_state=0).fit(DATA, target)
    estimator.save(tmp_path / "m.safetensors")
    for model in (estimator.to_model(), lw.load(tmp_path / "m.safetensors")):
        found = model.predict_probabilities(DATA)
        np.testing.assert_allclose(found, estimator.predict_proba(DATA), rtol=1e-4, atol=1e-6)
        np.testing.assert_array_equal(model.predict(DATA), estimator.predict(DATA))
        assert model.summary["estimator"] == "Classifier"
        assert {c["name"]: c["role"] for c in model.summary["columns"]}["since"] == "date"


@pytest.mark.parametrize("loss", ["mse", "poisson", "quantile(0.2, 0.8)"])
def test_regressors(loss, tmp_path):
    target = np.abs(SIZES) * 1e4
    estimator = Regressor(**POOLED, loss=loss, random_state=0).fit(DATA, target)
    estimator.save(tmp_path / "m.safetensors")
    for model in (estimator.to_model(), lw.load(tmp_path / "m.safetensors")):
        np.testing.assert_allclose(model.predict(DATA), estimator.predict(DATA), rtol=1e-5)


def test_several_numbers(tmp_path):
    target = np.stack([SIZES, -1e6 * SIZES], 1)
    estimator = Regressor(**POOLED, dtype="float64").fit(DATA, target)
    estimator.save(tmp_path / "m.safetensors")
    found = lw.load(tmp_path / "m.safetensors").predict(DATA)
    np.testing.assert_allclose(found, estimator.predict(DATA), rtol=1e-9)


def test_arrays(tmp_path):
    data = np.random.default_rng(0).normal(size=(60, 3))
    estimator = Classifier(**POOLED).fit(data, data[:, 0] > 0)
    estimator.save(tmp_path / "m.safetensors")
    model = lw.load(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(model.predict(data), estimator.predict(data))
    assert model.features == ("x0", "x1", "x2")
