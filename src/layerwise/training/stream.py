"""`train_stream`: rows that come block by block, because all of them do not fit the memory.

What an epoch is to `train`, a block is here: its rows are visited in random order, and then the
next block takes their place. The optimiser, the schedule and dropout run on over all blocks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..compiler import Feeds
from ..data.ahead import ahead
from ..errors import DataError
from ..nn.module import Module
from .loop import Loop
from .permutation import Permutations, draw_order
from .prepare import prepare
from .rows import fed_rows, raw_inputs
from .run import Rows, Run

Block = tuple[Any, Any, Any]
"""(X, y, sample weights or None), as `layerwise.train` takes them."""

MEASURES = 20
"""Looks at the validation rows in a whole training, at least, where there are so many blocks."""


class StreamLoop(Loop):
    """A `Loop` whose rows change from one epoch to the next."""

    blocks: Iterator[Rows]
    coming: Rows | None = None
    total_steps: int
    every: int
    done_steps: int = 0

    def follow(self, blocks: Iterator[Rows], total_steps: int, count: int) -> None:
        """Say where the rows come from: `count` blocks with about `total_steps` steps in all."""
        self.blocks, self.total_steps = blocks, max(1, total_steps)
        self.every = max(1, count // MEASURES)
        self.last = count - 1

    def _has_ended(self) -> bool:
        # `count` is a guess, so that only the blocks tell where they end.
        if self.coming is None:
            self.coming = next(self.blocks, None)
        return self.coming is None

    def _train_epoch(self) -> None:
        assert self.coming is not None
        self._take(self.coming)
        self.coming = None
        super()._train_epoch()

    def _take(self, rows: Rows) -> None:
        self.rows = rows
        self.feeds = Feeds(
            self._by_name(rows),
            self.options.batch_size,
            fixed=self.fixed,
            minimum=self.plan.fewest_rows,
        )
        self.steps = self.feeds.steps
        self.batch_rows = np.diff(self.feeds.boundaries).astype(np.float64)
        self.losses, self.correct, self.rates = (np.zeros(self.steps) for _ in range(3))
        if self.options.shuffle:
            draw = getattr(self.plan.backend, "draw_order", draw_order)
            self.permutations = Permutations(len(rows), self.options.seed, draw)

    def _epoch_feeds(self) -> Feeds:
        base = self.options.optimizer.learning_rate
        # A block more than was announced trains on at the last rate.
        start = min(self.done_steps, self.total_steps - 1)
        self.rates = self.options.schedule.rates(
            base, start, self.steps, max(self.total_steps, start + self.steps), self.steps
        )
        self.done_steps += self.steps
        order = self.permutations[self.epoch] if self.permutations else None
        return self.feeds.again(order, {"learning_rate": self.rates})

    def _validate(self) -> dict[str, Any]:
        if (self.epoch + 1) % self.every and self.epoch != self.last:
            names = ("loss", "accuracy", "r2", "mae")
            return {f"validation_{name}": None for name in names}
        return super()._validate()


def train_stream(
    net: Module,
    blocks: Callable[[], Iterable[Block]],
    *,
    rows: int,
    block_rows: int,
    passes: int = 1,
    batch_size: int = 256,
    validation: tuple[Any, ...] | None = None,
    on_block: Callable[..., Any] | None = None,
    **options: Any,
) -> Run:
    """Fit a network to rows that are read while it trains; its weights change in place.

    Memory holds a few blocks at a time. Rows are visited in random order within their block only:
    a file that is sorted by its target should be shuffled first.

    Parameters
    ----------
    net : as for `layerwise.train`.
    blocks : gives the blocks of one pass, in order: (X, y, sample weights or None), none of them
        empty, the first one with rows of more than one class.
    rows, block_rows : about how many rows a pass and a block have; the schedule is laid out by
        them.
    passes : how often every row is visited.
    validation : rows to measure on, about 20 times in all; the best weights are kept.
    on_block : called with an `Epoch` after each block; returning False stops the training.
    options : the other options of `layerwise.train`, but for epochs, checkpoint and resume.

    Returns
    -------
    Run : its history has an entry for each block.

    Raises
    ------
    DataError : there is no block; and everything that `layerwise.train` raises.
    """
    count = passes * max(1, math.ceil(rows / block_rows))
    every = ahead(block for _ in range(passes) for block in blocks())
    try:
        first = next(every, None)
        if first is None:
            raise DataError("expected rows to train on, got none")
        loop = prepare(
            net,
            first[:2],
            sample_weight=first[2],
            validation=validation,
            batch_size=min(batch_size, len(first[1])),
            epochs=count,
            early_stopping=None,
            on_epoch=on_block,
            loop=StreamLoop,
            **(_DEFAULTS | options),
        )
        assert isinstance(loop, StreamLoop)
        loop.follow(_checked(loop, first, every), passes * math.ceil(rows / batch_size), count)
        return loop.run()
    finally:
        every.close()


_DEFAULTS: dict[str, Any] = {
    "optimizer": "adam",
    "learning_rate": None,
    "schedule": "cosine",
    "seed": 0,
    "restore_best": True,
    "shuffle": True,
    "threads": None,
    "checkpoint": None,
    "resume": False,
    "progress": None,
    "chunk_seconds": 0.2,
}


def _checked(loop: Loop, first: Block, others: Iterable[Block]) -> Iterator[Rows]:
    """The blocks as arrays in the dtypes that the programs take."""
    yield loop.rows
    fed = [array.dtype for array in loop.rows.inputs]
    for x, y, weight in others:
        given = x if isinstance(x, tuple) else (x,)
        arrays = raw_inputs("", given)
        yield fed_rows(
            "", given, arrays, fed, y, weight, loop.options.loss, loop.plan.prediction
        )  # fmt: skip
