"""Decoding as programs: one reads the sources, one writes a token, many times without Python."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..compiler import Backend, Feeds, Program, State
from ..data.text import END, PADDING
from ..graph import Tensor, concrete, input, put_rows, reshape, take, variable
from ..graph.elementwise import full_like
from ..graph.leaves import constant, iota
from .search import Search, choose, penalty
from .steps import Lanes, Slots


class Shape(NamedTuple):
    """What a decoding program is made for."""

    sentences: int
    beam: int
    source_length: int
    length: int


class Decoder:
    """The programs of one network for one `Shape`.

    Parameters
    ----------
    network : see `network.TranslationTransformer` for what it offers.
    """

    def __init__(self, network: Any, shape: Shape, backend: Backend, threads: int | None) -> None:
        self.shape = shape
        lanes = Lanes(shape.sentences, shape.beam)
        source = input("source", (shape.sentences, shape.source_length), "int32")
        position = input("position", (), "int32")
        begun = network.memory(source)
        memory = {name: variable(name, t.shape, t.dtype) for name, t in begun.items()}
        carried = {n: variable(n, (lanes.rows, *s)) for n, s in network.carried().items()}
        heads, length = network.sizes.heads, shape.length
        tables = {
            name: variable(name, (shape.sentences * heads * length, shape.beam * features // heads))
            for name, features in network.slots().items()
        }
        self.search = Search.new(lanes, length)
        slots = Slots(
            tables,
            self.search.hidden(position, lanes, length),
            (shape.sentences, heads, length, shape.beam),
        )
        result = network.step(self.search.token, position, memory, slots, carried, lanes)
        chosen = choose(self.search, result.logits, position, lanes, length)
        updates: dict[Tensor, Any] = dict(chosen.updates)
        # One row for each sentence and head: where in its slots this position is.
        place = reshape(iota(shape.sentences * heads), (shape.sentences * heads,)) * length
        place = place + position
        always = full_like(place, 1).astype("bool")
        for name, table in tables.items():
            rows = reshape(result.written[name], (shape.sentences * heads, table.shape[1]))
            updates[table] = put_rows(table, place, rows, always)
        for name, held in carried.items():
            after = result.carried[name]
            updates[held] = after if chosen.origin is None else take(after, chosen.origin)
        outputs = {"token": chosen.token}
        if chosen.parent is not None:
            outputs["parent"] = chosen.parent
        first = network.begin(begun)
        if shape.beam > 1:
            each = constant(np.repeat(np.arange(shape.sentences, dtype=np.int32), shape.beam))
            first = {name: take(value, each) for name, value in first.items()}
        begin: dict[Tensor, Any] = {memory[name]: value for name, value in begun.items()}
        begin |= {held: first[name] for name, held in carried.items()}
        self.encode = backend.compile(Program({}, begin), threads)
        self.step = backend.compile(Program(outputs, updates), threads)
        self.tables = (*memory.values(), *carried.values(), *tables.values())
        self.variables = (*self.tables, *(t for t in self.search if t is not None))
        self.bytes = sum(
            int(np.prod(concrete(t.shape, 1))) * t.dtype.itemsize for t in self.variables
        )

    def leave(self, state: State) -> None:
        """Take out of a state all that is this search's own."""
        for each in self.variables:
            if each in state:
                del state[each]

    def begin(self, state: State, sources: np.ndarray) -> None:
        """Read the sources, and make all ready for the first token.

        Parameters
        ----------
        state : holds the weights; what else the programs need is added.
        sources : int32 (n, source_length), at most as many as the shape has sentences.
        """
        shape = self.shape
        fed = np.full((shape.sentences, shape.source_length), PADDING, np.int32)
        fed[:, 0] = END
        fed[: len(sources)] = sources
        # What lies in slots before they are written is multiplied by 0, so it must be finite.
        for table in self.tables:
            if table not in state:
                state[table] = np.zeros(concrete(table.shape, 1), table.dtype)
        state.update(self.search.beginning(np.arange(shape.sentences) >= len(sources)))
        self.encode.run(state, Feeds(fixed={"source": fed}, steps=1))

    def go_on(self, state: State, start: int, count: int, alpha: float) -> dict[str, np.ndarray]:
        """Write the tokens `start` to below `start + count`: outputs (count, sentences, beam)."""
        numbers = np.arange(self.shape.length)
        per_step: dict[str, np.ndarray] = {"position": numbers.astype(np.int32)}
        if self.shape.beam > 1:
            per_step["penalty"] = penalty(numbers + 1, alpha).astype(np.float32)
        feeds = Feeds(per_step=per_step, steps=self.shape.length)
        return self.step.run(state, feeds, start, count)

    def unfinished(self, state: State) -> np.ndarray:
        """The places of the sentences that are not written to their ends."""
        return np.flatnonzero(~state[self.search.finished].all(1))

    def take_over(self, state: State, other: Decoder, places: np.ndarray) -> None:
        """Go on with the sentences at some places of another search, which has more room."""
        here = np.zeros(self.shape.sentences, np.intp)
        here[: len(places)] = places
        for mine, its in zip(self.variables, other.variables, strict=True):
            # Whatever a variable's shape, what belongs to one sentence lies together.
            by_sentence = state[its].reshape(other.shape.sentences, -1)
            state[mine] = by_sentence[here].reshape(concrete(mine.shape, 1))
        finished = state[self.search.finished]
        finished[len(places) :] = True
        state[self.search.finished] = finished
