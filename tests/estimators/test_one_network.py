"""What scikit-learn asks of estimators, of those whose rows are texts, pictures or sentences.

Its own checks make tables of numbers to fit; those that need none run here as they are, and what
the others look at is looked at with rows of the right kind.
"""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils import estimator_checks
from sklearn.utils.validation import check_is_fitted
from text_cases import reviews

from layerwise import (
    DataError,
    ImageClassifier,
    ModelFileError,
    OptionError,
    TextClassifier,
    Translator,
)

CHECKS = [
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_estimators_unfitted",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
]
# One of them had another name before scikit-learn 1.9.
CHECKS = [name if hasattr(estimator_checks, name) else name[:-1] for name in CHECKS]


def squares(count, seed=0):
    """Grey pictures, some of which are lighter."""
    generator = np.random.default_rng(seed)
    labels = generator.choice(["dark", "light"], count)
    pixels = generator.integers(0, 120, (count, 6, 6)) + 80 * (labels == "light")[:, None, None]
    return pixels.astype("uint8"), labels


TEXTS = TextClassifier(epochs=6, folds=1, length=4, n_jobs=1, random_state=0, probes=False)
PICTURES = ImageClassifier("dense", epochs=8, n_jobs=1, random_state=0, probes=False)


def texts(count, seed=0):
    """Reviews as an array, so that rows of both kinds are taken in the same way."""
    found, labels = reviews(count, seed)
    return np.array(found, object), labels


CASES = [
    pytest.param((TEXTS, texts), id="texts"),
    pytest.param((PICTURES, squares), id="pictures"),
]


@pytest.fixture(scope="module", params=CASES)
def case(request):
    """A fitted estimator, and what makes rows for it."""
    estimator, rows = request.param
    return clone(estimator).fit(*rows(80)), rows


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(
    "estimator", [TextClassifier, ImageClassifier, Translator], ids=lambda kind: kind.__name__
)
def test_checks_that_need_no_table(estimator, check):
    getattr(estimator_checks, check)(estimator.__name__, estimator())


def test_a_clone_has_learned_nothing(case):
    fitted, rows = case
    fresh = clone(fitted)
    assert fresh.get_params() == fitted.get_params()
    check_is_fitted(fitted)
    with pytest.raises(NotFittedError):
        check_is_fitted(fresh)
    with pytest.raises(NotFittedError, match="call fit first"):
        fresh.score(*rows(4))


def test_pickling_keeps_predictions_and_leaves_the_training_rows_out(case, tmp_path):
    fitted, rows = case
    unseen = rows(20, seed=1)[0]
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(unseen), fitted.predict_proba(unseen))
    assert again.get_params() == fitted.get_params()
    again.save(tmp_path / "again.safetensors")
    loaded = type(fitted).load(tmp_path / "again.safetensors")
    assert loaded.predict(unseen).tolist() == fitted.predict(unseen).tolist()
    # Functions that follow a fit are told of no other, so they need not be picklable.
    told = clone(fitted).fit(*rows(80), progress=lambda now: None)
    pickle.dumps(told)
    wide = rows(80)[0].repeat(4, 0), rows(80)[1].repeat(4)
    many = clone(fitted).set_params(epochs=1).fit(*wide)
    assert len(pickle.dumps(many)) < 1.1 * len(pickle.dumps(fitted))
    with pytest.raises(OptionError, match="carries no record"):
        pickle.loads(pickle.dumps(many)).doctor()
    asked = many.doctor()
    kept = pickle.loads(pickle.dumps(many)).doctor()
    assert [each.name for each in kept.findings] == [each.name for each in asked.findings]


def test_learning_again_gives_the_same(case):
    fitted, rows = case
    unseen = rows(20, seed=1)[0]
    again = clone(fitted)
    for _ in range(2):
        again.fit(*rows(80))
        np.testing.assert_array_equal(again.predict_proba(unseen), fitted.predict_proba(unseen))


def test_learning_other_classes(case):
    fitted, rows = case
    data, labels = rows(80)
    numbers = np.where(labels == labels[0], 3, 7)
    numbers[::9] = 5
    again = clone(fitted).fit(data, labels).fit(data, numbers)
    assert again.classes_.tolist() == [3, 5, 7]
    assert again.n_classes_ == 3
    assert again.predict_proba(data).shape == (80, 3)
    assert again.predict(data).dtype == numbers.dtype


def test_a_fit_that_fails_leaves_what_was_learned(case):
    fitted, rows = case
    data, _ = rows(80)
    before = fitted.predict_proba(data)
    with pytest.raises(DataError, match="at least two classes, got one class only"):
        fitted.fit(data, ["one"] * 80)
    np.testing.assert_array_equal(fitted.predict_proba(data), before)


def test_rows_do_not_depend_on_those_beside_them(case):
    fitted, rows = case
    data, _ = rows(30, seed=2)
    whole = fitted.predict_proba(data)
    order = np.random.default_rng(0).permutation(30)
    np.testing.assert_allclose(fitted.predict_proba(data[order]), whole[order], atol=1e-6)
    np.testing.assert_allclose(fitted.predict_proba(data[7:9]), whole[7:9], atol=1e-6)
    np.testing.assert_allclose(np.exp(fitted.predict_log_proba(data)), whole, atol=1e-12)


def test_validation_rows_of_weight_0_count_as_absent(case):
    fitted, rows = case
    held, labels = rows(30, seed=3)
    weight = np.ones(30)
    weight[::3] = 0
    learner = clone(fitted).set_params(class_weight="balanced", epochs=2)
    losses = []
    for given in ((held, labels, weight), (held[weight > 0], labels[weight > 0])):
        learner.fit(*rows(80), validation_data=given)
        history = learner.history_
        history = history[0] if isinstance(history, list) else history
        losses.append([epoch.validation_loss for epoch in history])
    assert losses[0] == losses[1]
    with pytest.raises(DataError, match=r"validation_data: expected \(X, y\)"):
        learner.fit(*rows(80), validation_data=held)


def test_searches_and_cross_validation(case):
    fitted, rows = case
    data, labels = rows(80)
    data = list(data) if fitted._part == "texts" else data
    scores = cross_val_score(clone(fitted), data, labels, cv=2)
    assert scores.shape == (2,)
    assert scores.min() > 0.6
    search = GridSearchCV(clone(fitted), {"learning_rate": [1e-7, 0.01]}, cv=2).fit(data, labels)
    assert search.best_params_ == {"learning_rate": 0.01}
    assert search.score(*rows(60, seed=4)) > 0.8


def test_files_of_another_kind_are_refused(case, tmp_path):
    fitted, _ = case
    other = TextClassifier if isinstance(fitted, ImageClassifier) else ImageClassifier
    fitted.save(tmp_path / "m.safetensors")
    with pytest.raises(ModelFileError, match=f"no model that {other.__name__} wrote"):
        other.load(tmp_path / "m.safetensors")


# -- translators -----------------------------------------------------------------------------------

TINY = {
    "vocabulary": "words", "features": 8, "heads": 1, "layers": 1, "hidden": 8, "measures": 0,
    "clip_norm": None, "random_state": 0, "backend": "reference",
}  # fmt: skip


def test_callbacks_follow_a_translator_and_may_end_it(capsys, tmp_path):
    seen = []
    found = Translator(
        **TINY, epochs=9, verbose=True,
        callbacks=[lambda training, epoch: seen.append((training, epoch)) or len(seen) < 2],
    ).fit(["a", "b"] * 3, ["b", "a"] * 3)  # fmt: skip
    assert [training for training, _ in seen] == [0, 0]
    assert [epoch for _, epoch in seen] == list(found.history_)
    assert found.run_.stopped == "on_epoch"
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("epoch ") for line in lines) == 2
    with pytest.raises(OptionError, match=r"callbacks: expected functions \(training, epoch\)"):
        Translator(**TINY, callbacks=3).fit(["a"], ["b"])
    found.save(tmp_path / "m.safetensors")
    for other in (TextClassifier, ImageClassifier):
        with pytest.raises(ModelFileError, match="holds no model that"):
            other.load(tmp_path / "m.safetensors")
