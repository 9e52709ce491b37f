import numpy as np
import pytest
from browser import PROGRAM, Browser

import layerwise as lw
from layerwise import data
from layerwise.report import Part


@pytest.fixture(scope="session")
def browser():
    """A Chromium for all tests of the session."""
    if PROGRAM is None:
        pytest.skip("needs Chromium, which is not installed here (apt install chromium)")
    opened = Browser()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def digits():
    """A trained model of the digits, its run, and the three parts as the model takes them."""
    images, labels = data.load_digits()
    parts = data.split_rows(labels, 0)
    scale = data.scale_pixels(64, 16)
    with lw.nn.seed(0):
        net = lw.nn.Sequential(
            lw.nn.Linear(64, 48), lw.nn.ReLU(), lw.nn.Dropout(0.2), lw.nn.Linear(48, 24),
            lw.nn.ReLU(), lw.nn.Linear(24, 10),
        )  # fmt: skip
    run = lw.train(
        net,
        (scale(images[parts.training]), labels[parts.training]),
        validation=(scale(images[parts.validation]), labels[parts.validation]),
        optimizer=lw.optim.Adam(learning_rate=0.005),
        schedule="one_cycle",
        epochs=25,
        seed=0,
    )
    model = lw.Model(net, run=run, classes=data.digits.CLASSES, preprocess=scale)
    found = {
        name: Part(images[rows], labels[rows].astype(np.int64), numbers=rows)
        for name, rows in zip(("training", "validation", "test"), parts, strict=True)
    }
    return model, run, found
