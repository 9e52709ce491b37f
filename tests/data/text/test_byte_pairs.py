import json
import pickle
import subprocess
import sys

import pytest

from layerwise.data import BytePairTokenizer
from layerwise.data.text import BEGIN, END, PADDING, SPECIAL, UNKNOWN, byte_pairs
from layerwise.errors import DataError, ModelFileError, OptionError

TEXTS = ["the cat sat on the mat", "the dog sat on the log", "l'été à Paris", "你好 👍"] * 5


@pytest.fixture(scope="module")
def learned():
    return BytePairTokenizer.train(TEXTS, 300)


def test_frequent_words_become_one_piece(learned):
    numbers = learned.encode("the cat")
    assert learned.pieces(numbers) == [" the", " cat"]
    assert min(numbers) >= len(SPECIAL)
    assert len(learned) <= 300
    small = BytePairTokenizer.train(TEXTS, 262)
    assert len(small) == 262
    assert len(small.encode("the cat")) > 2


@pytest.mark.parametrize(
    "text",
    [
        "the cat", "", "the  cat\n\tsat ", "<pad> <eos> <unk>", "ᚠᚢᚦ 🇫🇷 \x00\x7f", "你好世界",
        "été", "\ufffd", "a" * 1000, "Ġ Ċ ￭",
    ],
)  # fmt: skip
def test_every_text_comes_back(learned, text):
    numbers = learned.encode(text)
    assert all(len(SPECIAL) <= number < len(learned) for number in numbers)
    assert learned.decode(numbers) == text
    assert "".join(learned.pieces(numbers)).removeprefix(" ") == text or not text.isascii()


def test_beginnings_ends_and_filling(learned):
    numbers = learned.encode("the cat", begin=True, end=True)
    assert numbers == [BEGIN, *learned.encode("the cat"), END]
    assert learned.decode([*numbers, PADDING, PADDING, 7]) == "the cat"
    assert learned.decode([UNKNOWN]) == "\ufffd"
    assert learned.pieces([0, 1, 2, 3]) == list(SPECIAL)
    assert learned.encode("") == []
    assert learned.encode_all(["the cat", ""], True, True) == [numbers, [BEGIN, END]]


def test_the_same_texts_give_the_same_pieces(learned):
    assert BytePairTokenizer.train(TEXTS, 300) == learned
    assert BytePairTokenizer.train(list(TEXTS), 300).as_json() == learned.as_json()
    assert BytePairTokenizer.train(TEXTS, 270) != learned


def test_lower_case_composition_and_the_most_pieces():
    made = BytePairTokenizer.train(TEXTS, 300, lowercase=True, maximum=3)
    assert made.encode("THE CAT") == made.encode("the cat")
    assert made.encode("e\u0301") == made.encode("é")
    assert len(made.encode("a b c d e f")) == 3
    assert len(made.encode("x" * 100_000, begin=True)) == 4


def test_halves_of_surrogate_pairs_are_replaced(learned):
    assert learned.decode(learned.encode("a\ud800b")) == "a\ufffdb"


def test_json_there_and_back(learned):
    about = json.loads(json.dumps(learned.as_json()))
    for again in (
        BytePairTokenizer.from_json(about),
        BytePairTokenizer.from_json(json.dumps(about)),
        pickle.loads(pickle.dumps(learned)),
    ):
        assert again == learned
        assert len(again) == len(learned)
        assert again.encode("the été 你") == learned.encode("the été 你")


@pytest.mark.parametrize(
    "change",
    [
        {"merges": ["a"]}, {"merges": ["a b c"]}, {"merges": [["a", "b"]]}, {"merges": "ab"},
        {"merges": ["ab c"]}, {"merges": ["a \u4e00"]}, {"lowercase": 0}, {"maximum": 0},
        {"more": 1},
    ],
)  # fmt: skip
def test_damaged_json(learned, change):
    with pytest.raises(ModelFileError):
        BytePairTokenizer.from_json({**learned.as_json(), **change})
    with pytest.raises(ModelFileError):
        BytePairTokenizer.from_json("{")


def test_bad_texts_sizes_and_numbers(learned):
    with pytest.raises(DataError, match="row 1: expected a text, got None"):
        BytePairTokenizer.train(["a", None], 300)
    with pytest.raises(DataError, match="row 0: expected a text, got 3"):
        learned.encode_all([3])
    with pytest.raises(DataError, match="none but empty ones"):
        BytePairTokenizer.train(["", " "], 300)
    with pytest.raises(OptionError, match="size: expected at least 260"):
        BytePairTokenizer.train(TEXTS, 259)
    for number in (-1, len(learned), 1.5, "a"):
        with pytest.raises(DataError, match="expected numbers of pieces, 0 to"):
            learned.decode([number])


def test_texts_in_which_nothing_repeats():
    made = BytePairTokenizer.train(["a"], 1000)
    assert made.decode(made.encode("b a")) == "b a"
    assert len(made) < 300


def test_the_alphabet_is_that_of_the_library():
    from tokenizers.pre_tokenizers import ByteLevel

    assert sorted(byte_pairs._bytes_of_letters()) == sorted(ByteLevel.alphabet())


def test_without_the_library_there_is_advice():
    program = (
        "import sys; sys.modules['tokenizers'] = None\n"
        "from layerwise.data import BytePairTokenizer\n"
        "try: BytePairTokenizer.train(['a a'], 300)\n"
        "except ImportError as error: print(error)"
    )
    said = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert "pip install tokenizers" in said
