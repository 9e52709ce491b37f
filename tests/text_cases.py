"""Made texts of classes that words tell apart."""

import numpy as np

GOOD = ["great", "lovely", "tasty", "fresh", "perfect", "wonderful", "delicious", "best"]
BAD = ["awful", "stale", "bitter", "broken", "worst", "bland", "disappointing", "terrible"]
NEUTRAL = [
    "the", "a", "coffee", "tea", "box", "was", "it", "i", "bought", "and", "my", "from", "with",
    "cup", "shop",
]  # fmt: skip


def reviews(count, seed=0):
    """Texts and labels, "good" and "bad"; a twentieth of the labels is wrong."""
    generator = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(count):
        good = bool(generator.integers(2))
        words = list(generator.choice(NEUTRAL, generator.integers(4, 20)))
        words += list(generator.choice(GOOD if good else BAD, 2))
        generator.shuffle(words)
        texts.append(" ".join(words).capitalize() + ".")
        labels.append("good" if good != (generator.random() < 0.05) else "bad")
    return texts, np.array(labels)
