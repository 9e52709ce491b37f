"""Texts to whole numbers and back, in one of three ways: byte pairs, words or characters."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Literal, cast, get_args

from ..data.encoders.reading import damaged, read_choice, read_object
from ..data.text import (
    END,
    JOIN,
    PADDING,
    UNKNOWN,
    BytePairTokenizer,
    Vocabulary,
    WordTokenizer,
)
from ..errors import OptionError, unknown

Kind = Literal["bpe", "words", "characters"]
KINDS: tuple[Kind, ...] = get_args(Kind)

MOST_WORDS = 30_000
"""Of a vocabulary of words or characters; the output layer costs time for each."""

SPACE = "\u2423"
"""What a space looks like where characters are shown one by one."""


class TextCodec:
    """A tokeniser with its vocabulary; numbers 0 to 3 are padding, unknown, begin and end.

    Made by `learn` or `from_json`.

    Parameters
    ----------
    kind : ``"bpe"`` (pieces of words), ``"words"`` or ``"characters"``.
    learned : a `BytePairTokenizer` for ``"bpe"``, else a `Vocabulary`.
    """

    def __init__(self, kind: Kind, learned: BytePairTokenizer | Vocabulary) -> None:
        if kind not in KINDS:
            raise unknown("vocabulary", kind, KINDS)
        self.kind: Kind = kind
        self.learned = learned

    @classmethod
    def learn(cls, kind: Kind, texts: Sequence[str], size: int | None = None) -> TextCodec:
        """Learn a vocabulary of texts.

        Parameters
        ----------
        size : numbers at most, special ones included; by the amount of text when None.

        Raises
        ------
        DataError : nothing in the texts. OptionError : a kind that does not exist, a size that is
        too small.
        """
        if kind == "bpe":
            return cls(kind, BytePairTokenizer.train(texts, size or usual_size(len(texts))))
        if size is not None and size < 5:
            raise OptionError(f"vocabulary_size: expected 5 or more, got {size}")
        most = MOST_WORDS if size is None else size - 4
        divided: Iterable[Sequence[str]]
        if kind == "words":
            divided = _words().split_all(texts)
        elif kind == "characters":
            divided = [list(unicodedata.normalize("NFC", text)) for text in texts]
        else:
            raise unknown("vocabulary", kind, KINDS)
        return cls(kind, Vocabulary.build(divided, maximum=most))

    def __len__(self) -> int:
        return len(self.learned)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, TextCodec)
            and self.kind == other.kind
            and self.learned == other.learned
        )

    def __hash__(self) -> int:
        return hash((self.kind, self.learned))

    def __repr__(self) -> str:
        return f"TextCodec('{self.kind}', {len(self):,})"

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """The numbers of each text, <eos> last."""
        if isinstance(self.learned, BytePairTokenizer):
            return self.learned.encode_all(list(texts), end=True)
        if self.kind == "words":
            divided: list[list[str]] = _words().split_all(list(texts))
        else:
            divided = [list(unicodedata.normalize("NFC", text)) for text in texts]
        return self.learned.encode_all(divided, end=True)

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of numbers up to <eos>."""
        if isinstance(self.learned, BytePairTokenizer):
            return self.learned.decode(numbers).strip()
        words = ["\ufffd" if w == "<unk>" else w for w in self.learned.decode(numbers)]
        return _words().join(words) if self.kind == "words" else "".join(words)

    def units(self, numbers: Sequence[int]) -> list[tuple[str, list[int]]]:
        """What a person sees as one unit, and at which places of `numbers` it is.

        Pieces are put together to words; characters stay single. <eos> is no unit.
        """
        listed = [int(n) for n in numbers]
        if END in listed:
            listed = listed[: listed.index(END)]
        if isinstance(self.learned, BytePairTokenizer):
            return self._words_of_pieces(listed)
        shown = []
        for place, number in enumerate(listed):
            if number == PADDING:
                continue
            word = "\ufffd" if number == UNKNOWN else self.learned.words[number]
            if self.kind == "characters":
                word = SPACE if word.isspace() else word
            else:
                word = word.replace(JOIN, "")
            shown.append((word, [place]))
        return shown

    def _words_of_pieces(self, numbers: list[int]) -> list[tuple[str, list[int]]]:
        learned = cast(BytePairTokenizer, self.learned)
        found: list[list[int]] = []
        for place, piece in enumerate(learned.pieces(numbers)):
            if not found or piece.startswith(" "):
                found.append([])
            found[-1].append(place)
        # Decoded together: the bytes of one character may be in two pieces.
        named = [(learned.decode(numbers[p] for p in places).strip(), places) for places in found]
        return [(word or SPACE, places) for word, places in named]

    def as_json(self) -> dict[str, Any]:
        """What `from_json` takes: plain data."""
        return {"kind": self.kind, "learned": self.learned.as_json()}

    @classmethod
    def from_json(cls, about: Any) -> TextCodec:
        """What `as_json` gave, from a file that is not trusted.

        Raises
        ------
        ModelFileError : anything else.
        """
        read_object(about, "an object for a vocabulary", ("kind", "learned"))
        kind = read_choice(about["kind"], "the kind of a vocabulary", KINDS)
        if kind is None:
            raise damaged("a vocabulary has no kind")
        if kind == "bpe":
            return cls(kind, BytePairTokenizer.from_json(about["learned"]))
        return cls(kind, Vocabulary.from_json(about["learned"]))


def _words() -> WordTokenizer:
    return WordTokenizer(joins=True)


def usual_size(texts: int) -> int:
    """Pieces for so many texts, 500 to 8,000.

    Few texts need few pieces, so that each is seen often enough (Sennrich & Zhang 2019,
    "Revisiting low-resource neural machine translation", section 4).
    """
    # Both sides of a pair are texts: 1,000 pairs give about 500 pieces, 38,000 give 3,300.
    return int(min(max(12 * texts**0.5, 500), 8000))


def usual_kind(sources: Sequence[str], targets: Sequence[str]) -> tuple[Kind, str]:
    """The way that suits pairs of texts, and why, in words.

    Short texts are spelt out where their words say little: numbers, codes, names that occur once.
    """
    longest = max(max(map(len, sources)), max(map(len, targets)))
    if longest > 100:
        return "bpe", "byte pairs, as texts are long"
    letters = Counter("".join(targets))
    total = sum(count for letter, count in letters.items() if not letter.isspace())
    digits = sum(count for letter, count in letters.items() if letter.isdigit())
    if digits >= 0.3 * total:
        return "characters", "characters, as much of what is to be written is digits"
    words = Counter(word for text in targets for word in text.split())
    once = sum(1 for count in words.values() if count == 1)
    if len(targets) >= 20 and once >= 0.5 * words.total():
        return "characters", "characters, as most words occur only once"
    return "bpe", "byte pairs, as words recur"
