"""Whether a run is healthy: it must not be clearly worse than what scikit-learn finds.

The criterion, for each loss of rows: the run's mean is above that of the best of scikit-learn's
models by at most the larger of two standard errors of the paired difference and `SLACK` of what
that model gains on predicting frequencies or the mean. Where no model gains anything, the run must
not lose anything either.
"""

from functools import lru_cache

import numpy as np

from benchmarks.doctor.datasets import split_of
from benchmarks.doctor.measure import losses, paired
from benchmarks.doctor.split import Split

SLACK = {"log_loss": 0.25, "error": 0.2, "squared": 0.2}
"""Log loss has more, as a regularised linear model has the best likelihood on most small sets."""


def models(split: Split) -> list:
    """A linear model with its penalty chosen by cross-validation, and boosted trees."""
    from sklearn import ensemble, linear_model

    if split.classes:
        return [
            linear_model.LogisticRegressionCV(
                Cs=(0.01, 0.1, 1.0), l1_ratios=(0.0,), cv=3, scoring="neg_log_loss", max_iter=300,
                use_legacy_attributes=False,
            ),
            ensemble.HistGradientBoostingClassifier(max_iter=60, early_stopping=False),
        ]  # fmt: skip
    return [
        linear_model.RidgeCV(alphas=np.logspace(-2, 3, 12)),
        ensemble.HistGradientBoostingRegressor(max_iter=100, early_stopping=False),
    ]


def constant_losses(split: Split) -> dict[str, np.ndarray]:
    """The validation rows' losses of the classes' frequencies, or of the mean."""
    truth = split.validation_y
    if not split.classes:
        return losses(np.full(len(truth), split.y.mean()), truth)
    frequencies = np.bincount(split.y, minlength=split.classes) / len(split.y)
    return losses(np.tile(frequencies, (len(truth), 1)), truth)


def reference_losses(split: Split) -> list[dict[str, np.ndarray]]:
    """The validation rows' losses of a constant prediction, then of each model."""
    import warnings

    truth = split.validation_y
    found = [constant_losses(split)]
    for model in models(split):
        with warnings.catch_warnings():
            # The solver's limit of iterations makes a reference, not a result.
            warnings.simplefilter("ignore")
            model.fit(split.x, split.y)
        predict = model.predict_proba if split.classes else model.predict
        found.append(losses(predict(split.validation_x), truth))
    return found


@lru_cache(maxsize=256)
def reference_of(data: str, seed: int) -> list[dict[str, np.ndarray]]:
    """`reference_losses` of a data set's division, kept."""
    return reference_losses(split_of(data, seed))


def shortfalls(mine: dict[str, np.ndarray], references: list[dict[str, np.ndarray]]) -> dict:
    """For each loss, how far beyond the criterion a run is: above 0 is not healthy.

    Parameters
    ----------
    mine
        The run's losses of rows.
    references
        A constant prediction's, then the models'.
    """
    constant, *others = references
    found = {}
    for name, own in mine.items():
        best = min((other[name] for other in others), key=lambda values: values.mean())
        difference, error = paired(own, best)
        gain = max(0.0, float(constant[name].mean() - best.mean()))
        found[name] = difference - max(2 * error, SLACK[name] * gain)
    return found
