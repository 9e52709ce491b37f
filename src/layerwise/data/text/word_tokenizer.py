"""Texts to words, and back."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from ..encoders.reading import read_flag, read_object, read_whole
from . import characters
from .texts import check_maximum, check_text, check_texts, from_text

JOIN = "\uffed"
"""Says that no space is between a token and its neighbour (a small square, as OpenNMT uses it)."""

_INSTEAD_OF_JOIN = "\u25a0"
_MOST = 1 << 31


@cache
def _pattern() -> re.Pattern[str]:
    marks, cjk, pictures = characters.marks(), characters.CJK, characters.PICTURES
    tail = f"[{characters.SELECTORS}{characters.TONES}]*"
    letter = rf"[^\W\d_{cjk}]"
    # The joiners, which show nothing, stand inside words of Persian and of India.
    between = rf"(?:[{marks}]|[\u200c\u200d](?={letter}))"
    return re.compile(
        rf"""
        (?P<word>{letter}+(?:{between}+{letter}*)*)
      | (?P<picture>
            [{characters.FLAGS}]{{2}}                           # a flag is two letters
          | [0-9\#*]\ufe0f?\u20e3                               # a key
          | [{pictures}]{tail}(?:{characters.JOINER}[{pictures}]{tail})*
        )
      | (?P<number>\d+(?:[.,]\d+)*)
      | [{cjk}][{marks}]*                                       # one by one
      | [^\s{marks}][{marks}]*                                  # anything else, one by one
      | [{marks}]+                                              # accents of nothing
        """,
        re.VERBOSE,
    )


# What is left of the above for texts in ASCII, which is found several times as fast.
_ASCII = re.compile(r"(?P<word>[A-Za-z]+)|(?P<number>\d+(?:[.,]\d+)*)|\S")


@dataclass(frozen=True)
class WordTokenizer:
    """Divides texts into words, numbers, and single characters of anything else.

    Tokens are, in any script and the first that fits:

    - a picture (emoji) with all that belongs to it: skin tones, joined pictures, flags, keys;
    - letters with their accents and vowel signs: ``Straße``, ``naïve``, ``हिन्दी``;
    - digits, with single points and commas between them: ``3.14``, ``1,000,000``;
    - one Chinese or Japanese character; Hangul has spaces, and so words. Scripts without spaces
      that Unicode's letters do not divide, such as Thai, give long words: for those
      `BytePairTokenizer` is better;
    - any other character, alone: punctuation, symbols, and what no script knows.

    So ``don't`` is three tokens, as is ``l'homme``; no language is preferred. Texts are put into
    Unicode's composed form (NFC) first, so an é is one character however it was typed. The time is
    linear in the length of the text, and `maximum` ends it early.

    Attributes
    ----------
    lowercase : whether words are in lower case.
    joins : whether tokens say where no space was, with `JOIN` at their beginning or end, so that
        `join` gives the text back, for translation: ``l'homme!`` is ``l``, ``￭'￭``, ``homme``,
        ``￭!``. Punctuation carries the mark where it can, so that words are few.
    maximum : tokens that are kept of a text, the first; None for all.
    """

    lowercase: bool = False
    joins: bool = False
    maximum: int | None = None

    def __post_init__(self) -> None:
        check_maximum(self.maximum)

    def split(self, text: str) -> list[str]:
        """The tokens of a text; none for a text of spaces.

        Raises
        ------
        DataError : it is no text.
        """
        text = check_text(text)
        if text.isascii():
            return self._tokens(text.lower() if self.lowercase else text, _ASCII)
        text = unicodedata.normalize("NFC", text)
        if self.lowercase:
            # Lower case may take a letter apart (İ), which NFC may put together again.
            text = unicodedata.normalize("NFC", text.lower())
        return self._tokens(text.replace(JOIN, _INSTEAD_OF_JOIN), _pattern())

    def split_all(self, texts: Any) -> list[list[str]]:
        """The tokens of each text.

        Raises
        ------
        DataError : something is no text, with its row, counted from 0.
        """
        return [self.split(text) for text in check_texts(texts)]

    def join(self, tokens: list[str]) -> str:
        """A text of tokens.

        With `joins` it is the text that they came from, with single spaces, composed, and in lower
        case if that was asked for. Without, punctuation is put where English has it, which is a
        guess.
        """
        if self.joins:
            text = " ".join(tokens)
            text = text.replace(f" {JOIN}", JOIN).replace(f"{JOIN} ", JOIN)
            return text.replace(JOIN, "")
        text = " ".join(tokens)
        text = re.sub(r" ([.,:;!?%)\]}…»])", r"\1", text)
        text = re.sub(r"([(\[{«]) ", r"\1", text)
        return re.sub(r"(?<=\w) (['\u2019-]) (?=\w)", r"\1", text)

    def _tokens(self, text: str, pattern: re.Pattern[str]) -> list[str]:
        if not self.joins and self.maximum is None:
            return [found[0] for found in pattern.finditer(text)]
        found = list(islice(pattern.finditer(text), self.maximum))
        tokens = [each[0] for each in found]
        if not self.joins:
            return tokens
        words = [each.lastgroup in ("word", "number") for each in found]
        for place in range(1, len(found)):
            if found[place].start() > found[place - 1].end():
                continue
            if words[place] and not words[place - 1]:
                tokens[place - 1] += JOIN
            else:
                tokens[place] = JOIN + tokens[place]
        return tokens

    def as_json(self) -> dict[str, Any]:
        """What `from_json` takes: plain data."""
        return {"lowercase": self.lowercase, "joins": self.joins, "maximum": self.maximum}

    @classmethod
    def from_json(cls, about: Any) -> WordTokenizer:
        """What `as_json` gave, from a file that is not trusted.

        Raises
        ------
        ModelFileError : anything else.
        """
        about = from_text(about)
        read_object(about, "an object for a tokeniser", ("lowercase", "joins", "maximum"))
        maximum = about["maximum"]
        if maximum is not None:
            read_whole(maximum, "the most tokens", 1, _MOST)
        return cls(
            read_flag(about["lowercase"], "lowercase"), read_flag(about["joins"], "joins"), maximum
        )
