"""One step of decoding as a graph: what a network gives to a search, and what it is given.

Rows are hypotheses: `beam` of them for each sentence, one sentence after the other. What a position
keeps for those behind it lies in *slots*, written once and never moved: a hypothesis that goes on
from another one remembers whose slots are its own, which is far less than to copy them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..graph import Tensor, reshape, transpose


class Lanes(NamedTuple):
    """How rows are divided: (sentences * beam) rows, those of a sentence together."""

    sentences: int
    beam: int

    @property
    def rows(self) -> int:
        """Hypotheses in all."""
        return self.sentences * self.beam

    def split(self, x: Any, heads: int) -> Any:
        """(rows, features) to (sentences, heads, beam, features of a head)."""
        split = reshape(x, (self.sentences, self.beam, heads, x.shape[1] // heads))
        return transpose(split, (0, 2, 1, 3))

    def join(self, x: Any) -> Any:
        """The inverse of `split`."""
        sentences, heads, beam, each = x.shape
        return reshape(transpose(x, (0, 2, 1, 3)), (sentences * beam, heads * each))


class Slots(NamedTuple):
    """What earlier positions kept.

    Attributes
    ----------
    tables : by name (sentences * heads * length, beam * d_head).
    hidden : bool, (sentences, 1, beam, length * beam): slots that are not a hypothesis's own.
    shape : sentences, heads, length and beam.
    """

    tables: Mapping[str, Tensor]
    hidden: Any
    shape: tuple[int, int, int, int]

    def heads(self, name: str) -> Any:
        """(sentences, heads, length * beam, d_head)."""
        sentences, heads, length, beam = self.shape
        table = self.tables[name]
        width = table.shape[1]
        assert isinstance(width, int)
        return reshape(table, (sentences, heads, length * beam, width // beam))


class StepResult(NamedTuple):
    """What a network gives for one token of each row.

    Attributes
    ----------
    logits : (rows, tokens).
    written : what this position keeps, by name: (sentences, heads, beam, d_head).
    carried : what each row takes along to the next step, by name: (rows, ...).
    """

    logits: Any
    written: Mapping[str, Any]
    carried: Mapping[str, Any]
