"""Texts to pieces of words that were learned from texts, and back, byte for byte."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from typing import Any

from ...errors import DataError, OptionError
from ..encoders.reading import damaged, read_flag, read_list, read_object, read_whole
from .texts import check_maximum, check_text, check_texts, from_text
from .vocabulary import BEGIN, END, PADDING, SPECIAL, UNKNOWN

_BYTES = 256
_FIRST = len(SPECIAL)
_MOST = 1 << 31
_LONGEST_PIECE = 64

SMALLEST = _FIRST + _BYTES
"""The fewest numbers that a tokeniser has: the special tokens and the bytes."""


class BytePairTokenizer:
    """Divides texts into frequent sequences of bytes (Sennrich et al. 2016, arXiv:1508.07909).

    Every text can be written, as single bytes if need be: nothing is unknown, in any script. Pieces
    do not cross words; a space belongs to the word behind it (byte-level form: Radford et al. 2019,
    "Language models are unsupervised multitask learners"). The work is done by Hugging Face's
    `tokenizers`. Numbers 0 to 3 are the special tokens of `Vocabulary`, which no text can spell.

    Made by `train` or `from_json`.

    Parameters
    ----------
    merges : which two pieces are put together, the most frequent first; each in the printable form
        of bytes that `tokenizers` uses.
    lowercase : whether texts are put into lower case.
    maximum : pieces that are kept of a text, the first; None for all.
    """

    def __init__(
        self,
        merges: Sequence[tuple[str, str]],
        lowercase: bool = False,
        maximum: int | None = None,
    ) -> None:
        self.merges = tuple(merges)
        self.lowercase = lowercase
        self.maximum = check_maximum(maximum)
        # The numbers follow from the merges; two of them may give the same piece.
        pieces = dict.fromkeys(sorted(_bytes_of_letters()))
        for first, second in self.merges:
            if first not in pieces or second not in pieces:
                raise DataError(f"the merge {first!r} {second!r} is of pieces that do not exist")
            pieces[first + second] = None
        self._pieces = tuple(pieces)

    @classmethod
    def train(
        cls,
        texts: Any,
        size: int = 8000,
        *,
        lowercase: bool = False,
        maximum: int | None = None,
    ) -> BytePairTokenizer:
        """Learn which pieces are frequent.

        Parameters
        ----------
        texts : to learn from.
        size : numbers in all, special tokens and bytes included; fewer if no pair occurs twice.
        lowercase, maximum : see the class.

        Raises
        ------
        DataError : something is no text, with its row, or there is nothing in the texts.
        OptionError : a size below 260.
        ImportError : `tokenizers` is not installed.
        """
        if size < SMALLEST:
            raise OptionError(
                f"size: expected at least {SMALLEST}, the special tokens and all bytes; got {size}"
            )
        check_maximum(maximum)
        checked = check_texts(texts)
        if not any(text.strip() for text in checked):
            raise DataError("expected texts to learn from, got none but empty ones")
        tokenizers = _library()
        learner = _empty(tokenizers, tokenizers.models.BPE(), lowercase)
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=size - _FIRST,
            min_frequency=2,
            show_progress=False,
            initial_alphabet=sorted(_bytes_of_letters()),
            max_token_length=_LONGEST_PIECE,
        )
        learner.train_from_iterator(checked, trainer)
        model = from_text(learner.to_str())["model"]
        merges: list[tuple[str, str]] = []
        for merge in model["merges"]:
            # Older versions write a merge as one text.
            left, right = merge.split(" ") if isinstance(merge, str) else merge
            merges.append((left, right))
        return cls(merges, lowercase, maximum)

    def __len__(self) -> int:
        return _FIRST + len(self._pieces)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BytePairTokenizer) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return f"BytePairTokenizer({len(self):,} pieces)"

    @property
    def _key(self) -> tuple[Any, ...]:
        return self.merges, self.lowercase, self.maximum

    def encode(self, text: str, begin: bool = False, end: bool = False) -> list[int]:
        """The numbers of a text's pieces.

        Parameters
        ----------
        begin, end : whether <bos> stands before them and <eos> after them.

        Raises
        ------
        DataError : it is no text.
        """
        numbers = self._tokenizer.encode(_whole(check_text(text))).ids
        return self._finished(numbers, begin, end)

    def encode_all(self, texts: Any, begin: bool = False, end: bool = False) -> list[list[int]]:
        """The numbers of each text's pieces; uses all cores.

        Raises
        ------
        DataError : something is no text, with its row, counted from 0.
        """
        checked = [_whole(text) for text in check_texts(texts)]
        found = self._tokenizer.encode_batch(checked)
        return [self._finished(each.ids, begin, end) for each in found]

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of numbers up to <eos>; <pad> and <bos> are nothing, <unk> is U+FFFD.

        What `encode` was given comes back composed (NFC), without a space at its beginning, and in
        lower case if that was asked for.
        """
        pieces = [self._bytes(number) for number in self._until_end(numbers)]
        return b"".join(pieces).decode(errors="replace").removeprefix(" ")

    def pieces(self, numbers: Iterable[int]) -> list[str]:
        """Each number as a text to be read, a space at its beginning where a word begins.

        Special tokens have their names. A piece that is a part of a character is U+FFFD.
        """
        return [
            SPECIAL[number] if number < _FIRST else self._bytes(number).decode(errors="replace")
            for number in map(self._checked, numbers)
        ]

    def as_json(self) -> dict[str, Any]:
        """What `from_json` takes: plain data."""
        merges = [f"{first} {second}" for first, second in self.merges]
        return {"merges": merges, "lowercase": self.lowercase, "maximum": self.maximum}

    @classmethod
    def from_json(cls, about: Any) -> BytePairTokenizer:
        """What `as_json` gave, or that as a text of JSON, from a file that is not trusted.

        Raises
        ------
        ModelFileError : anything else.
        """
        about = from_text(about)
        read_object(about, "an object for byte pairs", ("merges", "lowercase", "maximum"))
        merges = []
        for merge in read_list(about["merges"], "merges"):
            pair = tuple(merge.split(" ")) if isinstance(merge, str) else ()
            if len(pair) != 2:
                raise damaged(f"expected two pieces as a merge, got {merge!r:.60}")
            merges.append(pair)
        maximum = about["maximum"]
        if maximum is not None:
            read_whole(maximum, "the most pieces", 1, _MOST)
        try:
            return cls(merges, read_flag(about["lowercase"], "lowercase"), maximum)
        except DataError as error:
            raise damaged(str(error)) from None

    @cached_property
    def _tokenizer(self) -> Any:
        tokenizers = _library()
        numbers = {piece: number for number, piece in enumerate(self._pieces)}
        model = tokenizers.models.BPE(vocab=numbers, merges=list(self.merges))
        return _empty(tokenizers, model, self.lowercase)

    def __getstate__(self) -> dict[str, Any]:
        """All but the library's object, which is made again where it is needed."""
        return {k: v for k, v in self.__dict__.items() if k != "_tokenizer"}

    def _finished(self, numbers: list[int], begin: bool, end: bool) -> list[int]:
        kept = [number + _FIRST for number in numbers[: self.maximum]]
        return [BEGIN] * begin + kept + [END] * end

    def _until_end(self, numbers: Iterable[int]) -> Iterable[int]:
        for number in map(self._checked, numbers):
            if number == END:
                return
            if number not in (PADDING, BEGIN):
                yield number

    def _checked(self, number: Any) -> int:
        if not hasattr(number, "__index__") or not 0 <= number < len(self):
            raise DataError(
                f"expected numbers of pieces, 0 to {len(self) - 1:,}, got {number!r:.60}"
            )
        return int(number)

    def _bytes(self, number: int) -> bytes:
        if number == UNKNOWN:
            return "\ufffd".encode()
        letters = _bytes_of_letters()
        return bytes(letters[letter] for letter in self._pieces[number - _FIRST])


def _whole(text: str) -> str:
    """The text with U+FFFD for halves of surrogate pairs, which UTF-8 does not have."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return re.sub("[\ud800-\udfff]", "\ufffd", text)
    return text


@cache
def _bytes_of_letters() -> dict[str, int]:
    """The printable letter that stands for each byte, as GPT-2 has them.

    Bytes that are printable in Latin-1 stand for themselves, the others for what follows U+0100.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    found = {chr(byte): byte for byte in printable}
    others = [byte for byte in range(_BYTES) if chr(byte) not in found]
    return found | {chr(0x100 + place): byte for place, byte in enumerate(others)}


def _empty(tokenizers: Any, model: Any, lowercase: bool) -> Any:
    """A tokeniser of the library around a model."""
    normalizers = tokenizers.normalizers
    made = tokenizers.Tokenizer(model)
    steps = [normalizers.NFC(), *([normalizers.Lowercase()] if lowercase else [])]
    made.normalizer = normalizers.Sequence(steps)
    # A word at the beginning is the same word as behind a space.
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=True)
    return made


def _library() -> Any:
    try:
        import tokenizers
    except ImportError:
        raise ImportError(
            "byte pairs need Hugging Face's tokenizers, which is not installed: "
            "pip install tokenizers; or use WordTokenizer, which needs nothing"
        ) from None
    return tokenizers
