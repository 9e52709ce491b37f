import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from text_cases import reviews

from layerwise.data.text import WordTokenizer
from layerwise.errors import DataError
from layerwise.model.raw_texts import FIRST_WORD, RawTexts
from layerwise.model.text_features import FeatureKinds, hash_words, tokens_of

TEXTS = [*reviews(40)[0], "", "привет мир 😀😀", "a a a b"]


def dense(raw, encoded, count):
    """Weights (texts, features) of what networks get."""
    found = np.zeros((count, len(raw.hashes) + 1))
    for part in encoded:
        features, weights = part.inputs[:2]
        for row, numbers, values in zip(part.rows, features, weights, strict=True):
            found[row, numbers] += values
    assert not found[:, 0].any()
    return found[:, 1:]


@pytest.mark.parametrize("words", [1, 2, 3])
def test_weights_are_those_of_scikit_learns_tf_idf(words):
    raw, counted = RawTexts.learn(TEXTS, kinds=FeatureKinds(words, None), min_texts=1)
    ours = dense(raw, raw.encode_counted(counted), len(TEXTS))
    split = WordTokenizer(lowercase=True).split
    theirs = TfidfVectorizer(
        tokenizer=split, token_pattern=None, lowercase=False, ngram_range=(1, words),
        sublinear_tf=True,
    ).fit_transform(TEXTS).toarray()  # fmt: skip
    assert ours.shape == theirs.shape
    # Columns are in another order; each row has the same weights, and so has each product of rows.
    np.testing.assert_allclose(np.sort(ours, 1), np.sort(theirs, 1), atol=1e-6)
    np.testing.assert_allclose(ours @ ours.T, theirs @ theirs.T, atol=1e-5)


def test_characters_are_ngrams_inside_words():
    raw, counted = RawTexts.learn(TEXTS, kinds=FeatureKinds(0, (2, 4)), min_texts=1)
    ours = dense(raw, raw.encode_counted(counted), len(TEXTS))
    split = WordTokenizer(lowercase=True).split

    def ngrams(text):
        return [
            f"<{w}>"[i : i + n]
            for w in split(text)
            for n in (2, 3, 4)
            for i in range(len(w) + 3 - n)
        ]

    theirs = TfidfVectorizer(analyzer=ngrams, sublinear_tf=True).fit_transform(TEXTS).toarray()
    np.testing.assert_allclose(ours @ ours.T, theirs @ theirs.T, atol=1e-5)


def test_blocks_count_alike():
    raw, counted = RawTexts.learn(TEXTS, kinds=FeatureKinds(2, (2, 5)), min_texts=1)
    ours = dense(raw, raw.encode_counted(counted), len(TEXTS))
    np.testing.assert_allclose((ours[:40] ** 2).sum(1), 1.0, atol=1e-5)
    assert not ours[40].any()  # the empty text


def test_encoding_new_texts_gives_the_same_as_those_of_training():
    raw, counted = RawTexts.learn(TEXTS)
    first = dense(raw, raw.encode_counted(counted), len(TEXTS))
    again = dense(raw, raw.encode(TEXTS), len(TEXTS))
    np.testing.assert_array_equal(first, again)
    one = dense(raw, raw.encode([TEXTS[3]]), 1)
    np.testing.assert_array_equal(first[3:4], one)


def test_words_that_are_unknown_have_no_feature():
    raw, _ = RawTexts.learn(TEXTS, kinds=FeatureKinds(2, None))
    assert not dense(raw, raw.encode(["zebra quagga"]), 1).any()


def test_rare_features_are_left_out_and_the_most_common_kept():
    many, _ = RawTexts.learn(TEXTS, kinds=FeatureKinds(1, None), min_texts=1)
    fewer, _ = RawTexts.learn(TEXTS, kinds=FeatureKinds(1, None), min_texts=3)
    most, _ = RawTexts.learn(TEXTS, kinds=FeatureKinds(1, None), min_texts=1, max_features=5)
    assert len(most.hashes) == 5 < len(fewer.hashes) < len(many.hashes)
    assert set(most.hashes) <= set(many.hashes)
    # Few texts have it, so idf is large; what is kept has the smallest.
    assert most.idf.max() <= np.sort(many.idf)[4] + 1e-6


def test_hashes_are_the_same_for_ever():
    found = hash_words(["a", "Straße", "😀"])
    # What `b2sum -l 64` says, read from its last byte to its first.
    assert found.tolist() == [3405396810240292928, 1340604739583340350, 8135518405970882805]


def test_a_long_text_keeps_the_features_that_weigh_most():
    raw, counted = RawTexts.learn(TEXTS, kinds=FeatureKinds(1, None), min_texts=1)
    whole = dense(raw, raw.encode_counted(counted), len(TEXTS))[0]
    short = RawTexts(raw.lowercase, raw.maximum, raw.kinds, raw.hashes, raw.idf, (3,))
    cut = dense(short, short.encode(TEXTS[:1]), 1)[0]
    assert (cut > 0).sum() == 3
    assert cut[cut > 0].min() >= np.sort(whole)[-3] - 1e-7


def test_tokens_beyond_the_maximum_are_cut_off_and_counted():
    tokens = tokens_of(["a b c", "a"], WordTokenizer(maximum=3), 2)
    assert tokens.cut == 1
    assert [tokens.words[i] for i in tokens.numbers] == ["a", "b", "a"]


def test_texts_without_words_are_refused():
    with pytest.raises(DataError, match="nothing to learn from"):
        RawTexts.learn(["", "  ", "\n"])


def test_a_text_without_a_known_word_looks_up_the_unknown_row():
    raw, counted = RawTexts.learn(TEXTS, kinds=FeatureKinds(1, None))
    joined, order = raw.with_vectors(["coffee", "tea"], counted)
    assert sorted(order) == [0, 1]
    (part,) = joined.encode(["quagga"])
    assert part.inputs[2][0, 0] == 1
    assert part.inputs[3][0, 0] == 1
    (part,) = joined.encode(["coffee coffee tea"])
    words, weights = part.inputs[2][0], part.inputs[3][0]
    assert set(words[:2].tolist()) == {FIRST_WORD, FIRST_WORD + 1}
    np.testing.assert_allclose(weights.sum(), 1.0, atol=1e-6)
    assert weights[words == FIRST_WORD + order.tolist().index(0)] > 0.5
