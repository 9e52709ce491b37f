import numpy as np
import pytest
from scipy.stats import spearmanr

from layerwise.errors import DataError, OptionError
from layerwise.words import WordVectors


@pytest.fixture(scope="module")
def random():
    numbers = np.random.default_rng(3).normal(size=(60, 6)).astype(np.float32)
    return WordVectors([f"w{i}" for i in range(60)], numbers)


@pytest.fixture(scope="module")
def grid():
    """Towns and countries, grown and plural forms: every analogy holds but one."""
    named = {}
    draw = np.random.default_rng(4)
    town, plural = np.eye(12)[0], np.eye(12)[1]
    for place, (country, capital) in enumerate(
        [("france", "paris"), ("italy", "rome"), ("spain", "madrid")]
    ):
        base = np.eye(12)[2 + place]
        named[country], named[capital] = base, base + town
    for place, word in enumerate(["cat", "dog", "car"]):
        base = np.eye(12)[6 + place]
        named[word], named[word + "s"] = base, base + plural
    named["cars"] = draw.normal(size=12)
    return WordVectors(named, list(named.values()))


QUESTIONS = """: capital-common-countries
Paris France Rome Italy
Rome Italy Madrid Spain
Paris France Berlin Germany
: gram8-plural
cat cats dog dogs
dog dogs cat cats
cat cats car cars
"""


def test_spearman_is_scipys(random):
    draw = np.random.default_rng(0)
    pairs = [
        (f"w{draw.integers(60)}", f"w{draw.integers(60)}", float(draw.integers(0, 8)))
        for _ in range(50)
    ]
    found = random.evaluate_similarity([*pairs, ("w1", "zebra", 3.0)])
    expected = spearmanr([random.similarity(a, b) for a, b, _ in pairs], [s for *_, s in pairs])
    assert found.spearman == pytest.approx(expected.statistic, abs=1e-6)
    assert (found.pairs, found.unknown) == (50, 1)


@pytest.mark.parametrize(
    "text",
    [
        "Word 1,Word 2,Human (mean)\nw0,w1,7.5\nw2,w3,1\nw4,w5,3\n",
        "# a comment\nw0\tw1\t7.5\nw2\tw3\t1\nw4\tw5\t3\n",
        "word1\tword2\tPOS\tSimLex999\nw0\tw1\tA\t7.5\nw2\tw3\tN\t1\nw4\tw5\tV\t3\n",
        "w0 w1 7.5\n\nw2 w3 1\nw4   w5   3\n",
    ],
)
def test_files_of_pairs(random, tmp_path, text):
    path = tmp_path / "pairs"
    path.write_text(text)
    pairs = [("w0", "w1", 7.5), ("w2", "w3", 1), ("w4", "w5", 3)]
    assert random.evaluate_similarity(path) == random.evaluate_similarity(pairs)


def test_bad_pairs(random, tmp_path):
    path = tmp_path / "pairs"
    path.write_text("w0 w1 7.5\nw2 w3 much\n")
    with pytest.raises(DataError, match="line 2: expected two words and a score, got 'w2 w3 much'"):
        random.evaluate_similarity(path)
    with pytest.raises(DataError, match="pair 1: expected"):
        random.evaluate_similarity([("w0", "w1", 1), ("w0", "w1")])
    with pytest.raises(DataError, match="at least 2 pairs of known words with different scores"):
        random.evaluate_similarity([("w0", "w1", 1), ("w0", "zebra", 3)])
    with pytest.raises(DataError, match="all pairs have the same cosine"):
        random.evaluate_similarity([("w0", "w0", 1), ("w0", "w0", 3)])


def test_analogies_by_section(grid, tmp_path):
    path = tmp_path / "questions-words.txt"
    path.write_text(QUESTIONS)
    found = grid.evaluate_analogies(path)
    capitals, plurals = found.sections
    assert (capitals.name, capitals.right, capitals.asked, capitals.unknown) == (
        "capital-common-countries", 2, 2, 1,
    )  # fmt: skip
    assert (plurals.right, plurals.asked, plurals.unknown) == (2, 3, 0)
    assert found.semantic.accuracy == 1
    assert found.syntactic.accuracy == pytest.approx(2 / 3)
    assert found.accuracy == pytest.approx(4 / 5)
    assert (found.total.right, found.total.asked, found.total.unknown) == (4, 5, 1)


@pytest.mark.parametrize("method", ["3cosadd", "3cosmul"])
def test_the_answers_are_those_of_analogy(random, method, monkeypatch):
    draw = np.random.default_rng(1)
    asked = [[f"w{i}" for i in draw.choice(60, 4, replace=False)] for _ in range(40)]
    for question in asked[::2]:
        question[3] = random.analogy(*question[:3], 1, method)[0].word
    expected = sum(random.analogy(*q[:3], 1, method)[0].word == q[3] for q in asked)
    for block in (7, 1000):
        monkeypatch.setattr("layerwise.words.neighbours._BLOCK", block)
        monkeypatch.setattr("layerwise.words.measures._AT_ONCE", block)
        assert random.evaluate_analogies(asked, method).total.right == expected
    assert 20 <= expected < 40


def test_answers_among_the_first_words(grid):
    assert list(grid.words)[:4] == ["france", "paris", "italy", "rome"]
    question = [("paris", "france", "rome", "italy"), ("cat", "cats", "dog", "dogs")]
    found = grid.evaluate_analogies(question, among=4)
    assert (found.total.right, found.total.asked, found.total.unknown) == (1, 1, 1)
    assert np.isnan(found.syntactic.accuracy)
    with pytest.raises(OptionError, match="among"):
        grid.evaluate_analogies(question, among=0)


def test_bad_questions_of_files(grid, tmp_path):
    path = tmp_path / "questions"
    path.write_text(": a\na b c d\na b c\n")
    with pytest.raises(DataError, match="line 3: expected four words or ': section', got 'a b c'"):
        grid.evaluate_analogies(path)
    path.write_bytes(b": a\na b c \xff\n")
    with pytest.raises(DataError, match="line 2: expected text in UTF-8, got the byte 0xff"):
        grid.evaluate_analogies(path)
    with pytest.raises(DataError, match="question 0: expected four words"):
        grid.evaluate_analogies([("a", "b")])
    with pytest.raises(DataError, match="at least one analogy"):
        grid.evaluate_analogies([])
