"""Decoding as programs: one reads the sources, one writes a token, many times without Python."""

from __future__ import annotations

from copy import copy
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from ..compiler import Backend, Executable, Feeds, Program, State
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
        self._compile = partial(backend.compile, threads=threads)
        self._begin, self._step = Program({}, begin), Program(outputs, updates)
        self.tables = (*memory.values(), *carried.values(), *tables.values())
        # What belongs to one sentence lies together; within it, for some, what belongs to one
        # position: (sentences, ..., length, ...), where length is 1 for the others.
        found = [t for t in (*self.tables, *self.search) if t is not None]
        self.layout: dict[Tensor, tuple[int, int, int, int]]
        self.layout = dict.fromkeys(found, (shape.sentences, 1, 1, -1))
        self.layout |= dict.fromkeys(tables.values(), (shape.sentences, heads, length, -1))
        if self.search.own is not None:
            self.layout[self.search.own] = (shape.sentences, shape.beam, length, -1)
        self.bytes = sum(int(np.prod(concrete(t.shape, 1))) * t.dtype.itemsize for t in self.layout)

    @cached_property
    def encode(self) -> Executable:
        """Reads sources; a search that goes on with another's sentences does without."""
        return self._compile(self._begin)

    @cached_property
    def step(self) -> Executable:
        """Writes a token."""
        return self._compile(self._step)

    def beside(self) -> Decoder:
        """The same, to be run by another thread with another state at the same time."""
        other = copy(self)
        for compiled in ("encode", "step"):
            other.__dict__.pop(compiled, None)
        return other

    def leave(self, state: State) -> None:
        """Take out of a state all that is this search's own."""
        for each in self.layout:
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
        self._make_tables(state)
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
        """Go on with the sentences at some places of another search, of which this has the length.

        Parameters
        ----------
        places : at most as many as this shape has sentences; `other` may be of less length.
        """
        self._make_tables(state)
        state.update(self.search.beginning(np.arange(self.shape.sentences) >= len(places)))
        for (mine, layout), (its, old) in zip(
            self.layout.items(), other.layout.items(), strict=True
        ):
            to = state[mine].reshape(layout)
            to[: len(places), :, : old[2]] = state[its].reshape(old)[places]

    def _make_tables(self, state: State) -> None:
        # What lies in slots before they are written is multiplied by 0, so it must be finite.
        for table in self.tables:
            if table not in state:
                state[table] = np.zeros(concrete(table.shape, 1), table.dtype)
