"""`lw.words.train`: what is learned from a made text, and what it is learned from."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.backends.native import team
from layerwise.errors import DataError, OptionError
from layerwise.words.corpus import read_corpus
from layerwise.words.windows import NOISE, STRETCH, Alias, Windows, kept

TOPICS = 3
EACH = 12


@pytest.fixture(scope="module")
def sentences():
    """Each sentence is about one of three topics, with words of that alone and some of all."""
    generator = np.random.default_rng(4)
    made = []
    for number in range(900):
        topic = "abc"[number % TOPICS]
        length = generator.integers(4, 14)
        words = [f"{topic}{k}" for k in generator.integers(0, EACH, length)]
        words.insert(1, f"the{generator.integers(0, 3)}")
        made.append(words)
    return made


def train(sentences, method, **options):
    return lw.words.train(sentences, method, size=20, epochs=4, min_count=5, sample=0, **options)


@pytest.mark.parametrize("method", ["skipgram", "cbow"])
def test_words_of_a_topic_are_near_each_other(sentences, method):
    found = train(sentences, method, learning_rate=0.1)
    assert len(found) == TOPICS * EACH + 3
    assert found.vectors.shape == (len(found), 20)
    for topic in "abc":
        for k in range(EACH):
            near = [n.word for n in found.nearest(f"{topic}{k}", EACH - 2)]
            assert {word[0] for word in near} == {topic}, (topic, k, near)


@pytest.mark.parametrize("method", ["skipgram", "cbow"])
def test_same_seed_same_bits_on_any_number_of_threads(sentences, method, monkeypatch):
    found = []
    for threads in (1, 2, 3):
        monkeypatch.setattr(team.Team, "next_call", lambda *_, t=threads: (1, t))
        found.append(train(sentences[:300], method, threads=threads).vectors)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
    other = train(sentences[:300], method, seed=1).vectors
    assert np.abs(other - found[0]).max() > 0.01


def test_bursts_of_one_word_do_not_blow_up():
    """The gradients of a step add up, far beyond where they are true."""
    generator = np.random.default_rng(0)
    words = [f"w{k}" for k in generator.integers(0, 2000, 6000)]
    burst = ["again", "and"] * 300
    sentences = [words[:3000], burst, words[3000:], burst]
    found = lw.words.train(sentences, size=20, epochs=8, min_count=1, sample=0)
    assert np.linalg.norm(found.vectors, axis=1).max() < 20


def test_progress_counts_words_and_the_loss_falls(sentences):
    seen = []
    train(sentences, "skipgram", progress=seen.append, learning_rate=0.1)
    assert [p.epoch for p in seen] == [1, 2, 3, 4]
    assert all(p.step == p.steps == sum(map(len, sentences)) for p in seen)
    assert seen[-1].loss < seen[0].loss < 6 * np.log(2) + 0.1
    assert seen[-1].learning_rate < seen[0].learning_rate < 0.1
    assert seen[-1].fraction == 1


def test_sentences_are_gone_through_once(sentences):
    found = train(iter(sentences), "skipgram")
    np.testing.assert_array_equal(found.vectors, train(sentences, "skipgram").vectors)


# -- the text --------------------------------------------------------------------------------------


def test_rare_words_are_left_out_before_windows_are_laid():
    corpus = read_corpus([["b", "a", "x", "b"], ["y"], [], ["a", "b", "c", "c"]], 2)
    assert corpus.words == ["b", "a", "c"]
    assert corpus.counts.tolist() == [3, 2, 2]
    assert corpus.tokens.tolist() == [0, 1, 0, 1, 0, 2, 2]
    assert corpus.ends.tolist() == [3, 7]


def test_windows_stay_in_their_sentence():
    lengths = [1, 2, 40, 3, 100, 7]
    sentences = [[f"{s} {k}" for k in range(n)] for s, n in enumerate(lengths)]
    corpus = read_corpus(sentences, 1)
    for window in (1, 4):
        (block,) = Windows(corpus, window, 0, seed=3).blocks(0)
        assert block.done == sum(lengths)
        assert block.words.shape == (5, STRETCH + 2 * window + NOISE)
        flat = [word for sentence in sentences for word in sentence]
        sizes = []
        for number, word in enumerate(flat):
            row, column = divmod(number, STRETCH)
            names = [corpus.words[k] for k in block.words[row]]
            assert names[window + column] == word
            low, high = block.low[row, column], block.high[row, column]
            near = names[low : high + 1]
            place, text = word.split()
            reach = max(window + column - low, high - window - column)
            whole = sentences[int(place)]
            k = int(text)
            assert near == whole[max(k - reach, 0) : k + reach + 1]
            sizes.append(reach)
        assert max(sizes) == window
        assert (block.low > block.high).sum() == 5 * STRETCH - len(flat)


def test_blocks_cover_the_text_once(monkeypatch):
    from layerwise.words import windows

    monkeypatch.setattr(windows, "BLOCK", 20)
    lengths = [3, 17, 5, 50, 1, 1, 19, 2]
    corpus = read_corpus([["a"] * n for n in lengths], 1)
    blocks = list(Windows(corpus, 2, 0, seed=0).blocks(0))
    assert [b.done for b in blocks] == [20, 25, 75, 77, 96, 98]
    assert [int((b.low <= b.high).sum()) for b in blocks] == [20, 5, 50, 2, 19, 2]


def test_frequent_words_are_passed_over():
    counts = np.array([90_000, 9_900, 100])
    expected = [np.sqrt(0.001 / f) + 0.001 / f for f in (0.9, 0.099)] + [1]
    np.testing.assert_allclose(kept(counts, 1e-3), expected, rtol=1e-6)
    np.testing.assert_array_equal(kept(counts, 0), 1)


def test_noise_is_drawn_in_proportion():
    weights = np.array([1.0, 0.0, 5.0, 2.5, 1.5])
    drawn = Alias(weights).draw(np.random.default_rng(0), (400, 500))
    share = np.bincount(drawn.reshape(-1), minlength=5) / drawn.size
    np.testing.assert_allclose(share, weights / 10, atol=0.004)
    assert share[1] == 0


# -- bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentences", "message"),
    [
        (["a text"], "sentence 0 is a text"),
        ([], "got none"),
        ([[], []], "got none"),
        ([["a", 3]], "texts that are not empty, got 3"),
        ([["a", ""]], "texts that are not empty, got ''"),
        ([["a", "b", "a"]], "no word occurs 5 times"),
    ],
)
def test_bad_sentences(sentences, message):
    with pytest.raises(DataError, match=message):
        lw.words.train(sentences)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "skip-gram"}, "skipgram"),
        ({"size": 0}, "size"),
        ({"window": 2.5}, "window"),
        ({"negative": 0}, "negative"),
        ({"sample": -1}, "sample"),
        ({"learning_rate": 0}, "learning_rate"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(OptionError, match=message):
        lw.words.train([["a"] * 9], **options)
