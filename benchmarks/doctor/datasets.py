"""The data sets, in two halves, and how each is read or drawn."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from benchmarks.doctor import made
from benchmarks.doctor.split import Split, Table, divide

MOST_ROWS = 1500
"""Rows of a real table that are used, training and validation together."""

VALIDATION = 0.4
"""Part of the rows that validate: many, so that harm can be told from chance."""


@dataclass(frozen=True)
class DataSet:
    """One data set.

    Attributes
    ----------
    half
        ``tuning`` or ``scoring``.
    kind
        ``classes``, ``binary`` or ``numbers``.
    source
        ``sklearn`` (its real sets), ``table`` (what `benchmarks.tabular` fetches) or ``made``.
    curved
        Whether no linear model comes near what a network finds.
    rows
        Of training, for drawn sets.
    """

    name: str
    half: str
    kind: str
    source: str
    curved: bool = False
    rows: int = 0

    def split(self, seed: int) -> Split:
        """Training and validation rows; other seeds draw or divide them differently."""
        random = np.random.default_rng([seed, *self.name.encode()])
        if self.source == "made":
            total = round(self.rows / (1 - VALIDATION))
            table = function_of(self.name)(total, random)
            return divide(table, self.rows, random)
        table = real_table(self.name, self.source)
        chosen = random.permutation(len(table.x))[:MOST_ROWS]
        training_rows = round(len(chosen) * (1 - VALIDATION))
        return divide(Table(table.x[chosen], table.y[chosen]), training_rows, random)


def function_of(name: str) -> Callable[..., Table]:
    return getattr(made, name)


DATASETS = {
    data_set.name: data_set
    for data_set in (
        DataSet("digits", "tuning", "classes", "sklearn"),
        DataSet("breast_cancer", "tuning", "binary", "sklearn"),
        DataSet("diabetes", "tuning", "numbers", "sklearn"),
        DataSet("titanic", "tuning", "binary", "table"),
        DataSet("churn", "tuning", "binary", "table"),
        DataSet("vehicle", "tuning", "classes", "table", curved=True),
        DataSet("concrete", "tuning", "numbers", "table", curved=True),
        DataSet("computers", "tuning", "numbers", "table"),
        DataSet("moons", "tuning", "binary", "made", True, 500),
        DataSet("checkers", "tuning", "binary", "made", True, 700),
        DataSet("blobs", "tuning", "classes", "made", False, 600),
        DataSet("three_of_twenty", "tuning", "classes", "made", True, 900),
        DataSet("friedman1", "tuning", "numbers", "made", True, 700),
        DataSet("friedman3", "tuning", "numbers", "made", True, 500),
        DataSet("linear", "tuning", "numbers", "made", False, 400),
        DataSet("sine", "tuning", "numbers", "made", True, 400),
        DataSet("wine", "scoring", "classes", "sklearn"),
        DataSet("iris", "scoring", "classes", "sklearn"),
        DataSet("satellite", "scoring", "classes", "table"),
        DataSet("vowel", "scoring", "classes", "table", curved=True),
        DataSet("pima", "scoring", "binary", "table"),
        DataSet("credit", "scoring", "binary", "table"),
        DataSet("sacramento", "scoring", "numbers", "table"),
        DataSet("diamonds", "scoring", "numbers", "table", curved=True),
        DataSet("circles", "scoring", "binary", "made", True, 500),
        DataSet("spirals", "scoring", "binary", "made", True, 700),
        DataSet("hastie", "scoring", "binary", "made", True, 900),
        DataSet("two_of_thirty", "scoring", "binary", "made", True, 900),
        DataSet("rings", "scoring", "classes", "made", True, 800),
        DataSet("five_of_sixteen", "scoring", "classes", "made", False, 700),
        DataSet("friedman2", "scoring", "numbers", "made", True, 600),
        DataSet("waves", "scoring", "numbers", "made", True, 500),
        DataSet("products", "scoring", "numbers", "made", True, 900),
        DataSet("swiss_roll", "scoring", "numbers", "made", True, 600),
        DataSet("sparse_linear", "scoring", "numbers", "made", False, 400),
    )
}


@lru_cache(maxsize=64)
def split_of(name: str, seed: int) -> Split:
    """`DataSet.split`, kept, as many trainings use the same rows."""
    return DATASETS[name].split(seed)


@lru_cache(maxsize=64)
def real_table(name: str, source: str) -> Table:
    """All rows of a real data set, as numbers: categories one-hot, gaps filled with the median."""
    if source == "sklearn":
        from sklearn import datasets

        x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        return Table(x.astype(np.float64), y.astype(np.float64 if name == "diabetes" else np.int64))
    import pandas

    from benchmarks.tabular.datasets import load

    frame, target, task = load(name)
    numbers = frame.select_dtypes("number")
    numbers = numbers.fillna(numbers.median())
    others = frame.drop(columns=numbers.columns).astype("str")
    x = numbers.to_numpy(np.float64)
    if others.shape[1]:
        dummies = pandas.get_dummies(others)
        # A category of a few rows is constant in most splits.
        dummies = dummies.loc[:, (dummies.mean() > 0.01) & (dummies.mean() < 0.99)]
        x = np.concatenate([x, dummies.to_numpy(np.float64)], 1)
    if task == "classification":
        return Table(x, np.unique(target.astype("str"), return_inverse=True)[1].astype(np.int64))
    # Prices spread over decades; their logarithm is what a practitioner would predict.
    y = target.to_numpy(np.float64)
    return Table(x, np.log(y) if y.min() > 0 and y.max() > 30 * y.min() else y)


def check_tables() -> None:
    """Stop, with advice, where a real table was not fetched."""
    from benchmarks.tabular.datasets import CACHE_VARIABLE, cache_folder

    names = [name for name, data_set in DATASETS.items() if data_set.source == "table"]
    missing = [name for name in names if not (cache_folder() / f"{name}.parquet").exists()]
    if missing:
        raise SystemExit(
            f"expected the tables in {cache_folder()}, but {', '.join(missing)} are not there; run "
            f"`python -m benchmarks.tabular fetch`, or set {CACHE_VARIABLE} to where they are"
        )


def names_of(half: str) -> list[str]:
    return [name for name, data_set in DATASETS.items() if data_set.half == half]
