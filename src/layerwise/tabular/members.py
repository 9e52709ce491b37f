"""Training the members: several at once, each on one thread, as their work is small.

A member's result depends on its seed and its rows only, never on which thread came first.
"""

from __future__ import annotations

import copy
import itertools
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .. import optim
from ..errors import TrainingDiverged
from ..nn.evaluation import evaluate_module
from ..training import Epoch, History, Run
from ..training.prepare import prepare
from ..training.together import run_together
from .kinds import MemberKind
from .network import Bins, TabularNet
from .recipe import Recipe
from .record import kept_run
from .rows import Columns, Rows
from .task import Task

CALMER = 0.25
"""Factor on the learning rate of a member whose loss became NaN, for its next attempt."""

ATTEMPTS = 4


@dataclass(frozen=True, eq=False)
class Job:
    """One member to be trained.

    Attributes
    ----------
    kind : its place among the recipe's kinds.
    training, validation : row numbers; no validation rows means that every epoch counts.
    seed : of its first weights, its order of rows and its dropout.
    repeat : which division of the rows it belongs to.
    epochs : to stop after, in a schedule laid out for all; None runs them all.
    start : weights to begin with, by name; drawn when None.
    probed : whether what its layers do is recorded, and its `Run` kept.
    """

    kind: int
    training: np.ndarray
    validation: np.ndarray | None
    seed: int
    repeat: int = 0
    epochs: int | None = None
    start: dict[str, np.ndarray] | None = None
    probed: bool = False


@dataclass(eq=False)
class Member:
    """A trained member.

    Attributes
    ----------
    values : its weights, by name.
    held_out : its raw outputs for the validation rows, (rows, outputs); None without any.
    history : its epochs.
    best_epoch : the one whose weights are kept, counted from 1.
    run : of a probed job, with a sample of its rows.
    """

    kind: int
    repeat: int
    values: dict[str, np.ndarray]
    validation: np.ndarray | None
    held_out: np.ndarray | None
    history: History
    best_epoch: int
    run: Run | None = None


@dataclass
class Watch:
    """How a fit is followed and stopped from outside.

    Attributes
    ----------
    on_epoch : called with the number of the member, its `Epoch` and its network, which holds the
        weights of that moment; one call at a time, from the threads that train. Returning False
        stops the whole fit, "member" the training of this member.
    stopped : whether the fit has been told to stop; members then keep their best epoch so far.
    planned, trained : how many members there are to be, and how many are done.
    """

    on_epoch: Callable[[int, Epoch, TabularNet], Any] | None = None
    stopped: bool = False
    planned: int = 0
    trained: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def stop(self) -> None:
        """Tell the fit to stop."""
        self.stopped = True

    def epoch_ended(self, member: int, epoch: Epoch, net: TabularNet) -> bool:
        """Whether the training of this member goes on."""
        if self.on_epoch is not None:
            with self._lock:
                answer = None if self.stopped else self.on_epoch(member, epoch, net)
            if answer is False:
                self.stopped = True
            if isinstance(answer, str) and answer == "member":
                return False
        return not self.stopped


@dataclass(frozen=True, eq=False)
class Workshop:
    """All that members have in common."""

    kinds: Sequence[MemberKind]
    columns: Columns
    bins: Bins | None
    task: Task
    recipe: Recipe
    rows: Rows
    validation: Rows | None
    """Rows given for validation, in place of those that a job holds out."""
    threads: int
    backend: str | None
    watch: Watch
    templates: Sequence[TabularNet] | None = None
    """Networks of the kinds to copy, in place of `bins`, where a fit goes on from another."""

    stream: bool = False
    """Whether the rows are part of all rows only."""

    def pattern(self, kind: int) -> TabularNet:
        """A network of a kind whose weights mean nothing."""
        return self.network(kind) if self.templates is None else self.templates[kind]

    def network(self, kind: int) -> TabularNet:
        """A new network of a kind; its weights mean nothing yet."""
        if self.templates is not None:
            return copy.deepcopy(self.templates[kind])
        assert self.bins is not None
        net = TabularNet(self.kinds[kind], self.columns, self.bins, self.task.outputs)
        for _, held in net.named_held():
            if held.dtype.kind == "f":
                held.convert(self.recipe.dtype)
        return net

    def train_all(self, jobs: Sequence[Job]) -> list[Member]:
        """The members, in the order of their jobs; those that a stop came before are left out."""
        found: list[Member | None] = [None] * len(jobs)
        self.watch.planned += len(jobs)
        waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        # The long ones first, so that no thread is left with one at the end.
        for number in sorted(range(len(jobs)), key=lambda i: -self._work(jobs[i])):
            waiting.put(number)
        threads = max(1, min(self.threads, len(jobs)))
        # One of the threads goes on with the networks themselves: their compiled plans are kept.
        ready = [] if self.templates is None else [dict(enumerate(self.templates))]

        def work() -> None:
            nets: dict[int, TabularNet] = ready.pop() if ready else {}
            while not self.watch.stopped or not any(found):
                try:
                    number = waiting.get_nowait()
                except queue.Empty:
                    return
                job = jobs[number]
                # A network is used again, since its compiled plan is kept with it.
                if job.kind not in nets:
                    nets[job.kind] = self.network(job.kind)
                net = nets[job.kind]
                alone = threads == 1
                found[number] = self._train(number, job, net, None if alone else 1)
                self.watch.trained += 1

        run_together(work, threads, self.watch.stop)
        return [member for member in found if member is not None]

    def _work(self, job: Job) -> float:
        sizes = [self.columns.width, *self.kinds[job.kind].hidden, self.task.outputs]
        return float(sum(a * b for a, b in itertools.pairwise(sizes)))

    def _train(self, number: int, job: Job, net: TabularNet, threads: int | None) -> Member:
        kind, recipe = self.kinds[job.kind], self.recipe
        rows = self.rows.take(job.training)
        held_out = self.validation
        if held_out is None and job.validation is not None:
            held_out = self.rows.take(job.validation)
        stop_after = job.epochs

        def epoch_ended(epoch: Epoch) -> bool:
            going_on = self.watch.epoch_ended(number, epoch, net)
            return going_on and (stop_after is None or epoch.epoch < stop_after)

        calm = 1.0
        for attempt in range(1, ATTEMPTS + 1):
            if job.start is not None:
                net.load_state_dict(job.start)
            else:
                net.reset_parameters(job.seed)
            try:
                run = prepare(
                    net,
                    rows.given[:2],
                    validation=None if held_out is None else held_out.given,
                    loss=self.task.loss,
                    optimizer=optimizer_for(recipe.optimizer, kind, calm),
                    schedule=recipe.schedule,
                    epochs=recipe.epochs or 1,
                    batch_size=min(int(recipe.batch_size or 32), len(rows)),
                    seed=job.seed,
                    sample_weight=rows.weight,
                    label_smoothing=recipe.label_smoothing,
                    clip_norm=recipe.clip_norm,
                    early_stopping=recipe.patience if held_out is not None else None,
                    shuffle=recipe.shuffle,
                    threads=threads,
                    backend=self.backend,
                    one_class=self.stream,
                    learning_rate=None,
                    restore_best=True,
                    checkpoint=None,
                    resume=False,
                    on_epoch=epoch_ended,
                    progress=None,
                    chunk_seconds=0.2,
                    probes=job.probed and recipe.probes,
                ).run()
                break
            except TrainingDiverged:
                if attempt == ATTEMPTS:
                    raise
                calm *= CALMER
        if run.stopped == "interrupted":
            raise KeyboardInterrupt
        return Member(
            kind=job.kind,
            repeat=job.repeat,
            values=net.state_dict(),
            validation=job.validation,
            held_out=None if held_out is None else evaluate_module(net, *held_out.inputs),
            history=run.history,
            best_epoch=run.best_epoch or len(run.history),
            run=kept_run(run, net) if job.probed else None,
        )


def optimizer_for(given: Any, kind: MemberKind, calm: float = 1.0) -> optim.Optimizer:
    """An optimiser by name with a kind's settings, or the one given; `calm` is on its rate."""
    if isinstance(given, optim.Optimizer):
        return replace(given, learning_rate=calm * given.learning_rate)
    rate = calm * kind.learning_rate
    made = type(optim.optimizer(given, rate))
    settings: dict[str, Any] = {"learning_rate": rate, "weight_decay": kind.weight_decay}
    if made is optim.SGD:
        settings["momentum"] = 0.9
    return made(**settings)
