"""Tables and models that several tests of this folder ask."""

import numpy as np
import pandas as pd

import layerwise as lw

FAST = {"preset": "fast", "epochs": 4, "hidden_layer_sizes": (8,), "n_jobs": 1, "random_state": 0}


def mixed(rows=150):
    """Numbers, words and dates, some cells empty; the answer depends on size, colour and noise."""
    random = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "size": random.normal(5, 2, rows),
            "colour": random.choice(["red", "green", "blue"], rows),
            "town": random.choice([f"town {i}" for i in range(40)], rows),
            "since": pd.Timestamp("2021-03-01")
            + pd.to_timedelta(random.integers(0, 900, rows), "D"),
            "noise": random.normal(size=rows),
        }
    )
    frame.loc[::7, "size"] = np.nan
    frame.loc[::11, "colour"] = None
    price = 3 * frame["size"].fillna(0) + 8 * (frame["colour"] == "red") + random.normal(0, 1, rows)
    return frame.assign(price=price, dear=np.where(price > price.median(), "yes", "no"))


def linear(weight, bias=0.0):
    net = lw.nn.Linear(len(weight), 1)
    net.load_state_dict({"weight": np.float32([weight]), "bias": np.float32([bias])})
    return lw.Model(net, target="numbers", output="identity")
