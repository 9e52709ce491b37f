import pickle

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

import layerwise as lw
from layerwise.translation import Recipe, decoders, fit, measure
from layerwise.translation.decoders import Decoders

from .conftest import reversed_digits

TINY = {
    "features": 8, "heads": 1, "layers": 1, "hidden": 8, "epochs": 1, "measures": 0,
    "clip_norm": None, "random_state": 0, "backend": "reference",
}  # fmt: skip
"""A training that takes a moment: nothing is compiled for it."""


def test_it_learns_a_language_that_is_read_backwards(translator):
    sources, targets = reversed_digits(200, 2)
    assert translator.measure(sources, targets).exact >= 0.95
    # No sentence has four tokens, so that BLEU, which counts them, is of sentences end to end.
    joined = " ".join(translator.translate(sources)), " ".join(targets)
    assert measure([joined[0]], [joined[1]]).bleu >= 90
    assert translator.score(sources, targets) == translator.measure(sources, targets).bleu


def test_greedy_and_beam_agree_where_the_network_is_sure(translator):
    sources, _ = reversed_digits(60, 3)
    greedy, beam = translator.translate(sources, beam=1), translator.translate(sources, beam=3)
    assert np.mean([a == b for a, b in zip(greedy, beam, strict=True)]) >= 0.95


def test_a_translation_does_not_depend_on_its_neighbours(translator):
    sources, _ = reversed_digits(20, 4)
    together = translator.translate(sources, beam=3)
    assert [translator.translate([s], beam=3)[0] for s in sources[:3]] == together[:3]


def test_searches_that_have_ended_keep_little(translator, monkeypatch):
    sources, _ = reversed_digits(12, 7)
    numbers = translator.model_.encode([*sources, " ".join(["one two three"] * 4)])
    limits = [len(each) + 2 for each in numbers]
    made = Decoders(translator.model_.network, threads=1)
    expected = [made.translate(numbers, limits, beam) for beam in (1, 2, 3)]
    monkeypatch.setattr(decoders, "KEPT_BYTES", 0)
    for _ in range(2):
        assert [made.translate(numbers, limits, beam) for beam in (1, 2, 3)] == expected
        held = [d for d in made.alone.kept.values() if d.search.token in made.alone.state]
        assert len(held) == 1 < len(made.alone.kept)


def test_quality_and_history_are_kept(translator):
    assert 15 in translator.quality_
    assert translator.quality_[translator.best_epoch_].exact >= 0.9
    assert translator.history_[0].training_loss > 2 * translator.history_[-1].training_loss


def test_pickling_keeps_translations_and_leaves_the_pairs_out(translator):
    sources, _ = reversed_digits(10, 6)
    expected = translator.translate(sources)  # so that there are programs, which have no pickle
    again = pickle.loads(pickle.dumps(translator))
    assert again.translate(sources) == expected
    assert again.run_ is None
    assert again.quality_ == translator.quality_


def test_an_alignment_points_at_the_words_that_were_read(translator):
    sources, _ = reversed_digits(40, 5)
    found = translator.align(sources)
    right = total = 0
    for source, each in zip(sources, found, strict=True):
        assert each.source == tuple(source.split())
        assert each.weights.shape == (len(each.target), len(each.source))
        np.testing.assert_allclose(each.weights.sum(1), 1, atol=1e-5)
        last = len(each.source) - 1
        for place, row in enumerate(each.weights[: last + 1]):
            right += row.argmax() == last - place
            total += 1
    assert right >= 0.8 * total


def test_an_alignment_of_a_given_translation(translator):
    (found,) = translator.align(["one two three"], ["3 2 1"])
    assert found.target == ("3", "2", "1")
    assert [pair[0] for pair in found.pairs()] == ["3", "2", "1"]
    with pytest.raises(lw.OptionError, match="layer: expected 0 to 0"):
        translator.align(["one"], layer=3)
    with pytest.raises(lw.DataError, match="a translation for each"):
        translator.align(["one"], ["1", "2"])


def test_what_has_no_words_known_is_still_translated(translator):
    texts = ["", "  ", "\U0001f600 \u4f60\u597d", "one \u0928\u093e\u092e two"]
    found = translator.translate(texts)
    assert found[:2] == ["", ""]
    assert all(isinstance(text, str) for text in found)


def test_a_text_of_100_000_characters_is_cut_with_a_warning(translator):
    with pytest.warns(UserWarning, match=r"1 of 2 texts \(the first is row 1\) have more than"):
        found = translator.translate(["one", "two " * 25_000], beam=1)
    assert found[0] == "1"


def test_options_of_translate_are_checked(translator):
    for beam in (0, 33, 1.5, True):
        with pytest.raises(lw.OptionError, match="beam"):
            translator.translate(["one"], beam=beam)
    with pytest.raises(lw.OptionError, match="length_penalty"):
        translator.translate(["one"], length_penalty=-1)
    with pytest.raises(lw.DataError, match="expected several texts, got one"):
        translator.translate("one two")
    with pytest.raises(lw.DataError, match="row 1"):
        translator.translate(["one", 2])


def test_max_length_ends_a_translation(translator):
    assert len(translator.translate(["one two three"], max_length=2)[0].split()) <= 2


def test_an_untrained_translator_says_so():
    fresh = lw.Translator()
    for call in (
        lambda: fresh.translate(["a"]),
        lambda: fresh.save("x.safetensors"),
        lambda: fresh.align(["a"]),
    ):
        with pytest.raises(NotFittedError, match="call fit"):
            call()


def test_pairs_are_checked_before_anything_is_learned():
    fresh = lw.Translator(**TINY)
    with pytest.raises(lw.DataError, match=r"row 1: .* empty target for 'b'"):
        fresh.fit(["a", "b"], ["A", " "])
    with pytest.raises(lw.DataError, match="as many sources as targets, got 2 and 1"):
        fresh.fit(["a", "b"], ["A"])
    with pytest.raises(lw.DataError, match="got none"):
        fresh.fit([], [])
    with pytest.raises(lw.DataError, match=r"sources.*row 1"):
        fresh.fit(["a", 3], ["A", "B"])
    with pytest.raises(lw.DataError, match="validation row 0"):
        fresh.fit(["a"], ["A"], validation=([""], ["B"]))


def test_a_single_pair_and_a_vocabulary_of_one_train():
    trained = lw.Translator(vocabulary="words", **TINY).fit(["a"], ["b"])
    assert len(trained.model_.target) == 5  # the special tokens and one word
    assert trained.quality_ == {}
    assert trained.best_epoch_ is None
    assert isinstance(trained.translate(["a"], beam=2)[0], str)


def test_pairs_that_are_too_long_are_left_out():
    sources, targets = ["a b"] * 3 + ["a " * 50_000], ["b a"] * 4
    with pytest.warns(UserWarning, match="1 of 4 training pairs have more than 8 tokens"):
        trained = lw.Translator(
            vocabulary="words", max_length=8, validation_fraction=0, **TINY
        ).fit(sources, targets)  # fmt: skip
    assert trained.model_.summary["pairs"] == 3
    with pytest.raises(lw.DataError, match="every pair has more than 8 tokens"), pytest.warns():
        lw.Translator(vocabulary="words", max_length=8, **TINY).fit(["a " * 20], ["b"])


def test_options_are_checked():
    cases = {
        "architecture": "rnn", "vocabulary": "letters", "vocabulary_size": 2, "features": 7,
        "heads": 0, "dropout": 1.0, "max_length": 4, "epochs": 0, "label_smoothing": 1.5,
        "learning_rate": 0, "validation_fraction": 0.9,
    }  # fmt: skip
    for name, value in cases.items():
        with pytest.raises(lw.OptionError, match=name):
            lw.Translator(**{name: value}).fit(["a"], ["b"])


def test_the_same_seed_gives_the_same_network():
    pairs = reversed_digits(40, 6)
    recipe = Recipe(
        vocabulary="words", features=8, heads=1, layers=1, hidden=8, epochs=2, measures=0,
        clip_norm=None,
    )  # fmt: skip
    first, again = (
        fit(*pairs, recipe, seed=3, backend="reference").model.network.state_dict()
        for _ in range(2)
    )
    assert all(np.array_equal(first[name], again[name]) for name in first)


def test_get_params_and_clone_work_as_in_scikit_learn():
    from sklearn.base import clone

    assert clone(lw.Translator(features=64)).get_params()["features"] == 64
