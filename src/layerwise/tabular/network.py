"""`TabularNet`: one member, from encoded columns to raw outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import OptionError
from ..graph import concatenate
from ..nn import Dropout, Embedding, Linear, Module, Sequential, activation
from .kinds import MemberKind
from .periodic import Periodic
from .piecewise import FlatPieces, NormalScores, middle_ranks, pieces_for, quantile_edges
from .rows import Columns, Rows

PIECES = 32
"""Pieces of a column: enough for a bent line, few enough that each has rows to learn from."""

SCORES = 32
"""Pieces of the curve that makes a column normally distributed."""

WIDEST_WAVES = 128
"""Columns of numbers above which waves are left out: they would be most of the network."""

EMBEDDING_SIZE = 8
"""Length of the vector that a category's value learns."""


class Bins:
    """What the data says about its plain numbers, found once for all members.

    Attributes
    ----------
    pieces : edges of the pieces of each column; [] where pieces are not worth it.
    scores, ranks : edges and ranks of the curves that make columns normally distributed.
    """

    def __init__(self, rows: Rows, columns: Columns) -> None:
        plain = rows.numbers[:, : columns.plain]
        count = pieces_for(columns.plain, PIECES)
        self.pieces = quantile_edges(plain, count, rows.weight) if count else []
        if max(map(len, self.pieces), default=0) <= 2:
            self.pieces = []  # columns of two values: a straight line says it all
        self.scores = quantile_edges(plain, SCORES, rows.weight)
        self.ranks = middle_ranks(plain, self.scores, rows.weight)


class TabularNet(Module):
    """A member of one kind: linear and piecewise-linear models, and networks.

    Parameters
    ----------
    kind : what it is made of.
    columns, bins : what comes in.
    outputs : numbers that it gives for a row.
    """

    def __init__(self, kind: MemberKind, columns: Columns, bins: Bins, outputs: int) -> None:
        self.columns, self.outputs = columns, outputs
        self.pieces = (
            FlatPieces(bins.pieces) if kind.embedding == "pieces" and bins.pieces else None
        )
        self.scores = self.waves = None
        if kind.embedding == "waves" and columns.plain:
            self.scores = NormalScores(bins.scores, bins.ranks)
            if columns.plain <= WIDEST_WAVES:
                self.waves = Periodic(columns.plain)
        size = EMBEDDING_SIZE if kind.is_network else outputs
        vectors = "normal" if kind.is_network else "zeros"
        self.embeddings = [Embedding(c, size, weight_init=vectors) for c in columns.cardinalities]
        width = columns.width
        if self.pieces is not None:
            width += self.pieces.lower.value.size
        if self.waves is not None:
            width += columns.plain * self.waves.size
        if kind.is_network:
            width += size * len(self.embeddings)
        self.hidden = _hidden_layers(kind, width)
        last = kind.hidden[-1] if kind.is_network else width
        self.output = Linear(
            last, outputs, weight_init="kaiming_uniform" if kind.is_network else "zeros",
            bias_init="zeros",
        )  # fmt: skip

    def initialise(self, generator: np.random.Generator) -> None:
        """Nothing of its own: its layers draw theirs."""

    def features(self, numbers: Any) -> Any:
        """What the columns of numbers become before the first layer."""
        plain = self.columns.plain
        if self.scores is not None:
            given, rest = numbers[:, :plain], numbers[:, plain:]
            scores = self.scores(given)
            waves = scores if self.waves is None else self.waves(scores)
            return concatenate([waves, rest]) if self.columns.width > plain else waves
        if self.pieces is not None:
            return concatenate([numbers, self.pieces(numbers[:, :plain])])
        return numbers

    def vectors(self, codes: Any) -> list[Any]:
        """(batch, k) codes, or None without categories, to k vectors: (batch, size) each."""
        return [table(codes[:, i]) for i, table in enumerate(self.embeddings)]

    def joined(self, numbers: Any, codes: Any = None) -> Any:
        """(batch, d) and (batch, k) to (batch, width): what the first hidden layer takes."""
        features, vectors = self.features(numbers), self.vectors(codes)
        return concatenate([features, *vectors]) if vectors else features

    def forward(self, numbers: Any, codes: Any = None) -> Any:
        """(batch, d) and, where there are categories with vectors, (batch, k) to raw outputs."""
        if self.hidden is not None:
            return self.output(self.hidden(self.joined(numbers, codes)))
        features, vectors = self.features(numbers), self.vectors(codes)
        raw = self.output(features)
        for vector in vectors:
            raw = raw + vector
        return raw


def _hidden_layers(kind: MemberKind, width: int) -> Sequential | None:
    if not kind.is_network:
        return None
    layers: list[Module] = []
    activations = _each("activation", kind.activation, len(kind.hidden))
    rates = _each("dropout", kind.dropout, len(kind.hidden))
    for size, function, rate in zip(kind.hidden, activations, rates, strict=True):
        layers += [Linear(width, size), activation(function)]
        if rate:
            layers.append(Dropout(rate))
        width = size
    return Sequential(*layers)


def _each(name: str, given: Any, layers: int) -> Sequence[Any]:
    """One value for each hidden layer."""
    if isinstance(given, str) or not isinstance(given, Sequence):
        return [given] * layers
    if len(given) != layers:
        raise OptionError(
            f"{name}: expected one for all hidden layers or {layers}, one for each; "
            f"got {len(given)}"
        )
    return given


__all__ = ["Bins", "TabularNet"]
