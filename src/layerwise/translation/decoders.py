"""Translating numbers: sentences in groups, groups on threads, and programs for groups."""

from __future__ import annotations

import queue
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import numpy as np

from .. import backends
from ..backends.native.team import available_cores
from ..compiler import Backend, State
from ..data.text import PADDING, bucket_length
from ..graph import Tensor
from ..training.together import run_together
from .decoding import Decoder, Shape
from .search import trace_back

GROUPS = (1, 8, 16, 32)
"""Sentences that are translated together: a program is made for each, the rest is filled up.

More at once would not be quicker: products of 32 rows already do what a core can do.
"""

BESIDES = 5
"""What a group costs besides its sentences, in sentences."""

SHARED = 8
"""Sentences of a length up to which one group is better than one for each thread."""

MANY = 4 * GROUPS[-1]
"""Sentences of a length from which on it pays to make programs for what is left of a group."""

SPAN = 16
"""Tokens that the first program of a larger group has room for; the next ones have twice as many.

Every step looks at all there is room for, and most translations end long before their limit.
"""

CHUNK = 4
"""Tokens between two looks at which sentences are finished."""

KEPT = 64
"""Programs that a thread keeps."""

KEPT_BYTES = 32 << 20
"""What ended searches of a thread may keep of their tables, to begin sooner when they return."""


def division(count: int, largest: int) -> list[int]:
    """Into groups of which sizes so many sentences are divided, at the least cost.

    What is left of full groups is one that is filled up, or several smaller ones.
    """
    whole, left = divmod(count, largest)
    sizes = [largest] * whole
    while left:
        filled = next(g for g in GROUPS if g >= left)
        smaller = next(g for g in reversed(GROUPS) if g <= left)
        rest = sum(g + BESIDES for g in division(left - smaller, smaller))
        sizes.append(filled if filled <= smaller + rest else smaller)
        left -= min(left, sizes[-1])
    return sizes


class Group(NamedTuple):
    """Sentences that are translated together.

    Attributes
    ----------
    rows : which they are.
    sources : int32 (sentences, source_length).
    shape : of the program, if there were one for all tokens.
    many : whether others are to be made for what is left of the group.
    """

    rows: list[int]
    sources: np.ndarray
    shape: Shape
    many: bool


class Team:
    """What the threads that translate groups beside each other make only once.

    Parameters
    ----------
    threads : that each of the programs may use.
    """

    def __init__(self, network: Any, backend: Backend, threads: int | None) -> None:
        self.network = network
        self.backend = backend
        self.threads = threads
        self._made: WeakValueDictionary[Shape, Decoder] = WeakValueDictionary()
        self._lock = threading.Lock()

    def decoder(self, shape: Shape) -> Decoder:
        """One of its own for a thread."""
        with self._lock:
            made = self._made.get(shape)
            if made is not None:
                return made.beside()
            made = self._made[shape] = Decoder(self.network, shape, self.backend, self.threads)
            return made


class Worker:
    """The programs of one thread, and the tables of their searches."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self.state = State()
        self.kept: OrderedDict[Shape, Decoder] = OrderedDict()

    def translate(self, group: Group, alpha: float, stopped: threading.Event) -> list[list[int]]:
        """Numbers of the translations of a group; nothing of use once it is told to stop.

        Few of a group are long. When enough are finished the others go on in a program for fewer,
        and when there is no room for more tokens, in one that has more.
        """
        shape, places = group.shape, np.arange(len(group.sources))
        limit = shape.length
        if shape.sentences > SHARED:
            shape = shape._replace(length=min(SPAN, limit))
        decoder = self._decoder(shape)
        self._make_room()
        decoder.begin(self.state, group.sources)
        size = (limit, len(places), shape.beam)
        tokens = np.full(size, PADDING, np.int32)
        parents = np.broadcast_to(np.arange(shape.beam, dtype=np.int32), size).copy()
        for start in range(0, limit, CHUNK):
            stop = min(start + CHUNK, limit)
            found = decoder.go_on(self.state, start, stop - start, alpha)
            tokens[start:stop, places] = found["token"][:, : len(places)]
            if shape.beam > 1:
                parents[start:stop, places] = found["parent"][:, : len(places)]
            left = decoder.unfinished(self.state)
            if not len(left) or stop == limit or stopped.is_set():
                break
            if stop == shape.length:
                shape = shape._replace(length=min(2 * stop, limit))
            fewer = shape._replace(sentences=next(g for g in GROUPS if g >= len(left)))
            if group.many or fewer in self.kept:
                shape = fewer
            if shape != decoder.shape:
                last, decoder = decoder, self._decoder(shape)
                decoder.take_over(self.state, last, left)
                self._make_room()
                places = places[left]
        return trace_back(tokens, parents)

    def _decoder(self, shape: Shape) -> Decoder:
        if shape not in self.kept:
            self.kept[shape] = self.team.decoder(shape)
            if len(self.kept) > KEPT:
                _, old = self.kept.popitem(last=False)
                old.leave(self.state)
        self.kept.move_to_end(shape)
        return self.kept[shape]

    def _make_room(self) -> None:
        """Let searches go that were not used for long, if they keep too much."""
        # The one that is used next is the last, and stays whatever its size.
        next_one, *others = reversed(self.kept.values())
        kept = next_one.bytes
        for decoder in others:
            if decoder.search.token not in self.state:
                continue
            if kept + decoder.bytes > KEPT_BYTES:
                decoder.leave(self.state)
            else:
                kept += decoder.bytes


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
        self.threads = threads or available_cores()
        runs = backends.get(backend)
        # One group has all threads for its program. Of several each has one: they need not wait
        # for each other after every product.
        self.alone = Worker(Team(network, runs, threads))
        self._team = Team(network, runs, 1)
        self._beside: list[Worker] = []
        self._held = [held for _, held in network.named_held()]
        self._values: dict[Tensor, np.ndarray] = {}
        self._translating = threading.Lock()

    def translate(
        self,
        sources: Sequence[Sequence[int]],
        longest: Sequence[int],
        beam: int = 4,
        alpha: float = 0.6,
    ) -> list[list[int]]:
        """Numbers of translations, without <eos>, in the order of the sources.

        Threads may call this at the same time; each waits for its turn.

        Parameters
        ----------
        sources : numbers of each source with its <eos>.
        longest : tokens that a translation may have at most, <eos> included, for each.
        beam : hypotheses; 1 is greedy.
        alpha : of the length penalty; 0 is none.
        """
        found: list[list[int]] = [[] for _ in sources]
        stopped = threading.Event()
        waiting: queue.SimpleQueue[Group] = queue.SimpleQueue()
        groups = self._groups(sources, longest, beam)
        # The long ones first, so that no thread is left with one at the end.
        for group in sorted(groups, key=lambda g: -g.sources.size):
            waiting.put(group)

        def work() -> None:
            worker = free.pop()
            while not stopped.is_set():
                try:
                    group = waiting.get_nowait()
                except queue.Empty:
                    return
                written = worker.translate(group, alpha, stopped)
                for row, numbers in zip(group.rows, written, strict=True):
                    found[row] = numbers[: longest[row]]

        with self._translating:
            free = self._workers(len(groups))
            run_together(work, len(free), stopped.set)
        return found

    def _groups(
        self, sources: Sequence[Sequence[int]], longest: Sequence[int], beam: int
    ) -> list[Group]:
        """Sentences of about the same length, divided so that all threads have something to do."""
        by_length: dict[int, list[int]] = {}
        for row, numbers in enumerate(sources):
            by_length.setdefault(bucket_length(len(numbers)), []).append(row)
        share = max(-(-len(sources) // self.threads), min(len(sources), SHARED))
        largest = next((g for g in GROUPS if g >= share), GROUPS[-1])
        groups = []
        for source_length, rows in by_length.items():
            rows.sort(key=lambda row: len(sources[row]))
            length = bucket_length(max(longest[row] for row in rows))
            length = min(length, self.network.sizes.max_length)
            start = 0
            for size in division(len(rows), largest):
                part = rows[start : start + size]
                start += size
                fed = np.full((len(part), source_length), PADDING, np.int32)
                for place, row in enumerate(part):
                    fed[place, : len(sources[row])] = sources[row]
                shape = Shape(size, beam, source_length, length)
                groups.append(Group(part, fed, shape, len(rows) >= MANY))
        return groups

    def _workers(self, groups: int) -> list[Worker]:
        """Those that so many groups are given to, with the network's weights of now."""
        threads = min(self.threads, groups)
        workers = [self.alone]
        if threads > 1:
            while len(self._beside) < threads:
                self._beside.append(Worker(self._team))
            workers = self._beside[:threads]
        for held in self._held:
            if self._values.get(held.tensor) is not held.value:
                self._values[held.tensor] = held.value
                self.alone.state[held.tensor] = held.value
        shared = {tensor: self.alone.state[tensor] for tensor in self._values}
        for worker in workers:
            if any(worker.state.get(tensor) is not value for tensor, value in shared.items()):
                worker.state.replace(shared)
        return workers


__all__ = ["Decoders"]
