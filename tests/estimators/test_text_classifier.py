import json

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from text_cases import BAD, GOOD, NEUTRAL, reviews

import layerwise as lw
from layerwise import TextClassifier
from layerwise.errors import DataError, ModelFileError, OptionError
from layerwise.insight import explain_text
from layerwise.model.container import read_tensors, write_tensors
from layerwise.model.file import FORMAT, VERSION
from layerwise.words import WordVectors

QUICK = {"epochs": 8, "folds": 1, "length": 4, "n_jobs": 1, "random_state": 0}


@pytest.fixture(scope="module")
def fitted():
    return TextClassifier(**QUICK).fit(*reviews(200))


@pytest.fixture(scope="module")
def saved(fitted, tmp_path_factory):
    path = tmp_path_factory.mktemp("texts") / "m.safetensors"
    fitted.save(path)
    return path


def test_it_learns_and_predicts_by_name(fitted):
    texts, labels = reviews(200, seed=1)
    assert fitted.score(texts, labels) > 0.85
    found = fitted.predict_proba(texts[:5])
    assert found.shape == (5, 2)
    np.testing.assert_allclose(found.sum(1), 1.0, atol=1e-6)
    assert set(fitted.predict(texts)) == {"good", "bad"}
    assert fitted.classes_.tolist() == ["bad", "good"]


def test_the_same_seed_gives_the_same_predictions(fitted):
    again = clone(fitted).set_params(n_jobs=2).fit(*reviews(200))
    texts = reviews(30, seed=2)[0]
    np.testing.assert_array_equal(fitted.predict_proba(texts), again.predict_proba(texts))


def test_rows_come_back_in_their_order(fitted):
    texts = [t * n for n, t in zip([1, 9, 1, 30, 3], reviews(5, seed=3)[0], strict=True)]
    together = fitted.predict_proba(texts)
    alone = np.concatenate([fitted.predict_proba([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_a_saved_model_takes_raw_texts(fitted, saved):
    texts = [*reviews(50, seed=4)[0], "", "unknown zebra", "coffee " * 3000]
    for loaded in (lw.load(saved), TextClassifier.load(saved)):
        found = getattr(loaded, "predict_proba", None) or loaded.predict_probabilities
        np.testing.assert_array_equal(found(texts), fitted.predict_proba(texts))
        assert loaded.predict(texts).tolist() == fitted.predict(texts).tolist()


def test_labels_of_any_kind_and_series():
    pandas = pytest.importorskip("pandas")
    texts, labels = reviews(60)
    numbers = np.where(labels == "good", 7, -1)
    found = TextClassifier(**QUICK).fit(pandas.Series(texts), pandas.Series(numbers))
    assert found.predict(np.array(texts, object)[:3]).dtype == numbers.dtype
    assert found.classes_.tolist() == [-1, 7]


def test_weights_of_rows_and_classes():
    texts, labels = reviews(80)
    weight = np.ones(len(texts))
    weight[::2] = 0
    absent = TextClassifier(**QUICK).fit(texts, labels, weight)
    without = TextClassifier(**QUICK).fit(texts[1::2], labels[1::2])
    np.testing.assert_array_equal(absent.predict_proba(texts), without.predict_proba(texts))
    shifted = TextClassifier(**QUICK, class_weight={"good": 9.0}).fit(texts, labels)
    plain = TextClassifier(**QUICK).fit(texts, labels)
    assert shifted.predict_proba([""])[0, 1] > plain.predict_proba([""])[0, 1] + 0.1


def vectors_of():
    generator = np.random.default_rng(0)
    words = [*GOOD, *BAD, *NEUTRAL, "superb", "horrid"]
    table = generator.normal(0, 0.3, (len(words), 6)).astype(np.float32)
    table[: len(GOOD), 0] += 2
    table[len(GOOD) : len(GOOD) + len(BAD), 0] -= 2
    table[-2, 0], table[-1, 0] = 2, -2
    return WordVectors(words, table)


@pytest.mark.parametrize("pooling", ["mean", "max", "mean_max", "attention"])
def test_vectors_know_words_that_training_never_had(pooling):
    options = {**QUICK, "length": 0, "learning_rate": 0.02, "validation_fraction": 0}
    found = TextClassifier(vectors_of(), pooling=pooling, **options).fit(*reviews(100))
    assert found.predict(["superb superb superb", "horrid horrid"]).tolist() == ["good", "bad"]


def test_fixed_vectors_stay_and_trained_ones_move(tmp_path):
    vectors, rows = vectors_of(), reviews(60)
    vectors.save(tmp_path / "v.vec")
    fixed = TextClassifier(tmp_path / "v.vec", **QUICK).fit(*rows)
    moved = TextClassifier(vectors, train_vectors=True, **QUICK).fit(*rows)
    assert "words.table.weight" in dict(fixed.net_.named_buffers())
    assert "words.table.weight" in dict(moved.net_.named_parameters())
    before = dict(fixed.net_.named_held())["words.table.weight"].value
    after = dict(moved.net_.named_held())["words.table.weight"].value
    changed = (before != after).any(1)
    assert changed.any()
    assert not changed[0]
    fixed.save(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(
        lw.load(tmp_path / "m.safetensors").predict_probabilities(rows[0]),
        fixed.predict_proba(rows[0]),
    )


def test_words_say_why(fitted, saved):
    text = "The coffee was awful and stale, awful, but lovely box"
    for model in (fitted.to_model(), lw.load(saved)):
        found = explain_text(model, text, "bad")
        speaking = [word.word for word in found.strongest(3)]
        assert {"awful", "stale"} <= set(speaking)
        assert "lovely" in [word.word for word in found.strongest(2, -1)]
        assert found.words[0].count == text.lower().count(found.words[0].word)
        json.dumps(found.as_dict())
    assert "speaks for it" in fitted.explain(text).text()
    with pytest.raises(OptionError, match="unknown class 'odd'"):
        fitted.explain(text, "odd")


def test_the_doctor_looks_at_the_first_training(fitted):
    assert isinstance(lw.doctor(fitted), lw.doctor.Diagnosis)


# -- what people give by mistake ----------------------------------------------------------------


def test_strange_texts_are_texts(fitted):
    strange = [
        "",
        " \n\t",
        "😀" * 50,
        "ᚠᛇᚻ בְּרֵאשִׁית ไทย",
        "\udc80 lone",
        "\x00\x01",
        "a" * 100_000,
        "word " * 20_000,
    ]
    found = fitted.predict_proba(strange)
    assert found.shape == (len(strange), 2)
    assert np.isfinite(found).all()


def test_training_on_strange_texts():
    strange = ["", "😀😀 good", "\udc80 bad", "ไทย " * 4000, "x" * 100_000, "بد"] * 4
    labels = ["a", "b", "c"] * 8
    found = TextClassifier(**QUICK).fit(strange, labels)
    assert np.isfinite(found.predict_proba(strange)).all()
    assert any("what follows those is not looked at" in note for note in found.notes_)


def test_a_vocabulary_of_one_word_and_equal_texts():
    for texts in (["word"] * 20, ["word", "word word"] * 10):
        found = TextClassifier(**QUICK).fit(texts, ["a", "b"] * 10)
        assert np.isfinite(found.predict_proba(["word", "other", ""])).all()


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["a", None, "b"], "row 1: expected a text, got None"),
        (["a", float("nan")], "row 1: expected a text, got nan"),
        (["a", "b", 3], "row 2: expected a text, got 3"),
        ([b"a"], "decode it first"),
        ("one text", "give a list of it"),
        (np.array([["a", "b"]]), "expected one text for each row, got a table of 2 columns"),
        ([], "expected at least one text"),
    ],
)
def test_what_is_no_text_is_named_with_its_row(fitted, texts, message):
    with pytest.raises(DataError, match=message):
        fitted.predict(texts)
    with pytest.raises(DataError, match=message):
        TextClassifier(**QUICK).fit(texts, ["a"] * len(texts))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a"] * 4, "got one class only, 'a'"),
        (["a", "b"], "4 texts, 2 labels"),
        (["a", "b"] * 3, "4 texts, 6 labels"),
        (["a", None, "b", "b"], "expected a label in row 1"),
        (np.eye(4, 2, dtype=int), "one label for each text"),
        (None, "expected a label for each text"),
    ],
)
def test_labels_that_do_not_fit(labels, message):
    with pytest.raises(DataError, match=message):
        TextClassifier(**QUICK).fit(["a b", "c d", "a c", "b d"], labels)


def test_texts_of_nothing_cannot_be_learned_from():
    with pytest.raises(DataError, match="nothing to learn from"):
        TextClassifier(**QUICK).fit(["", " "] * 5, ["a", "b"] * 5)


def test_vectors_of_another_language_are_refused():
    foreign = WordVectors(["quagga", "okapi"], np.eye(2))
    with pytest.raises(DataError, match="none of the words of the texts has a vector"):
        TextClassifier(foreign, **QUICK).fit(*reviews(20))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("vectors", 3), ("pooling", "sum"), ("length", -1), ("dropout", 1.0), ("word_ngrams", 0.5),
        ("character_ngrams", (5, 2)), ("max_tokens", 0), ("learning_rate", -1), ("epochs", 0),
        ("hidden_layer_sizes", (0,)), ("refit", "yes"), ("validation_fraction", 1), ("folds", 0),
        ("min_texts", "few"), ("n_jobs", 0), ("early_stopping", 0), ("callbacks", 3),
    ],
)  # fmt: skip
def test_options_that_make_no_sense(option, value):
    vectors = vectors_of() if option == "pooling" else None
    with pytest.raises((OptionError, DataError)) as caught:
        TextClassifier(**{"vectors": vectors, **QUICK, option: value}).fit(*reviews(20))
    assert option in str(caught.value)


def test_no_features_at_all_is_refused():
    with pytest.raises(OptionError, match="leave no features"):
        TextClassifier(word_ngrams=0, character_ngrams=None).fit(*reviews(20))


def test_it_says_that_it_is_not_fitted():
    with pytest.raises(NotFittedError):
        TextClassifier().predict(["a"])


def test_a_callback_ends_the_fit():
    seen = []
    TextClassifier(
        **{**QUICK, "epochs": 50}, callbacks=lambda t, e: seen.append((t, e.epoch)) or len(seen) < 3
    ).fit(*reviews(60))
    assert seen == [(0, 1), (0, 2), (0, 3)]


def test_other_models_are_no_text_classifiers(tmp_path):
    net = lw.nn.Linear(2, 2)
    net.save(tmp_path / "m.safetensors", example=np.zeros((1, 2), np.float32))
    with pytest.raises(ModelFileError, match="no model that TextClassifier wrote"):
        TextClassifier.load(tmp_path / "m.safetensors")


# -- damaged files ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("lengths", []), ("lengths", [64, 64]), ("lengths", "64"), ("words", -1), ("words", 99),
        ("characters", [3]), ("characters", [5, 2]), ("lowercase", 1), ("maximum", 0),
        ("vectors", True), ("graphs", []), ("graphs", 3), ("more", 1),
    ],
)  # fmt: skip
def test_a_damaged_description_is_refused(saved, tmp_path, key, value):
    about, tensors = read_tensors(saved, FORMAT, VERSION)
    if key == "graphs" and value == [] and not about["texts"]["graphs"]:
        pytest.skip("the model has one length only")
    about["texts"][key] = value
    write_tensors(tmp_path / "d.safetensors", FORMAT, VERSION, about, tensors)
    with pytest.raises(ModelFileError, match="holds no valid model"):
        lw.load(tmp_path / "d.safetensors")


@pytest.mark.parametrize("name", ["texts.hashes", "texts.idf"])
@pytest.mark.parametrize("change", ["missing", "shape", "dtype", "value"])
def test_damaged_tensors_are_refused(saved, tmp_path, name, change):
    about, tensors = read_tensors(saved, FORMAT, VERSION)
    array = tensors.pop(name)
    if change == "shape":
        tensors[name] = array[:-1]
    if change == "dtype":
        tensors[name] = array.astype(np.float64)
    if change == "value":
        tensors[name] = array[::-1].copy() if name.endswith("hashes") else array * np.nan
    write_tensors(tmp_path / "d.safetensors", FORMAT, VERSION, about, tensors)
    with pytest.raises(ModelFileError, match="holds no valid model"):
        lw.load(tmp_path / "d.safetensors")
