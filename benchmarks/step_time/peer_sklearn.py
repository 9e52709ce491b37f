"""scikit-learn's ``MLPClassifier``, which has one logit for two classes, and no other networks."""

import time
import warnings
from collections.abc import Callable

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.step_time.cases import LEARNING_RATE, Case

EPOCHS = 2


def prepare(case: Case) -> Callable[[], float]:
    inputs, labels = case.data()
    labels = labels.ravel()
    classifier = MLPClassifier(
        hidden_layer_sizes=case.widths[1:-1],
        activation="relu",
        solver="adam",
        alpha=0.0,
        batch_size=case.batch_size,
        learning_rate_init=LEARNING_RATE,
        max_iter=EPOCHS,
        n_iter_no_change=1_000_000,
        tol=0.0,
    )

    def run() -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            start = time.perf_counter()
            classifier.fit(inputs, labels)
            return (time.perf_counter() - start) / (EPOCHS * case.steps)

    return run
