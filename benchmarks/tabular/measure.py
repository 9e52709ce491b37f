"""One fit: split, fit, predict, score, seconds."""

import importlib.metadata
import time
import warnings

import numpy as np
from sklearn.model_selection import train_test_split

from benchmarks.tabular.datasets import load
from benchmarks.tabular.peers import MODELS, Setting
from benchmarks.tabular.preparation import categories
from benchmarks.tabular.score import score_classes, score_numbers

TEST_SHARE = 0.25


def measure(set_name: str, seed: int, model_name: str, threads: int) -> dict:
    """Fit one model on one split of one set, and score it on the rows it has not seen.

    Returns
    -------
    dict
        ``scores`` (one for each board), ``fit_seconds``, ``predict_seconds`` and the ``version``
        of the model's package.
    """
    frame, target, task = load(set_name)
    if task == "classification":
        classes, values = np.unique(target.to_numpy(), return_inverse=True)
    else:
        classes, values = (), target.to_numpy(dtype=np.float64)
    training, test = train_test_split(
        np.arange(len(frame)),
        test_size=TEST_SHARE,
        random_state=seed,
        stratify=values if task == "classification" else None,
    )
    known, unknown = frame.iloc[training], frame.iloc[test]
    model = MODELS[model_name]
    with warnings.catch_warnings():
        # What a peer thinks of the data or of its own dependencies is no result.
        warnings.simplefilter("ignore")
        estimator = model.make(Setting(task, seed, threads, tuple(categories(frame))))
        began = time.perf_counter()
        estimator.fit(known, values[training])
        fitted = time.perf_counter()
        if task == "classification":
            predicted = estimator.predict_proba(unknown)
        else:
            predicted = estimator.predict(unknown)
        done = time.perf_counter()
    if task == "classification":
        scores = score_classes(values[test], np.asarray(predicted), len(classes))
    else:
        scores = score_numbers(values[test], np.asarray(predicted))
    return {
        "scores": scores,
        "fit_seconds": fitted - began,
        "predict_seconds": done - fitted,
        "version": importlib.metadata.version(model.package),
    }
