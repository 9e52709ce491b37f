import numpy as np
import pytest

import layerwise as lw
from layerwise.data import Vocabulary
from layerwise.errors import DataError, OptionError
from layerwise.words import WordVectors

ROYAL = {
    # maleness, royalty, Frenchness, being a town
    "man": (1, 0, 0, 0.1),
    "woman": (-1, 0, 0, 0.1),
    "king": (1, 1, 0, 0),
    "queen": (-1, 1, 0, 0),
    "prince": (0.9, 0.8, 0.1, 0),
    "Paris": (0, 0, 1, 1),
    "france": (0, 0.1, 1, 0),
    "NASA": (0.1, 0, 0, -1),
}


@pytest.fixture(scope="module")
def vectors():
    return WordVectors(ROYAL, list(ROYAL.values()))


@pytest.fixture(scope="module")
def random():
    numbers = np.random.default_rng(2).normal(size=(500, 20)).astype(np.float32)
    return WordVectors([f"w{i}" for i in range(500)], numbers)


def cosines(vectors, query):
    """As the textbook has it, in float64."""
    rows = np.array(vectors.vectors, np.float64)
    return rows @ query / np.linalg.norm(rows, axis=1) / np.linalg.norm(query)


def test_looking_words_up(vectors):
    assert len(vectors) == 8
    assert vectors.dimension == 4
    assert "king" in vectors
    assert "King" not in vectors
    assert 3 not in vectors
    assert list(vectors) == list(ROYAL)
    np.testing.assert_array_equal(vectors["queen"], np.float32([-1, 1, 0, 0]))
    vectors["queen"][:] = 9  # a copy
    np.testing.assert_array_equal(vectors["queen"], np.float32([-1, 1, 0, 0]))
    assert repr(vectors) == "WordVectors(8 words, 4 numbers each)"


@pytest.mark.parametrize(
    ("word", "near"),
    [("quen", "queen"), ("PARIS", "Paris"), ("nasa", "NASA"), ("princes", "prince")],
)
def test_unknown_words_with_close_spellings(vectors, word, near):
    for error in (KeyError, DataError, lw.UnknownWord):
        with pytest.raises(error) as raised:
            vectors[word]
        expected = f"'{word}' is none of the 8 words that have a vector; close spellings are {near}"
        assert str(raised.value).startswith(expected)
    with pytest.raises(
        lw.UnknownWord, match=r"'zzzzzz' is none of the 8 words that have a vector$"
    ):
        vectors.nearest("zzzzzz")


def test_other_cases_if_that_is_asked_for():
    found = WordVectors(ROYAL, list(ROYAL.values()), any_case=True)
    np.testing.assert_array_equal(found["KING"], found["king"])
    np.testing.assert_array_equal(found["paris"], found["Paris"])
    np.testing.assert_array_equal(found["nasa"], found["NASA"])
    assert "Woman" in found
    assert "womann" not in found
    assert found.nearest("King", 8) == found.nearest("king", 8)


def test_neighbours_are_those_of_the_definition(random):
    expected = cosines(random, random["w7"].astype(np.float64))
    expected[7] = -np.inf
    order = np.argsort(-expected)[:10]
    found = random.nearest("w7")
    assert [each.word for each in found] == [f"w{row}" for row in order]
    np.testing.assert_allclose([each.similarity for each in found], expected[order], atol=1e-6)
    query = np.ones(20)
    order = np.argsort(-cosines(random, query))
    assert [word for word, _ in random.nearest(query, 500)] == [f"w{row}" for row in order]


def test_blocks_change_nothing(random, monkeypatch):
    before = random.nearest("w7"), random.analogy("w1", "w2", "w3", method="3cosmul")
    monkeypatch.setattr("layerwise.words.neighbours._BLOCK", 17)
    fresh = WordVectors(random.words, random.vectors)
    assert (fresh.nearest("w7"), fresh.analogy("w1", "w2", "w3", method="3cosmul")) == before


def test_a_word_is_not_its_own_neighbour_but_numbers_may_be(vectors):
    assert "king" not in [word for word, _ in vectors.nearest("king", 99)]
    assert len(vectors.nearest("king", 99)) == 7
    word, similarity = vectors.nearest(vectors["king"], 1)[0]
    assert word == "king"
    assert similarity == pytest.approx(1)


def test_bad_questions(vectors):
    with pytest.raises(OptionError, match="count"):
        vectors.nearest("king", 0)
    for numbers in (np.ones(3), np.ones((1, 4)), [1, 2, np.nan, 3]):
        with pytest.raises(DataError, match="a word, or 4 finite numbers"):
            vectors.nearest(numbers)
    with pytest.raises(OptionError, match="unknown method '3cosadd2'"):
        vectors.analogy("man", "king", "woman", method="3cosadd2")
    with pytest.raises(lw.UnknownWord):
        vectors.analogy("man", "king", "womann")


@pytest.mark.parametrize("method", ["3cosadd", "3cosmul"])
def test_the_analogy_everybody_knows(vectors, method):
    answers = vectors.analogy("man", "king", "woman", method=method)
    assert answers[0].word == "queen"
    assert {"man", "king", "woman"}.isdisjoint(each.word for each in answers)
    assert len(answers) == 5


def test_analogies_are_those_of_their_equations(random):
    rows = np.array(random.vectors, np.float64)
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    a, b, c = units[10], units[20], units[30]
    added = units @ (b - a + c) / np.linalg.norm(b - a + c)
    moved = [(units @ each + 1) / 2 for each in (a, b, c)]
    multiplied = moved[1] * moved[2] / (moved[0] + 0.001)
    for method, scores in (("3cosadd", added), ("3cosmul", multiplied)):
        scores[[10, 20, 30]] = -np.inf
        order = np.argsort(-scores)[:5]
        found = random.analogy("w10", "w20", "w30", 5, method)
        assert [word for word, _ in found] == [f"w{row}" for row in order]
        np.testing.assert_allclose([score for _, score in found], scores[order], rtol=1e-5)


def test_similarity_and_vectors_of_zeros():
    found = WordVectors(["a", "b", "c", "none"], [[1, 0], [1, 1], [-2, 0], [0, 0]])
    assert found.similarity("a", "b") == pytest.approx(np.sqrt(0.5))
    assert found.similarity("a", "c") == pytest.approx(-1)
    assert found.similarity("a", "none") == 0
    assert found.nearest("none", 1)[0].similarity == 0
    assert dict(found.nearest("a"))["none"] == 0


def test_taking_some_words(vectors):
    some = vectors.take(["queen", "man", "queen"])
    assert list(some.words) == ["queen", "man"]
    np.testing.assert_array_equal(some["queen"], vectors["queen"])
    with pytest.raises(lw.UnknownWord, match="close spellings are queen"):
        vectors.take(["queenn"])


@pytest.mark.parametrize(
    ("words", "numbers", "message"),
    [
        (["a", "b"], [[1.0]], r"expected vectors of shape \(2, dimension\)"),
        (["a"], [1.0], "got shape"),
        (["a", "a"], [[1.0], [2.0]], "'a' twice"),
        (["a", ""], [[1.0], [2.0]], "not empty, got ''"),
        (["a", None], [[1.0], [2.0]], "got None"),
        (["a", "b"], [[1.0], [np.inf]], "that of 'b' is not"),
    ],
)
def test_bad_words_and_vectors(words, numbers, message):
    with pytest.raises(DataError, match=message):
        WordVectors(words, numbers)


def test_the_table_of_an_embedding(vectors):
    vocabulary = Vocabulary(["queen", "zebra", "man"])
    table, known = vectors.table(vocabulary, seed=3)
    assert table.shape == (7, 4)
    assert table.dtype == np.float32
    assert known.tolist() == [False, False, False, False, True, False, True]
    np.testing.assert_array_equal(table[0], 0)
    np.testing.assert_array_equal(table[4], vectors["queen"])
    np.testing.assert_array_equal(table[6], vectors["man"])
    assert (table[5] != 0).any()
    np.testing.assert_array_equal(vectors.table(vocabulary, seed=3)[0], table)
    assert (vectors.table(vocabulary, seed=4)[0][5] != table[5]).any()
    with pytest.raises(DataError, match="none of the 1 words of the vocabulary has a vector"):
        vectors.table(Vocabulary(["zebra"]))


def test_the_map_by_principal_components(random):
    names = [f"w{i}" for i in range(40)]
    places = random.map(names)
    assert places.shape == (40, 2)
    rows = np.array([random[name] for name in names], np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    values, directions = np.linalg.eigh(np.cov(rows.T))
    expected = (rows - rows.mean(axis=0)) @ directions[:, ::-1][:, :2]
    np.testing.assert_allclose(np.abs(places), np.abs(expected), atol=1e-5)
    np.testing.assert_allclose(places.var(axis=0, ddof=1), values[::-1][:2], rtol=1e-4)


def test_the_map_by_neighbours_keeps_groups_together():
    draw = np.random.default_rng(5)
    numbers = np.concatenate(
        [draw.normal(center, 0.1, (6, 8)) for center in (draw.normal(size=8), draw.normal(size=8))]
    )
    found = WordVectors([f"w{i}" for i in range(12)], numbers)
    places = found.map(method="tsne", seed=1)
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    group = np.arange(12) < 6
    same = distances[np.ix_(group, group)].max(), distances[np.ix_(~group, ~group)].max()
    assert max(same) < distances[np.ix_(group, ~group)].min()
    np.testing.assert_array_equal(found.map(method="tsne", seed=1), places)


def test_maps_that_cannot_be(vectors, tmp_path):
    with pytest.raises(DataError, match="at least 3 different words, got 2"):
        vectors.map(["king", "queen", "king"])
    with pytest.raises(DataError, match="expected several words, got one text"):
        vectors.map("king")
    with pytest.raises(OptionError, match="unknown method 'umap'"):
        vectors.map(method="umap")
    with pytest.raises(OptionError, match=r"\.png, \.svg, \.pdf"):
        vectors.plot_map(path=tmp_path / "map.gif")


def test_the_picture_has_every_word_and_none_covers_another(vectors, tmp_path):
    names = [*ROYAL][:7]
    figure = vectors.plot_map(names, tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == names
    boxes = [text.get_window_extent() for text in axes.texts]
    for place, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:place])
    np.testing.assert_allclose(axes.collections[0].get_offsets(), vectors.map(names))


def test_dollar_signs_are_no_formulas():
    found = WordVectors(["$x^", "$", "b"], np.eye(3))
    figure = found.plot_map()
    figure.canvas.draw()
    assert figure.axes[0].texts[0].get_text() == r"\$x^"
