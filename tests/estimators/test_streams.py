"""Going on: `partial_fit` and `warm_start`."""

import itertools

import numpy as np
import pytest
from estimator_cases import POOLED, QUICK, frame, numbers

from layerwise import Classifier, DataError, OptionError, Regressor

X, Y = numbers(300)
NAMES = np.array(["no", "yes"])[Y]

STREAM = {**QUICK, "learning_rate": 0.03, "random_state": 0}


def parts(size=50):
    """Row numbers of each part of the stream."""
    return np.split(np.arange(len(X)), len(X) // size)


def test_a_stream_of_classes():
    model = Classifier(**STREAM)
    for _ in range(3):
        for rows in parts():
            assert model.partial_fit(X[rows], NAMES[rows], classes=["yes", "no"]) is model
    assert model.score(X, NAMES) > 0.9
    np.testing.assert_array_equal(model.classes_, ["no", "yes"])
    assert model.n_iter_ == 18
    assert model.history_[0]["epoch"] == list(range(1, 19))


def test_a_stream_of_numbers():
    model = Regressor(**STREAM)
    for _ in range(5):
        for rows in parts():
            model.partial_fit(X[rows], 100 * X[rows, 0] + 7)
    assert model.score(X, 100 * X[:, 0] + 7) > 0.8


def test_parts_of_one_class_or_one_row():
    model = Classifier(**STREAM)
    model.partial_fit(X[:1], NAMES[:1], classes=["no", "yes"])
    model.partial_fit(X[Y == 0][:5], NAMES[Y == 0][:5])
    model.partial_fit(X[1:2], NAMES[1:2])
    assert model.predict_proba(X).shape == (300, 2)
    several = Classifier(**STREAM).partial_fit(X[:3], ["a", "a", "a"], classes=["a", "b", "c"])
    assert several.partial_fit(X[:1], ["c"]).predict_proba(X).shape == (300, 3)


def test_the_first_part_decides():
    model = Classifier(**STREAM).partial_fit(X[:100], NAMES[:100])
    encoder = model.encoder_
    model.partial_fit(X[100:] * 1000, NAMES[100:])
    assert model.encoder_ is encoder
    with pytest.raises(DataError, match="expected the classes 'no', 'yes', got 'maybe' in row 0"):
        model.partial_fit(X[:1], ["maybe"])
    with pytest.raises(ValueError, match="X has 2 features"):
        model.partial_fit(X[:, :2], NAMES)


def test_members_of_every_kind():
    model = Classifier(**{**POOLED, "members": 2}, random_state=0)
    for rows in parts(100):
        model.partial_fit(X[rows], NAMES[rows])
    assert len(model.ensemble_.members) == 2 * len(model.ensemble_.kinds)
    assert all(len(history) == 3 for history in model.history_)


def test_after_fit():
    model = Classifier(**POOLED, random_state=0).fit(X, NAMES)
    members, weights = len(model.ensemble_.members), model.ensemble_.weights
    before = model.predict_proba(X)
    model.partial_fit(X[:50], NAMES[:50])
    assert len(model.ensemble_.members) == members
    np.testing.assert_array_equal(model.ensemble_.weights, weights)
    assert 0 < np.abs(model.predict_proba(X) - before).max() < 0.5
    assert len(model.fit(X, NAMES).ensemble_.members) == members


def test_the_same_stream_gives_the_same():
    found = []
    for _ in range(2):
        model = Classifier(**STREAM)
        for rows in parts():
            model.partial_fit(X[rows], NAMES[rows])
        found.append(model.predict_proba(X))
    np.testing.assert_array_equal(*found)


def test_weights_in_a_stream():
    none = np.zeros(100)
    none[:50] = 1
    one = Classifier(**STREAM).partial_fit(X[:100], NAMES[:100], sample_weight=none)
    two = Classifier(**STREAM).partial_fit(X[:50], NAMES[:50])
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))
    Classifier(**STREAM, class_weight={"yes": 3}).partial_fit(X, NAMES)
    with pytest.raises(OptionError, match="'balanced' needs all rows"):
        Classifier(**STREAM, class_weight="balanced").partial_fit(X, NAMES)


def test_frames_in_a_stream():
    data, labels = frame()
    model = Classifier(**STREAM)
    for start in range(0, 160, 40):
        model.partial_fit(data.iloc[start : start + 40], labels[start : start + 40])
    assert model.predict(data).shape == labels.shape


# -- warm_start ------------------------------------------------------------------------------------


def test_a_warm_start_goes_on():
    settings = {**STREAM, "epochs": 3, "validation_fraction": 0, "schedule": "constant"}
    model = Classifier(**settings, warm_start=True)
    losses = []
    for _ in range(4):
        losses += model.fit(X, NAMES).history_[0]["training_loss"]
    assert losses[-1] < losses[0] / 2
    assert all(later < earlier * 1.2 for earlier, later in itertools.pairwise(losses))
    cold = Classifier(**settings)
    np.testing.assert_array_equal(
        cold.fit(X, NAMES).predict_proba(X), cold.fit(X, NAMES).predict_proba(X)
    )


def test_a_warm_start_keeps_encoder_and_classes():
    model = Classifier(**POOLED, warm_start=True, random_state=0).fit(X, NAMES)
    encoder, members = model.encoder_, len(model.ensemble_.members)
    model.fit(X[:100] * 2, NAMES[:100])
    assert model.encoder_ is encoder
    assert len(model.ensemble_.members) == members
    with pytest.raises(DataError, match="expected the classes 'no', 'yes'"):
        model.fit(X, Y)
    numbers = Regressor(**POOLED, warm_start=True).fit(X, X[:, 0])
    scale = numbers.target_
    assert numbers.fit(X, 50 + X[:, 0]).target_ is scale
