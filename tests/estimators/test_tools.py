"""Inside scikit-learn's tools, other processes and other threads."""

import copy
import pickle
import subprocess
import sys
import threading

import numpy as np
import pandas as pd
import pytest
import sklearn
from estimator_cases import POOLED, QUICK, frame, numbers
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    TunedThresholdClassifierCV,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from layerwise import Classifier, Regressor

X, Y = numbers(200)
DATA, LABELS = frame()

TRAINED = {**QUICK, "epochs": 30, "learning_rate": 0.03, "random_state": 0}


def test_in_a_pipeline():
    pipeline = make_pipeline(StandardScaler(), Classifier(**TRAINED)).fit(X, Y)
    assert pipeline.score(X, Y) > 0.9
    framed = make_pipeline(StandardScaler().set_output(transform="pandas"), Classifier(**TRAINED))
    assert framed.fit(pd.DataFrame(X, columns=list("abcd")), Y)[-1].feature_names_in_[0] == "a"


def test_behind_a_column_transformer():
    columns = ColumnTransformer(
        [
            ("words", OneHotEncoder(handle_unknown="ignore"), ["colour", "town"]),
            ("numbers", StandardScaler(), make_column_selector(dtype_include=np.number)),
        ]
    )
    pipeline = make_pipeline(columns, Classifier(**TRAINED)).fit(DATA, LABELS)
    assert pipeline.score(DATA, LABELS) > 0.7


def test_cross_validation():
    assert cross_val_score(Classifier(**TRAINED), X, Y, cv=3).mean() > 0.8
    assert cross_val_score(Regressor(**TRAINED), X, X[:, 0], cv=3).mean() > 0.5
    found = cross_validate(Classifier(**QUICK), DATA, LABELS, cv=2, scoring="neg_log_loss")
    assert np.isfinite(found["test_score"]).all()


@pytest.mark.filterwarnings("ignore:A worker stopped")
def test_grid_search_in_processes():
    grid = {"learning_rate": [1e-6, 0.03], "activation": ["relu", "tanh"]}
    search = GridSearchCV(Classifier(**{**TRAINED, "n_jobs": 1}), grid, cv=2, n_jobs=2).fit(X, Y)
    assert search.best_params_["learning_rate"] == 0.03
    assert search.best_score_ > 0.8
    alone = GridSearchCV(Classifier(**TRAINED), grid, cv=2, n_jobs=1).fit(X, Y)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_grid_search_on_dask():
    distributed = pytest.importorskip("distributed")
    import joblib

    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config("dask"),
    ):
        search = GridSearchCV(Classifier(**TRAINED), {"learning_rate": [1e-6, 0.03]}, cv=2)
        assert search.fit(X, Y).best_params_ == {"learning_rate": 0.03}


def test_calibration_and_thresholds():
    calibrated = CalibratedClassifierCV(Classifier(**TRAINED), cv=2).fit(X, Y)
    assert calibrated.predict_proba(X).shape == (200, 2)
    tuned = TunedThresholdClassifierCV(Classifier(**TRAINED), cv=2).fit(X, Y)
    assert tuned.score(X, Y) > 0.8
    scaled = TransformedTargetRegressor(Regressor(**TRAINED), func=np.log, inverse_func=np.exp)
    assert scaled.fit(X, np.exp(X[:, 0])).score(X, np.exp(X[:, 0])) > 0.5


def test_clones_begin_anew():
    fitted = Classifier(**POOLED, random_state=0).fit(X, Y)
    fresh = clone(fitted)
    assert fresh.get_params() == fitted.get_params()
    assert not hasattr(fresh, "ensemble_")
    np.testing.assert_array_equal(fresh.fit(X, Y).predict_proba(X), fitted.predict_proba(X))


# -- metadata --------------------------------------------------------------------------------------


def test_weights_are_routed():
    weight = np.where(Y == 1, 0.0, 1.0)
    weight[:100] = 1
    with sklearn.config_context(enable_metadata_routing=True):
        model = Classifier(**TRAINED).set_fit_request(sample_weight=True, groups=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
        pipeline.fit(X, Y, sample_weight=weight, groups=np.arange(200) // 2)
        want = make_pipeline(StandardScaler(), Classifier(**TRAINED)).fit(X, Y)
        assert (pipeline.predict_proba(X) != want.predict_proba(X)).any()
        search = GridSearchCV(
            model.set_score_request(sample_weight=True), {"epochs": [2]}, cv=GroupKFold(2)
        )
        search.fit(X, Y, sample_weight=weight, groups=np.arange(200) // 2)
        assert search.best_params_ == {"epochs": 2}


# -- copies ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_predict_the_same(copied):
    model = Classifier(**POOLED, random_state=0).fit(DATA, LABELS)
    want = model.predict_proba(DATA)
    other = copied(model)
    np.testing.assert_array_equal(other.predict_proba(DATA), want)
    other.partial_fit(DATA, LABELS)
    np.testing.assert_array_equal(model.predict_proba(DATA), want)


def test_a_pickle_holds_no_programs():
    model = Classifier(**POOLED, random_state=0).fit(X, Y)
    before = len(pickle.dumps(model))
    model.predict(X)
    assert len(pickle.dumps(model)) < before + 1000
    assert before < 60 * model.n_parameters_ + 300_000


IN_A_NEW_PROCESS = """
import pickle, sys
import numpy as np
with open(sys.argv[1], "rb") as file:
    model, X, want = pickle.load(file)
assert "layerwise" in sys.modules
np.testing.assert_array_equal(model.predict_proba(X), want)
"""


def test_a_pickle_predicts_the_same_in_a_new_process(tmp_path):
    model = Classifier(**POOLED, random_state=0).fit(DATA, LABELS)
    path = tmp_path / "model.pickle"
    path.write_bytes(pickle.dumps((model, DATA, model.predict_proba(DATA))))
    subprocess.run([sys.executable, "-c", IN_A_NEW_PROCESS, str(path)], check=True, timeout=120)


# -- threads ---------------------------------------------------------------------------------------


def in_threads(work, count=6):
    """What a function gives, called from several threads at once with their numbers."""
    found, failed = {}, []

    def run(number):
        try:
            found[number] = work(number)
        except BaseException as failure:
            failed.append(failure)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return [found[number] for number in range(count)]


def test_predictions_from_several_threads():
    model = Classifier(**POOLED, random_state=0).fit(X, Y)
    fresh = copy.deepcopy(model)
    want = [model.predict_proba(X[n:]) for n in range(6)]
    for _ in range(5):
        for found, expected in zip(
            in_threads(lambda n: fresh.predict_proba(X[n:])), want, strict=True
        ):
            np.testing.assert_array_equal(found, expected)


def test_fits_in_several_threads():
    def fitted(number):
        return Classifier(**POOLED, random_state=number % 2).fit(X, Y).predict_proba(X)

    found = in_threads(fitted, 4)
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_array_equal(found[1], found[3])
    np.testing.assert_array_equal(found[0], fitted(0))


def test_importing_the_library_imports_no_scikit_learn():
    code = "import layerwise, sys; assert 'sklearn' not in sys.modules; layerwise.Classifier"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
