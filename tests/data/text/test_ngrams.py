import json

import numpy as np
import pytest

from layerwise.data import CharacterNgrams
from layerwise.errors import DataError, ModelFileError, OptionError

# What fastText's own functions give, by gensim 4.4.0: compute_ngrams_bytes(word, 3, 6), each with
# ft_hash_bytes modulo 100,000.
FASTTEXT = {
    "where": [67652, 89715, 26707, 71586, 20941, 12621, 69176, 21234, 73420, 40811, 14991, 29033,
              68469, 67498],
    "naïve": [6890, 7692, 78190, 33201, 90546, 19404, 32043, 56687, 56832, 23007, 5331, 11570,
              88548, 88654],
    "你好世界": [56985, 93249, 53899, 94575, 92739, 91413, 31057, 37496, 84658, 99187],
    "été": [8133, 59617, 99949, 87927, 96363, 91535],
    "👍x": [87956, 21022, 73960],
    "a": [87600],
}  # fmt: skip


@pytest.mark.parametrize("word", FASTTEXT)
def test_buckets_are_fasttexts(word):
    found = CharacterNgrams(3, 6, 100_000).encode(word)
    assert found.dtype == np.int32
    assert found.tolist() == FASTTEXT[word]


def test_the_paper_has_this_example():
    assert CharacterNgrams(3, 3).of("where") == ["<wh", "whe", "her", "ere", "re>"]


def by_hand(text, buckets):
    value = 2166136261
    for byte in text.encode("utf-8", "surrogatepass"):
        signed = byte if byte < 128 else byte - 256
        value = ((value ^ (signed & 0xFFFFFFFF)) * 16777619) & 0xFFFFFFFF
    return value % buckets


@pytest.mark.parametrize(("least", "most"), [(1, 1), (1, 3), (2, 2), (3, 6), (5, 20)])
def test_many_words_at_once(least, most, monkeypatch):
    grams = CharacterNgrams(least, most, 977)
    words = [
        *FASTTEXT,
        "",
        "x",
        "<>",
        "\U0001f1eb\U0001f1f7",
        "\u07ff\u0800\uffff\ud800",
        "ab" * 30,
    ]
    expected = [[by_hand(gram, 977) for gram in grams.of(word)] for word in words]
    for at_once in (1, 20, 10_000):
        monkeypatch.setattr("layerwise.data.text.ngrams._AT_ONCE", at_once)
        buckets, starts = grams.encode_all(words)
        assert starts.tolist() == [0, *np.cumsum([len(each) for each in expected])]
        assert buckets.tolist() == [bucket for each in expected for bucket in each]
        assert buckets.dtype == np.int32


def test_no_words():
    buckets, starts = CharacterNgrams().encode_all([])
    assert buckets.tolist() == []
    assert starts.tolist() == [0]


def test_a_bracket_alone_is_none():
    assert CharacterNgrams(1, 2).of("ab") == ["<a", "a", "ab", "b", "b>"]
    assert CharacterNgrams(1, 1).encode("").tolist() == []


def test_very_long_words():
    buckets, starts = CharacterNgrams().encode_all(["é" * 100_000, "x"])
    assert starts.tolist() == [0, len(buckets) - 1, len(buckets)]
    assert len(buckets) == 4 * 100_002 - (2 + 3 + 4 + 5) + 1


def test_bad_options_and_words():
    for options in ({"least": 0}, {"least": 4, "most": 3}, {"most": 101}):
        with pytest.raises(OptionError, match="least <= most"):
            CharacterNgrams(**options)
    for buckets in (0, 2**31):
        with pytest.raises(OptionError, match="buckets"):
            CharacterNgrams(buckets=buckets)
    with pytest.raises(DataError, match="row 1: expected a word, got None"):
        CharacterNgrams().encode_all(["a", None])


def test_json_there_and_back():
    made = CharacterNgrams(2, 5, 1000)
    assert CharacterNgrams.from_json(json.dumps(made.as_json())) == made
    assert CharacterNgrams.from_json(made.as_json()) != CharacterNgrams()
    for change in ({"least": 0}, {"least": 6}, {"buckets": 0}, {"most": 3.0}, {"more": 1}):
        with pytest.raises(ModelFileError):
            CharacterNgrams.from_json({**made.as_json(), **change})
