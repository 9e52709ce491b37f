# Texts of many scripts, some of whose characters look like others:
# ruff: noqa: RUF001
import gc
import json
import time

import numpy as np
import pytest

from layerwise.data import WordTokenizer
from layerwise.data.text import JOIN
from layerwise.errors import DataError, ModelFileError, OptionError

PLAIN = WordTokenizer()
JOINING = WordTokenizer(joins=True)

TEXTS = {
    "Hello, world!": ["Hello", ",", "world", "!"],
    "don't l'homme": ["don", "'", "t", "l", "'", "homme"],
    "3.14 or 1,000,000. 12:30": ["3.14", "or", "1,000,000", ".", "12", ":", "30"],
    "Straße, naïve, Çok güzel": ["Straße", ",", "naïve", ",", "Çok", "güzel"],
    "e\u0301te\u0301": ["été"],
    "हिन्दी में": ["हिन्दी", "में"],
    "می\u200cخواهم بروم": ["می\u200cخواهم", "بروم"],
    "你好，世界": ["你", "好", "，", "世", "界"],
    "カタカナ": ["カ", "タ", "カ", "ナ"],
    "한국어 문장": ["한국어", "문장"],
    "ᚠᚢᚦ ༄༅": ["ᚠᚢᚦ", "༄", "༅"],
    "\ue000\ue001": ["\ue000", "\ue001"],
    "a_b x1 2x": ["a", "_", "b", "x", "1", "2", "x"],
    "👩\u200d👩\u200d👧 👍🏽👍": ["👩\u200d👩\u200d👧", "👍🏽", "👍"],
    "🇫🇷🇩🇪1\ufe0f\u20e3❤\ufe0f": ["🇫🇷", "🇩🇪", "1\ufe0f\u20e3", "❤\ufe0f"],
    "a\x00b\u200bc": ["a", "\x00", "b", "\u200b", "c"],
    "": [],
    " \n\t\u00a0\u3000": [],
    "\u0301": ["\u0301"],
}


@pytest.mark.parametrize("text", TEXTS)
def test_tokens(text):
    assert PLAIN.split(text) == TEXTS[text]
    assert [token.replace(JOIN, "") for token in JOINING.split(text)] == TEXTS[text]


@pytest.mark.parametrize("text", [*TEXTS, "« Dis-moi », (vite) ! #tag 50% a.b@c.de", '"x" -- y…'])
def test_joined_tokens_give_the_text_back(text):
    composed = text.replace("e\u0301", "é")
    assert JOINING.join(JOINING.split(text)) == " ".join(composed.split())


def test_where_the_joins_are():
    assert JOINING.split("l'homme (oui)!") == ["l", "￭'￭", "homme", "(￭", "oui", "￭)", "￭!"]
    assert JOINING.split("你好") == ["你", "￭好"]
    assert JOINING.split("12abc") == ["12", "￭abc"]
    # The mark itself cannot be spelt.
    assert JOINING.join(JOINING.split("a ￭b ￭ c")) == "a ■b ■ c"


def test_lower_case():
    lower = WordTokenizer(lowercase=True)
    assert lower.split("ÉTÉ Straße ΣΑΣ İ ABC") == ["été", "straße", "σας", "i̇", "abc"]
    assert WordTokenizer(lowercase=True, joins=True).split("Oh, NO") == ["oh", "￭,", "no"]


def test_without_joins_the_spaces_are_a_guess():
    text = "hello, world! it's 3.14 (don't). well-known"
    assert PLAIN.join(PLAIN.split(text)) == text


def test_ascii_is_divided_as_the_rest():
    """There is a pattern of its own for it."""
    for text in ("It's a_b 3.14, 12abc: \x1c (x) -- \x0b#1*", *TEXTS):
        if text.isascii():
            assert PLAIN.split(text) == PLAIN.split(text + " é")[:-1]
            assert JOINING.split(text) == JOINING.split(text + " é")[:-1]


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "é",
        "!",
        "! ",
        "你",
        "\u0301",
        "👍\u200d",
        "a\u200d",
        "1,",
        " ",
        "\x00",
        "ß1",
        "🇫",
        "\ufe0f",
    ],
)
def test_long_texts_take_linear_time(piece):
    def seconds(length):
        text = piece * (length // len(piece))
        best = []
        # The garbage of all the tests before would be looked through in the middle of this one.
        gc.disable()
        try:
            for _ in range(3):
                began = time.thread_time()
                JOINING.split(text)
                best.append(time.thread_time() - began)
        finally:
            gc.enable()
        return min(best)

    # 10 times as long takes about 10 times as long; were it quadratic, it would be 100 times.
    assert seconds(40_000) < 40 * seconds(4_000) + 0.05


def test_the_most_tokens():
    few = WordTokenizer(maximum=3)
    assert few.split("a b c d e") == ["a", "b", "c"]
    assert few.split("é " * 100_000) == ["é"] * 3
    assert WordTokenizer(maximum=3, joins=True).split("a,b") == ["a", "￭,￭", "b"]
    for maximum in (0, -1, 2.0, True):
        with pytest.raises(OptionError, match="maximum"):
            WordTokenizer(maximum=maximum)


def test_several_texts():
    expected = [["a"], [], ["b", "c"]]
    texts = ["a", "", "b c"]
    for given in (texts, tuple(texts), np.array(texts), np.array(texts, object), iter(texts)):
        assert PLAIN.split_all(given) == expected
    pandas = pytest.importorskip("pandas")
    assert PLAIN.split_all(pandas.Series(texts, index=[7, 8, 9])) == expected


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["a", None], "row 1: expected a text, got None, which says that it is missing"),
        (["a", "b", float("nan")], "row 2: expected a text, got nan, which says"),
        (["a", 3], "row 1: expected a text, got 3"),
        (["a", np.ones(2)], "row 1: expected a text, got array"),
        ([b"a"], "row 0: expected a text, got b'a'; decode it first"),
        ("a b", "expected several texts, got one, 'a b'"),
        (5, "expected texts, got 5"),
    ],
)
def test_what_is_no_text(texts, message):
    with pytest.raises(DataError, match=message):
        PLAIN.split_all(texts)


def test_missing_texts_of_pandas():
    pandas = pytest.importorskip("pandas")
    for missing in (None, np.nan, pandas.NA, pandas.NaT):
        with pytest.raises(DataError, match=r"row 1: expected a text, got .*missing"):
            PLAIN.split_all(pandas.Series(["a", missing], dtype=object))
    with pytest.raises(DataError, match="expected a text, got None"):
        PLAIN.split(None)


def test_json_there_and_back():
    for made in (PLAIN, WordTokenizer(True, True, 7)):
        assert WordTokenizer.from_json(made.as_json()) == made
        assert WordTokenizer.from_json(json.dumps(made.as_json())) == made


@pytest.mark.parametrize(
    "about",
    [
        "{", "null", "[1]", {}, None,
        {"lowercase": 1, "joins": False, "maximum": None},
        {"lowercase": True, "joins": False, "maximum": 0},
        {"lowercase": True, "joins": False, "maximum": None, "more": 1},
    ],
)  # fmt: skip
def test_damaged_json(about):
    with pytest.raises(ModelFileError):
        WordTokenizer.from_json(about)
