"""What a reader has found until now."""

from __future__ import annotations

import numpy as np


class Found:
    """Words with their vectors, the first of equal words only.

    Attributes
    ----------
    words : different ones, in the order of the file.
    repeated : how many words were left out because they had come before.
    not_utf8 : how many words were not text in UTF-8.
    """

    def __init__(self, dimension: int) -> None:
        self.words: list[str] = []
        self.repeated = 0
        self.not_utf8 = 0
        self._known: set[str] = set()
        self._blocks: list[np.ndarray] = []
        self._dimension = dimension

    def __len__(self) -> int:
        return len(self.words)

    def add(self, words: list[str], vectors: np.ndarray) -> None:
        """Add words with their vectors, float32 of shape (words, dimension)."""
        before = len(self._known)
        self._known.update(words)
        if len(self._known) == before + len(words):
            self.words += words
            self._blocks.append(vectors)
            return
        # Rare: some came before. Which rows are the first of their word is found one by one.
        known, kept = set(self.words), []
        for row, word in enumerate(words):
            if word not in known:
                known.add(word)
                kept.append(row)
        self.repeated += len(words) - len(kept)
        self.words += [words[row] for row in kept]
        self._blocks.append(vectors[kept])

    def vectors(self) -> np.ndarray:
        """All vectors, float32 of shape (words, dimension)."""
        if not self._blocks:
            return np.empty((0, self._dimension), np.float32)
        return np.concatenate(self._blocks)

    def notes(self) -> tuple[str, ...]:
        """What people should know of the file, as sentences."""
        notes = []
        if self.repeated:
            notes.append(
                f"{self.repeated:,} of its words had come before; the first of each counts"
            )
        if self.not_utf8:
            notes.append(f"{self.not_utf8:,} of its words are not text in UTF-8")
        return tuple(notes)
