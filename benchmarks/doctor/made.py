"""Data sets that are drawn: each is a function of a number of rows and a generator."""

import numpy as np

from benchmarks.doctor.split import Table


def _seed(random: np.random.Generator) -> int:
    return int(random.integers(2**31))


def _from(function: str, rows: int, random: np.random.Generator, **options) -> Table:
    """A set of `sklearn.datasets`; whole targets are classes."""
    from sklearn import datasets

    x, y = getattr(datasets, function)(n_samples=rows, random_state=_seed(random), **options)
    return Table(x, y.astype(np.int64) if y.dtype.kind == "i" else y)


def moons(rows, random):
    return _from("make_moons", rows, random, noise=0.2)


def circles(rows, random):
    return _from("make_circles", rows, random, noise=0.1, factor=0.5)


def blobs(rows, random):
    """Four overlapping clouds in five columns, in places that do not depend on the seed."""
    centers = np.random.default_rng(7).uniform(-4, 4, (4, 5))
    return _from("make_blobs", rows, random, centers=centers, cluster_std=2.0)


def three_of_twenty(rows, random):
    """Three classes; ten of twenty columns matter."""
    return _classification(rows, random, 11, n_features=20, n_informative=10, n_classes=3)


def two_of_thirty(rows, random):
    """Two classes with two clouds each; 5% of the labels are wrong."""
    return _classification(rows, random, 12, n_features=30, n_informative=8, flip_y=0.05)


def five_of_sixteen(rows, random):
    """Five classes in 16 columns that all matter."""
    return _classification(rows, random, 13, n_features=16, n_informative=16, n_redundant=0,
                           n_classes=5, n_clusters_per_class=1, class_sep=1.5)  # fmt: skip


def _classification(rows, random, problem, **options) -> Table:
    """Rows of one large problem, so that the problem does not depend on the seed."""
    from sklearn.datasets import make_classification

    x, y = make_classification(n_samples=6000, random_state=problem, **options)
    chosen = random.choice(len(x), rows, replace=False)
    return Table(x[chosen], y[chosen].astype(np.int64))


def rings(rows, random):
    """Three shells around the origin of six columns."""
    return _from("make_gaussian_quantiles", rows, random, n_features=6, n_classes=3)


def hastie(rows, random):
    table = _from("make_hastie_10_2", rows, random)
    return Table(table.x, (table.y > 0).astype(np.int64))


def checkers(rows, random):
    """The four quarters of a square, opposite ones of one class; two columns do not matter."""
    x = random.uniform(-1, 1, (rows, 4))
    return Table(x, ((x[:, 0] > 0) ^ (x[:, 1] > 0)).astype(np.int64))


def spirals(rows, random):
    """Two arms of one turn."""
    arm = random.integers(0, 2, rows)
    angle = np.sqrt(random.uniform(0.05, 1, rows)) * 2 * np.pi
    around = angle + np.pi * arm
    x = np.stack([angle * np.cos(around), angle * np.sin(around)], 1)
    return Table(x + random.normal(0, 0.25, x.shape), arm)


def friedman1(rows, random):
    return _from("make_friedman1", rows, random, noise=1.0)


def friedman2(rows, random):
    return _from("make_friedman2", rows, random, noise=50.0)


def friedman3(rows, random):
    return _from("make_friedman3", rows, random, noise=0.1)


def linear(rows, random):
    """Twelve columns, of which the target is a weighted sum with noise."""
    weights = np.random.default_rng(5).normal(size=12)
    x = random.normal(size=(rows, 12))
    return Table(x, x @ weights + random.normal(0, 1.0, rows))


def sine(rows, random):
    """A noisy wave of one column."""
    x = random.uniform(-3, 3, (rows, 1))
    return Table(x, np.sin(2 * x[:, 0]) + random.normal(0, 0.2, rows))


def waves(rows, random):
    """A hilly surface over two columns."""
    x = random.uniform(-2, 2, (rows, 2))
    clean = np.sin(2 * x[:, 0]) * np.cos(x[:, 1]) + 0.3 * x[:, 0]
    return Table(x, clean + random.normal(0, 0.15, rows))


def products(rows, random):
    """Eight columns that count in pairs."""
    x = random.normal(size=(rows, 8))
    clean = x[:, 0] * x[:, 1] + np.abs(x[:, 2]) + x[:, 3] - 0.5 * x[:, 4] ** 2
    return Table(x, clean + random.normal(0, 0.4, rows))


def swiss_roll(rows, random):
    return _from("make_swiss_roll", rows, random, noise=0.5)


def sparse_linear(rows, random):
    return _from("make_sparse_uncorrelated", rows, random, n_features=15)
