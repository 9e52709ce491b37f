"""Where a translation looked: the attention of each written word over the words of the source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import backends
from ..compiler import Feeds, Program, State
from ..data.text import BEGIN, END, bucket_length, pad
from ..errors import OptionError
from ..graph import batch, input
from .codec import TextCodec

AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class Alignment:
    """A source, its translation, and how much each word of it looked at each of the source.

    Attributes
    ----------
    source, target : words, or characters where those were learned; the end of the sentence, as
        which the ends of both are counted, is no word.
    weights : float, (target, source): each row sums to 1. What a word of several tokens looked at
        is the mean over them; what was looked at in a source's word is the sum over its tokens.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    weights: np.ndarray

    def pairs(self) -> list[tuple[str, str, float]]:
        """For each written word the source's word that it looked at most, and how much."""
        return [
            (word, self.source[int(row.argmax())], float(row.max()))
            for word, row in zip(self.target, self.weights, strict=True)
            if len(row)
        ]


def align(
    network: Any,
    source_codec: TextCodec,
    target_codec: TextCodec,
    sources: Sequence[Sequence[int]],
    targets: Sequence[Sequence[int]],
    layer: int | None = None,
    backend: str | None = None,
) -> list[Alignment]:
    """Alignments of sources (with <eos>) and targets (without).

    Raises
    ------
    OptionError : a layer that the decoder does not have.
    """
    layers = network.attention_layers()
    chosen = max(layers - 2, 0) if layer is None else layer
    if not isinstance(chosen, int) or not 0 <= chosen < layers:
        raise OptionError(
            f"layer: expected 0 to {layers - 1}, a layer of the decoder, got {layer!r}"
        )
    machine = backends.get(backend)
    held = {h.tensor: h.value for _, h in network.named_held()}
    groups: dict[tuple[int, int], list[int]] = {}
    for row, (source, target) in enumerate(zip(sources, targets, strict=True)):
        key = bucket_length(len(source)), bucket_length(len(target) + 1)
        groups.setdefault(key, []).append(row)
    found: dict[int, np.ndarray] = {}
    for (source_length, length), rows in groups.items():
        x = input("source", (batch, source_length), "int32")
        before = input("before", (batch, length), "int32")
        program = Program({"weights": network.attended(x, before, chosen)})
        state = State({v: held[v] for v in program.variables})
        fed = {
            "source": pad([sources[row] for row in rows], source_length),
            "before": pad([[BEGIN, *targets[row]] for row in rows], length),
        }
        looked = machine.compile(program).run(state, Feeds(fed, AT_ONCE))["weights"]
        found |= dict(zip(rows, looked, strict=True))
    return [
        _by_words(found[row], source_codec, target_codec, sources[row], targets[row])
        for row in range(len(sources))
    ]


def _by_words(
    weights: np.ndarray,
    source_codec: TextCodec,
    target_codec: TextCodec,
    source: Sequence[int],
    target: Sequence[int],
) -> Alignment:
    left = source_codec.units([n for n in source if n != END])
    right = target_codec.units(target)
    merged = np.zeros((len(right), len(left)))
    for i, (_, rows) in enumerate(right):
        for j, (_, columns) in enumerate(left):
            merged[i, j] = weights[np.ix_(rows, columns)].sum(1).mean()
    # Part of the attention rests on the end of the source, which is no word.
    total = merged.sum(1, keepdims=True)
    merged = np.divide(merged, total, out=np.zeros_like(merged), where=total > 0)
    return Alignment(tuple(w for w, _ in left), tuple(w for w, _ in right), merged)
