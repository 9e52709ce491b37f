"""Small data, and settings that train on it in a moment."""

import numpy as np
import pandas as pd

QUICK = {"epochs": 4, "members": 1, "hidden_layer_sizes": (8,), "numeric_embedding": None}
"""One small network."""

POOLED = {"epochs": 6, "members": 2, "hidden_layer_sizes": (8,), "linear": True}
"""Several members of every kind."""


def numbers(rows=120, columns=4, seed=0):
    """Rows of normal numbers, and classes that follow from two of its columns."""
    random = np.random.default_rng(seed)
    data = random.normal(size=(rows, columns))
    return data, (data[:, 0] + data[:, 1] > 0).astype(int)


def frame(rows=160, seed=0):
    """Columns of every kind, some of them with gaps, and labels that follow from them."""
    random = np.random.default_rng(seed)
    data = pd.DataFrame(
        {
            "size": random.normal(50, 20, rows),
            "colour": random.choice(["red", "green", "blue"], rows),
            "town": [f"town {i}" for i in random.integers(0, 40, rows)],
            "since": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(random.integers(0, 900, rows), "D"),
            "paid": random.choice([True, False], rows),
            "count": random.integers(0, 5, rows),
        }
    )
    data.loc[::7, "size"] = np.nan
    labels = np.where((data["colour"] == "red") | (data["count"] > 3), "yes", "no")
    return data, labels
