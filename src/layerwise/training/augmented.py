"""`train_augmented`: rows that are changed a little before every epoch, by another thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from ..compiler import Feeds
from ..nn.module import Module
from .loop import Loop
from .prepare import prepare
from .run import Rows, Run

Change = Callable[[np.ndarray, int, np.ndarray], Any]
"""Takes the rows, the number of the epoch from 0, and the array to write the changed rows to."""


class AugmentedLoop(Loop):
    """A `Loop` whose first input is changed before each epoch, while the one before it trains.

    What is recorded, and what the doctor reads, are the rows as they were given.
    """

    change: Change
    _maker: ThreadPoolExecutor | None = None
    _coming: Future[np.ndarray] | None = None
    _spare: np.ndarray | None = None

    def run(self) -> Run:
        """Train until a reason to stop."""
        # Two buffers take turns: one trains while the other is filled.
        with ThreadPoolExecutor(1, "layerwise-augment") as self._maker:
            try:
                return super().run()
            finally:
                self._coming = None

    def _train_epoch(self) -> None:
        assert self._maker is not None
        # After a resumed training the epoch in hand is known only here.
        coming = self._coming or self._maker.submit(self._make, self.epoch, None)
        rows = coming.result()
        self.feeds = Feeds(
            self._by_name(Rows((rows, *self.rows.inputs[1:]), self.rows.target, self.rows.weight)),
            self.options.batch_size,
            fixed=self.fixed,
            minimum=self.plan.fewest_rows,
        )
        if self.epoch + 1 < self.options.epochs:
            self._coming = self._maker.submit(self._make, self.epoch + 1, self._spare)
        super()._train_epoch()
        self._spare = rows

    def _make(self, epoch: int, out: np.ndarray | None) -> np.ndarray:
        source = self.rows.inputs[0]
        out = np.empty_like(source) if out is None else out
        self.change(source, epoch, out)
        return out


def train_augmented(net: Module, data: tuple[Any, Any], change: Change, **options: Any) -> Run:
    """Fit a network to rows that are changed before every epoch; its weights change in place.

    The changes must follow from the number of the epoch alone, so that a resumed training sees the
    same rows, and must not depend on when they are made.

    Parameters
    ----------
    net, data : as for `layerwise.train`.
    change : called with the first input's array, the number of the epoch, counted from 0, and an
        array of the same shape and dtype, into which it writes. It runs in another thread while
        the epoch before is trained, and so should leave the interpreter alone, as NumPy does.
    options : the other options of `layerwise.train`, except Buckets as validation.

    Raises
    ------
    What `layerwise.train` raises, and what `change` does.
    """
    loop = prepare(net, data, loop=AugmentedLoop, **(_DEFAULTS | options))
    assert isinstance(loop, AugmentedLoop)
    loop.change = change
    return loop.run()


_DEFAULTS: dict[str, Any] = {
    "validation": None,
    "optimizer": "adam",
    "learning_rate": None,
    "schedule": "constant",
    "epochs": 20,
    "batch_size": 32,
    "seed": 0,
    "early_stopping": None,
    "restore_best": True,
    "shuffle": True,
    "threads": None,
    "checkpoint": None,
    "resume": False,
    "on_epoch": None,
    "progress": None,
    "chunk_seconds": 0.2,
    "probes": True,
}
