"""Translating numbers: a step as a program, run for many tokens without Python between them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import backends
from ..compiler import Backend, Feeds, Program, State
from ..data.text import END, PADDING, bucket_length
from ..graph import Tensor, concrete, input, put_rows, reshape, take, variable
from ..graph.elementwise import full_like
from ..graph.leaves import constant, iota
from .search import Search, choose, penalty, trace_back
from .steps import Lanes, Slots

CHUNK = 8
"""Tokens between two looks at whether all sentences are finished."""

GROUPS = (1, 8, 64)
"""Sentences that are translated together: a program is made for each, the rest is filled up."""

KEPT = 24
"""Programs kept for a network."""

KEPT_BYTES = 64 << 20
"""What searches that have ended may keep of their tables, to begin sooner when they come again."""


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
        variables = (*self.tables, *(t for t in self.search if t is not None))
        self.bytes = sum(int(np.prod(concrete(t.shape, 1))) * t.dtype.itemsize for t in variables)

    def leave(self, state: State) -> None:
        """Take out of a state all that is this search's own."""
        for each in (*self.tables, *self.search):
            if each is not None and each in state:
                del state[each]

    def run(self, state: State, sources: np.ndarray, alpha: float) -> list[list[int]]:
        """Translate.

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
        numbers = np.arange(shape.length)
        per_step: dict[str, np.ndarray] = {"position": numbers.astype(np.int32)}
        if shape.beam > 1:
            per_step["penalty"] = penalty(numbers + 1, alpha).astype(np.float32)
        feeds = Feeds(per_step=per_step, steps=shape.length)
        found: list[dict[str, np.ndarray]] = []
        for start in range(0, shape.length, CHUNK):
            count = min(CHUNK, shape.length - start)
            found.append(self.step.run(state, feeds, start, count))
            if state[self.search.finished].all():
                break
        tokens = np.concatenate([part["token"] for part in found])
        parents = np.concatenate([p["parent"] for p in found]) if shape.beam > 1 else None
        return [trace_back(tokens, parents, row) for row in range(len(sources))]


class Decoders:
    """Programs for one network, made when first asked for, and its weights as they read them.

    Parameters
    ----------
    backend, threads : what runs them; see `layerwise.train`.
    """

    def __init__(
        self, network: Any, backend: str | None = None, threads: int | None = None
    ) -> None:
        self.network = network
        self.backend = backends.get(backend)
        self.threads = threads
        self.state = State()
        self._kept: OrderedDict[Shape, Decoder] = OrderedDict()
        self._values: dict[Tensor, np.ndarray] = {}

    def translate(
        self,
        sources: Sequence[Sequence[int]],
        longest: Sequence[int],
        beam: int = 4,
        alpha: float = 0.6,
    ) -> list[list[int]]:
        """Numbers of translations, without <eos>, in the order of the sources.

        Parameters
        ----------
        sources : numbers of each source with its <eos>.
        longest : tokens that a translation may have at most, <eos> included, for each.
        beam : hypotheses; 1 is greedy.
        alpha : of the length penalty; 0 is none.
        """
        self._refresh()
        limit = self.network.sizes.max_length
        by_length: dict[int, list[int]] = {}
        for row, numbers in enumerate(sources):
            by_length.setdefault(bucket_length(len(numbers)), []).append(row)
        found: list[list[int]] = [[] for _ in sources]
        for source_length, rows in by_length.items():
            rows.sort(key=lambda row: len(sources[row]))
            length = min(bucket_length(max(longest[row] for row in rows)), limit)
            start = 0
            while start < len(rows):
                left = len(rows) - start
                size = next((g for g in GROUPS if g >= left), GROUPS[-1])
                part = rows[start : start + size]
                start += size
                decoder = self._decoder(Shape(size, beam, source_length, length))
                self._make_room()
                fed = np.full((len(part), source_length), PADDING, np.int32)
                for place, row in enumerate(part):
                    fed[place, : len(sources[row])] = sources[row]
                for row, numbers in zip(part, decoder.run(self.state, fed, alpha), strict=True):
                    found[row] = numbers[: longest[row]]
        return found

    def _decoder(self, shape: Shape) -> Decoder:
        if shape not in self._kept:
            self._kept[shape] = Decoder(self.network, shape, self.backend, self.threads)
            if len(self._kept) > KEPT:
                _, old = self._kept.popitem(last=False)
                old.leave(self.state)
        self._kept.move_to_end(shape)
        return self._kept[shape]

    def _make_room(self) -> None:
        """Let searches go that were not used for long, if they keep too much."""
        # The one that is used next is the last, and stays whatever its size.
        next_one, *others = reversed(self._kept.values())
        kept = next_one.bytes
        for decoder in others:
            if decoder.search.token not in self.state:
                continue
            if kept + decoder.bytes > KEPT_BYTES:
                decoder.leave(self.state)
            else:
                kept += decoder.bytes

    def _refresh(self) -> None:
        """Take the network's weights where they have changed."""
        for _, held in self.network.named_held():
            if self._values.get(held.tensor) is not held.value:
                self._values[held.tensor] = held.value
                self.state[held.tensor] = held.value
