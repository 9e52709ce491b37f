"""Rows of several shapes in one training, such as sentences of different lengths.

A program has static shapes, so sentences are padded to one of a few lengths, and those of one
length are a bucket. Each bucket has a program of its own; all of them update one state. A
minibatch comes from one bucket, and the buckets take turns in an order drawn from the seed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..compiler import Feeds
from ..errors import DataError, TrainingDiverged
from ..graph import Tensor, topological_order
from ..graph.contraction import MatMul
from ..graph.dimension import Batch, Dimension
from .checkpoint import sum_of_rows
from .divergence import diagnose
from .loop import ROWS_AT_ONCE, Loop, evaluation_sums
from .permutation import Permutations, draw_order
from .plan import Plan
from .run import Rows

SMALL = 20e6
"""Operations in a step below which a return to Python between steps would show."""

RUN = 8
"""Small steps of one bucket in a row. Larger steps change buckets each time: on 3,159 pairs of
sentences a translator's held-out loss was 4.32 so, and 4.44 with eight in a row."""

TURNS = 0xB0C4E7
"""Second word of the key of the buckets' turns; the key of bucket b's rows has TURNS + 1 + b."""


class Buckets:
    """Rows in several arrays, each with rows of one shape.

    Parameters
    ----------
    parts : for each bucket (X, y) or (X, y, sample_weight), as `layerwise.train` takes them.

    Raises
    ------
    DataError : there is none, one has other parts, or two have rows of the same shape.
    """

    def __init__(self, parts: Sequence[tuple[Any, ...]]) -> None:
        self.parts: list[tuple[Any, Any, Any]] = []
        for i, part in enumerate(parts):
            if not isinstance(part, tuple | list) or len(part) not in (2, 3):
                raise DataError(
                    f"bucket {i}: expected (X, y) or (X, y, sample_weight), got "
                    f"{type(part).__name__}"
                )
            self.parts.append((part[0], part[1], part[2] if len(part) == 3 else None))
        if not self.parts:
            raise DataError("expected at least one bucket of rows, got none")
        shapes = [shape_of_rows(part) for part in self.parts]
        for i, shape in enumerate(shapes):
            if shape in shapes[:i]:
                raise DataError(
                    f"buckets {shapes.index(shape)} and {i} both have rows of shape {shape[0]}; "
                    "put them into one bucket"
                )

    def __len__(self) -> int:
        """Number of buckets."""
        return len(self.parts)

    @property
    def rows(self) -> int:
        """Number of rows in all."""
        return sum(len(y) for _, y, _ in self.parts)


Shape = tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]
"""The shapes of a row's inputs and of its target."""


def shape_of_rows(part: tuple[Any, Any, Any]) -> Shape:
    """The shapes of one bucket's rows."""
    x, y, _ = part
    inputs = x if isinstance(x, tuple) else (x,)
    return tuple(tuple(np.shape(a)[1:]) for a in inputs), tuple(np.shape(y)[1:])


class Bucket(NamedTuple):
    """What one shape of rows needs to train and to be measured."""

    plan: Plan
    feeds: Feeds | None
    validation: Feeds | None
    has_probes: bool
    """Whether its layers are those of the training's record."""


class Turn(NamedTuple):
    """Some steps of one bucket: where they are in the epoch, and in the bucket's own feeds."""

    bucket: int
    start: int
    first: int
    steps: int


class Course:
    """One epoch: the feeds of each bucket, and the turns they take."""

    def __init__(self, feeds: list[Feeds | None], turns: list[Turn]) -> None:
        self.feeds, self.turns = feeds, turns
        self._starts = np.array([turn.start for turn in turns])

    def between(self, first: int, count: int) -> Iterator[Turn]:
        """The turns, or parts of them, in which these steps of the epoch are."""
        stop = first + count
        for i in range(int(np.searchsorted(self._starts, first, "right")) - 1, len(self.turns)):
            turn = self.turns[i]
            if turn.start >= stop:
                return
            start, end = max(first, turn.start), min(stop, turn.start + turn.steps)
            yield Turn(turn.bucket, start, turn.first + start - turn.start, end - start)


class BucketLoop(Loop):
    """A `Loop` whose steps come from several buckets."""

    buckets: list[Bucket]

    def join(self, parts: Sequence[tuple[Plan, Rows | None, Rows | None]]) -> None:
        """Take the plan, the training rows and the validation rows of each bucket."""
        size, options = self.options.batch_size, self.options
        sites = [(s.path, s.layer) for s in self.plan.sites]
        self.parts = [rows for _, rows, _ in parts if rows is not None]
        self.held_out = [held for _, _, held in parts if held is not None]
        self.buckets = [
            Bucket(
                plan,
                None if rows is None else Feeds(
                    self._by_name(rows), size, fixed=self.fixed, minimum=plan.fewest_rows
                ),
                None if held is None else Feeds(
                    self._by_name(held), ROWS_AT_ONCE, fixed=self.fixed
                ),
                [(s.path, s.layer) for s in plan.sites] == sites,
            )
            for plan, rows, held in parts
        ]  # fmt: skip
        self.row_orders = [
            None
            if b.feeds is None or not options.shuffle
            else Permutations(int(b.feeds.boundaries[-1]), options.seed, self._draw(TURNS + 1 + i))
            for i, b in enumerate(self.buckets)
        ]
        self.steps = sum(b.feeds.steps for b in self.buckets if b.feeds is not None)
        self.losses, self.correct, self.rates = (np.zeros(self.steps) for _ in range(3))
        self.batch_rows = np.concatenate(
            [np.diff(b.feeds.boundaries) for b in self.buckets if b.feeds is not None]
        ).astype(np.float64)
        if self.checkpoint is not None:
            self.checkpoint.fingerprint["buckets"] = [
                sum_of_rows(rows) for rows in (*self.parts, *self.held_out)
            ]

    def _training_parts(self) -> list[Rows]:
        return self.parts

    def _validation_parts(self) -> list[Rows]:
        return self.held_out

    def _draw(self, word: int) -> Any:
        draw = getattr(self.plan.backend, "draw_order", draw_order)
        return lambda rows, key, number: draw(rows, (key[0], word), number)

    def _epoch_feeds(self) -> Any:
        base, total = self.options.optimizer.learning_rate, self.options.epochs * self.steps
        self.rates = self.options.schedule.rates(
            base, self.epoch * self.steps, self.steps, total, self.steps
        )
        turns = self._turns()
        feeds: list[Feeds | None] = []
        for i, bucket in enumerate(self.buckets):
            if bucket.feeds is None:
                feeds.append(None)
                continue
            mine = [np.arange(t.start, t.start + t.steps) for t in turns if t.bucket == i]
            places = np.concatenate(mine)
            self.batch_rows[places] = np.diff(bucket.feeds.boundaries)
            orders = self.row_orders[i]
            order = None if orders is None else orders[self.epoch]
            feeds.append(bucket.feeds.again(order, {"learning_rate": self.rates[places]}))
        return Course(feeds, turns)

    def _turns(self) -> list[Turn]:
        steps = [0 if b.feeds is None else b.feeds.steps for b in self.buckets]
        runs = [RUN if self._is_small(bucket) else 1 for bucket in self.buckets]
        whose = [i for i, count in enumerate(steps) for _ in range(0, count, runs[i])]
        if self.options.shuffle:
            order = draw_order(len(whose), (self.options.seed & 0xFFFFFFFF, TURNS), self.epoch)
            whose = [whose[i] for i in order]
        turns, start, done = [], 0, [0] * len(steps)
        for bucket in whose:
            count = min(runs[bucket], steps[bucket] - done[bucket])
            turns.append(Turn(bucket, start, done[bucket], count))
            start, done[bucket] = start + count, done[bucket] + count
        return turns

    def _is_small(self, bucket: Bucket) -> bool:
        # By the graph and not by the clock, since the order of rows must not depend on the machine.
        return products(bucket.plan.train.program.roots, self.options.batch_size) < SMALL

    def _run(self, feeds: Course, first: int, count: int, probing: int | None) -> None:
        for turn in feeds.between(first, count):
            bucket = self.buckets[turn.bucket]
            own = feeds.feeds[turn.bucket]
            assert own is not None
            probed = probing is not None and bucket.has_probes
            sampling = bucket.plan.sampling(max(1, probing or 1)) if probed else None
            before = self._steps_done()
            results = bucket.plan.train.run(self.state, own, turn.first, turn.steps, sampling)
            self._note(results, np.arange(turn.start, turn.start + turn.steps))
            if sampling is not None:
                steps = sampling.steps(turn.first, turn.first + turn.steps) - turn.first
                self._note_probes(results, turn.start + steps, before + steps, bucket.plan.sites)

    def _diagnosis(self, feeds: Course, step: int) -> TrainingDiverged:
        turn = next(feeds.between(min(step, self.steps - 1), 1))
        own = feeds.feeds[turn.bucket]
        assert own is not None
        return diagnose(
            self.buckets[turn.bucket].plan,
            self.state,
            own,
            turn.first,
            self.epoch,
            self.record,
            own.per_step["learning_rate"],
            (step, self.steps),
        )

    def _validation_sums(self) -> dict[str, np.ndarray]:
        found = [
            evaluation_sums(b.plan, self.state, b.validation)
            for b in self.buckets
            if b.validation is not None
        ]
        return {name: np.concatenate([sums[name] for sums in found]) for name in found[0]}


def products(roots: Sequence[Tensor], rows: int) -> float:
    """Multiplications and additions in the matrix products of a graph, for so many rows."""
    total = 0.0
    for node in topological_order(roots):
        if isinstance(node.primitive, MatMul):
            size = math.prod(_count(d, rows) for d in node.shape)
            inner = node.inputs[0].shape[-1]
            total += 2.0 * size * _count(inner, rows)
    return total


def _count(dimension: Dimension, rows: int) -> int:
    return rows * dimension.multiple if isinstance(dimension, Batch) else dimension
