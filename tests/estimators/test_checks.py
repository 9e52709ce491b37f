"""scikit-learn's own checks of estimators."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from layerwise import Classifier, Regressor

WEIGHTS_AS_REPEATS = "minibatches and folds of other rows: equal on average only, see test_weights"
NOT_EXACT = {
    "check_sample_weight_equivalence_on_dense_data": WEIGHTS_AS_REPEATS,
    "check_sample_weight_equivalence_on_sparse_data": WEIGHTS_AS_REPEATS,
}

USUAL = [
    Classifier(epochs=8, members=2, n_jobs=1),
    Regressor(epochs=8, members=2, n_jobs=1),
]

EXACT = {
    "members": 1,
    "validation_fraction": 0,
    "batch_size": "all",
    "dropout": 0,
    "shuffle": False,
    "dtype": "float64",
    "epochs": 40,
    "learning_rate": 0.02,
    "n_jobs": 1,
}


@parametrize_with_checks(USUAL, expected_failed_checks=lambda _: NOT_EXACT)
def test_usual(estimator, check):
    check(estimator)


@parametrize_with_checks([Classifier(**EXACT), Regressor(**EXACT)])
def test_exact(estimator, check):
    check(estimator)
