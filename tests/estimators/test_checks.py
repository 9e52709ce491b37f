"""scikit-learn's own checks of estimators."""

import pytest
from estimator_cases import QUICK
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks
from threadpoolctl import threadpool_limits

from layerwise import Classifier, Regressor
from layerwise.estimators import HiddenLayers


@pytest.fixture(autouse=True)
def _one_thread():
    """Two processes of tests whose linear members use all cores each wait for one another."""
    with threadpool_limits(1):
        yield


WEIGHTS_AS_REPEATS = "minibatches and folds of other rows: equal on average only, see test_weights"
NOT_EXACT = {
    "check_sample_weight_equivalence_on_dense_data": WEIGHTS_AS_REPEATS,
    "check_sample_weight_equivalence_on_sparse_data": WEIGHTS_AS_REPEATS,
}

USUAL = [
    Classifier(epochs=8, members=1, n_jobs=1),
    Regressor(epochs=8, members=1, n_jobs=1),
]

EXACT = {
    "members": 1,
    "validation_fraction": 0,
    "batch_size": "all",
    "dropout": 0,
    "shuffle": False,
    "dtype": "float64",
    "epochs": 20,
    "learning_rate": 0.02,
    "n_jobs": 1,
}


@parametrize_with_checks(USUAL, expected_failed_checks=lambda _: NOT_EXACT)
def test_usual(estimator, check):
    check(estimator)


@parametrize_with_checks([Classifier(**EXACT), Regressor(**EXACT)])
def test_exact(estimator, check):
    check(estimator)


HIDDEN = HiddenLayers(Classifier(**{**QUICK, "n_jobs": 1, "random_state": 0}))


@parametrize_with_checks([HIDDEN])
def test_hidden_layers(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "check",
    [
        "check_estimators_dtypes",
        "check_estimators_overwrite_params",
        "check_estimators_pickle",
        "check_fit2d_1feature",
        "check_fit_idempotent",
        "check_methods_sample_order_invariance",
        "check_n_features_in",
        "check_sample_weights_list",
    ],
)
@pytest.mark.parametrize("estimator", [Classifier(), Regressor()], ids=["classifier", "regressor"])
def test_defaults(estimator, check):
    getattr(estimator_checks, check)(type(estimator).__name__, estimator)


def test_defaults_learn():
    estimator_checks.check_classifiers_train("Classifier", Classifier())
    estimator_checks.check_regressors_train("Regressor", Regressor())
