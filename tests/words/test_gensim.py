"""gensim opens what is saved here, and what it saves is opened here."""

import gc

import numpy as np
import pytest

from layerwise import words

gensim = pytest.importorskip("gensim", reason="gensim has no wheel for this Python")

TEXT = [f"the {a} drinks {b} and the {b} likes the {a}".split() for a in "ab" for b in "cde"] * 9
OPTIONS = {"word2vec": {}, "word2vec-binary": {"binary": True}, "fasttext": {},
           "glove": {"no_header": True}}  # fmt: skip


@pytest.fixture(scope="module")
def learned():
    """Vectors learned here; a word of other letters than English ones among them."""
    return words.train([*TEXT, ["Straße", "你好"] * 5], size=6, epochs=1, min_count=1)


# gensim leaves a file open where there is no header, which is noticed when it is collected.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("form", OPTIONS)
def test_gensim_opens_what_was_learned_here(learned, form, tmp_path):
    learned.save(tmp_path / "vectors", format=form)
    read = gensim.models.KeyedVectors.load_word2vec_format(
        str(tmp_path / "vectors"), **OPTIONS[form]
    )
    gc.collect()
    assert read.index_to_key == list(learned.words)
    # Text has as many digits as give every float32 back.
    np.testing.assert_array_equal(read.vectors, learned.vectors)
    ours = [word for word, _ in learned.nearest("a", 3)]
    assert [word for word, _ in read.most_similar("a", topn=3)] == ours


@pytest.mark.parametrize("binary", [False, True])
def test_what_gensim_saves_is_opened_here(learned, binary, tmp_path):
    made = gensim.models.KeyedVectors(6)
    made.add_vectors(list(learned.words), learned.vectors)
    made.save_word2vec_format(str(tmp_path / "theirs"), binary=binary)
    read = words.load(tmp_path / "theirs")
    assert list(read.words) == list(learned.words)
    np.testing.assert_array_equal(read.vectors, learned.vectors)
