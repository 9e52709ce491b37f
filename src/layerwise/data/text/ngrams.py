"""Sequences of characters inside words, as numbers of buckets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ...errors import OptionError
from ..encoders.reading import read_object, read_whole
from .texts import check_texts, from_text

_OFFSET, _PRIME = np.uint32(2166136261), np.uint32(16777619)
_AT_ONCE = 1 << 18
_MOST_BUCKETS = 1 << 31


class CharacterNgrams:
    """The n-grams of a word, hashed into buckets as fastText does.

    A word is put into < and >, so that its beginning and end differ from the same letters inside;
    then every sequence of `least` to `most` characters is one n-gram (Bojanowski et al. 2017,
    arXiv:1607.04606, section 3.2). Its bucket is the FNV-1a hash of its UTF-8 bytes, modulo the
    number of buckets. Like fastText's, the hash takes bytes as signed, so for characters beyond
    ASCII it is not the FNV-1a of other libraries; so the buckets are those of fastText's models.

    Different n-grams may share a bucket. Characters are code points; an accent that is one of its
    own counts as one.

    Parameters
    ----------
    least, most : characters of an n-gram, 1 <= least <= most. A < or > alone is none.
    buckets : how many.

    Raises
    ------
    OptionError : a number outside of these limits.
    """

    def __init__(self, least: int = 3, most: int = 6, buckets: int = 100_000) -> None:
        if not 1 <= least <= most <= 100:
            raise OptionError(f"expected 1 <= least <= most <= 100, got {least} and {most}")
        if not 1 <= buckets < _MOST_BUCKETS:
            raise OptionError(f"buckets: expected 1 to 2**31 - 1, got {buckets}")
        self.least, self.most, self.buckets = least, most, buckets

    def __repr__(self) -> str:
        return f"CharacterNgrams({self.least}, {self.most}, buckets={self.buckets:,})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CharacterNgrams) and self.as_json() == other.as_json()

    def __hash__(self) -> int:
        return hash((self.least, self.most, self.buckets))

    def of(self, word: str) -> list[str]:
        """The n-grams of a word: from each character on, the shorter ones first."""
        wrapped = f"<{word}>"
        return [
            wrapped[start : start + size]
            for start in range(len(wrapped))
            for size in range(self.least, min(self.most, len(wrapped) - start) + 1)
            if not (size == 1 and start in (0, len(wrapped) - 1))
        ]

    def encode(self, word: str) -> np.ndarray:
        """The buckets of a word's n-grams, in the order of `of`; int32 of shape (n-grams,)."""
        return self.encode_all([word])[0]

    def encode_all(self, words: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
        """The buckets of the n-grams of several words, one after the other.

        Returns
        -------
        Buckets, int32 of shape (n-grams of all words,), and where each word's begin and end, int64
        of shape (words + 1,): those of word i are ``buckets[starts[i]:starts[i + 1]]``.

        Raises
        ------
        DataError : something is no text, with its place.
        """
        found: list[np.ndarray] = []
        counts: list[np.ndarray] = []
        for part in _parts(check_texts(words, "word")):
            buckets, sizes = self._part(part)
            found.append(buckets)
            counts.append(sizes)
        starts = np.zeros(sum(map(len, counts)) + 1, np.int64)
        if counts:
            np.cumsum(np.concatenate(counts), out=starts[1:])
        return np.concatenate(found) if found else np.empty(0, np.int32), starts

    def as_json(self) -> dict[str, Any]:
        """What `from_json` takes: plain data."""
        return {"least": self.least, "most": self.most, "buckets": self.buckets}

    @classmethod
    def from_json(cls, about: Any) -> CharacterNgrams:
        """What `as_json` gave, from a file that is not trusted.

        Raises
        ------
        ModelFileError : anything else.
        """
        about = from_text(about)
        read_object(about, "an object for n-grams", ("least", "most", "buckets"))
        least = read_whole(about["least"], "the shortest n-gram", 1, 100)
        return cls(
            least,
            read_whole(about["most"], "the longest n-gram", least, 100),
            read_whole(about["buckets"], "the number of buckets", 1, _MOST_BUCKETS - 1),
        )

    def _part(self, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Buckets, and how many each word has.

        All n-grams of all words grow by a character at a time.
        """
        text = "".join([f"<{word}>" for word in words])
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        lengths = np.array([len(word) + 2 for word in words], np.int64)
        ends = np.repeat(np.cumsum(lengths), lengths)
        places = np.arange(len(codes))
        hashes = np.full(len(codes), _OFFSET, np.uint32)
        encoded, bytes_of = _utf8(codes)
        table = np.zeros((len(codes), self.most - self.least + 1), np.uint32)
        exists = np.zeros(table.shape, np.bool_)
        for size in range(1, self.most + 1):
            inside = np.flatnonzero(places + size <= ends)
            last = inside + size - 1
            grown = hashes[inside]
            for byte in range(4):
                taken = (grown ^ encoded[byte][last]) * _PRIME
                grown = np.where(bytes_of[last] > byte, taken, grown)
            hashes[inside] = grown
            if size < self.least:
                continue
            table[inside, size - self.least] = grown
            exists[inside, size - self.least] = True
            if size == 1:
                edges = np.cumsum(lengths)
                exists[edges - 1, 0] = exists[edges - lengths, 0] = False
        owners = np.repeat(np.arange(len(words)), lengths)
        counts = np.bincount(owners, exists.sum(axis=1), len(words)).astype(np.int64)
        return (table[exists] % np.uint32(self.buckets)).astype(np.int32), counts


def _utf8(codes: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """The bytes of each character in UTF-8, the first, second, ... of all, and how many it has.

    Bytes from 0x80 on are filled up with ones to 32 bits, as by C++ where a char is signed.
    """
    count = 1 + (codes >= 0x80) + (codes >= 0x800) + (codes >= 0x10000)
    first = np.where(count == 1, codes, (np.uint32(0xF00) >> count.astype(np.uint32)) & 0xFF)
    columns = [np.where(count == 1, codes, first | (codes >> (6 * (count - 1)).astype(np.uint32)))]
    for place in range(1, 4):
        shift = np.maximum(6 * (count - 1 - place), 0).astype(np.uint32)
        columns.append(0x80 | ((codes >> shift) & 0x3F))
    signed = [
        np.where(column >= 0x80, column | np.uint32(0xFFFFFF00), column).astype(np.uint32)
        for column in columns
    ]
    return signed, count


def _parts(words: list[str]) -> Iterator[list[str]]:
    """The words in parts of a bounded number of characters, which bounds the memory."""
    begin = size = 0
    for place, word in enumerate(words):
        if size and size + len(word) > _AT_ONCE:
            yield words[begin:place]
            begin, size = place, 0
        size += len(word) + 2
    if words:
        yield words[begin:]
