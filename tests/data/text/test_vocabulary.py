import json
from collections import Counter

import numpy as np
import pytest

from layerwise.data import Vocabulary
from layerwise.data.text import BEGIN, END, PADDING, SPECIAL, UNKNOWN
from layerwise.errors import DataError, ModelFileError, OptionError

TOKENS = [["b", "a", "c"], ["b", "c"], ["b", "é"], []]


def test_the_special_tokens_come_first():
    assert (PADDING, UNKNOWN, BEGIN, END) == (0, 1, 2, 3)
    assert SPECIAL == ("<pad>", "<unk>", "<bos>", "<eos>")
    assert Vocabulary(["x"]).words == (*SPECIAL, "x")


def test_frequent_words_come_first_and_ties_by_their_characters():
    expected = (*SPECIAL, "b", "c", "a", "é")
    assert Vocabulary.build(TOKENS).words == expected
    assert Vocabulary.build(TOKENS[::-1]).words == expected
    assert Vocabulary.build(Counter({"é": 1, "a": 1, "c": 2, "b": 3})).words == expected


def test_the_least_count_and_the_most_words():
    assert Vocabulary.build(TOKENS, min_count=2).words == (*SPECIAL, "b", "c")
    assert Vocabulary.build(TOKENS, maximum=3).words == (*SPECIAL, "b", "c", "a")
    assert Vocabulary.build(TOKENS, maximum=1).words == (*SPECIAL, "b")
    with pytest.raises(DataError, match="no word occurs 4 times or more among 4 different"):
        Vocabulary.build(TOKENS, min_count=4)
    with pytest.raises(DataError, match="no word occurs"):
        Vocabulary.build([[], []])
    for options in ({"min_count": 0}, {"maximum": 0}):
        with pytest.raises(OptionError, match="expected 1 or more, got 0"):
            Vocabulary.build(TOKENS, **options)


def test_there_and_back():
    vocabulary = Vocabulary.build(TOKENS)
    assert vocabulary.encode(["a", "zebra", "b"]) == [6, UNKNOWN, 4]
    assert vocabulary.encode(["a"], begin=True, end=True) == [BEGIN, 6, END]
    assert vocabulary.encode([], end=True) == [END]
    assert vocabulary.encode_all([["a"], []]) == [[6], []]
    assert vocabulary.decode([BEGIN, 6, UNKNOWN, PADDING, 4, END, 5]) == ["a", "<unk>", "b"]
    assert vocabulary.decode(np.int32([4, 5])) == ["b", "c"]
    assert vocabulary.decode([]) == []
    for numbers in ([8], [-1], [1.5], ["a"]):
        with pytest.raises(DataError, match="expected numbers of words, 0 to 7"):
            vocabulary.decode(numbers)


def test_a_vocabulary_of_one_word():
    only = Vocabulary.build([["a", "a"]])
    assert len(only) == 5
    assert only.encode(["a", "b"]) == [4, UNKNOWN]
    assert only.decode([4]) == ["a"]


def test_texts_cannot_spell_special_tokens():
    vocabulary = Vocabulary.build([["<eos>", "<pad>", "", "a"]])
    assert vocabulary.words == (*SPECIAL, "a")
    assert vocabulary.encode(["<eos>", "<pad>", "<bos>"]) == [UNKNOWN] * 3
    assert "<pad>" not in vocabulary
    assert "a" in vocabulary


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "at least one word"),
        (["a", "b", "a"], "'a' twice"),
        (["a", ""], "got ''"),
        (["<eos>"], "got '<eos>'"),
        (["a", None], "got None"),
        ("abc", "expected several words, got one text"),
    ],
)
def test_bad_words(words, message):
    with pytest.raises(DataError, match=message):
        Vocabulary(words)


def test_texts_that_are_not_divided():
    with pytest.raises(
        DataError, match=r"row 1: expected the tokens of a text, got the text 'a b'"
    ):
        Vocabulary.build([["a"], "a b"])


def test_json_there_and_back():
    made = Vocabulary.build(TOKENS)
    again = Vocabulary.from_json(json.dumps(made.as_json()))
    assert again == made == Vocabulary.from_json(made.as_json())
    assert hash(again) == hash(made)
    assert again.encode(["é"]) == made.encode(["é"])
    assert made != Vocabulary(["a"])


@pytest.mark.parametrize(
    "about",
    [
        "", "{", "[]", None, {}, {"words": "abc"}, {"words": []}, {"words": ["a", "a"]},
        {"words": ["a", 1]}, {"words": ["<pad>"]}, {"words": [""]}, {"words": ["a"], "more": 1},
        "[" * 100_000,
    ],
)  # fmt: skip
def test_damaged_json(about):
    with pytest.raises(ModelFileError):
        Vocabulary.from_json(about)
