"""Tables for the tests of the command line."""

import numpy as np
import pandas as pd
import sklearn.datasets

FAST = ("--preset", "fast", "--epochs", "3", "--hidden", "8", "--threads", "1")
"""A fit that takes a moment."""


def customers(rows=160):
    """A bit of everything; whether a customer churned depends on age and town."""
    random = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "customer": np.arange(rows) + 1000,
            "age": random.integers(18, 80, rows).astype(float),
            "town": random.choice(["Bonn", "Köln", "Trier", "Mainz"], rows),
            "plan": random.choice(["a", "b"], rows),
            "since": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(np.sort(random.integers(0, 1500, rows)), "D"),
            "visits": random.integers(0, 5, rows),
            "household": random.integers(0, 40, rows),
        }
    )
    frame.loc[::9, "age"] = None
    old = 0.08 * (frame["age"].fillna(45) - 45) + 1.5 * (frame["town"] == "Bonn")
    frame["churned"] = np.where(random.random(rows) < 1 / (1 + np.exp(-old)), "yes", "no")
    frame["spent"] = (2000 + 30 * frame["visits"] + random.normal(0, 20, rows)).round(2)
    return frame


def packaged(name):
    """A data set that comes with scikit-learn, as a frame with the column "target"."""
    return getattr(sklearn.datasets, f"load_{name}")(as_frame=True).frame
