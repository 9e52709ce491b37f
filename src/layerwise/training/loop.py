"""The loop over epochs: the part of training that runs in Python, once per chunk and per epoch."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from ..compiler import Feeds, State
from ..errors import TrainingDiverged
from ..graph import Tensor
from ..nn.inputs import input_names
from ..nn.module import Module
from ..nn.notes import notes_of
from .checkpoint import Checkpoint, training_fingerprint
from .divergence import diagnose, weights_are_finite
from .early_stopping import EarlyStopping
from .history import Epoch
from .options import Settings
from .permutation import Permutations, draw_order
from .plan import SEED, STEP, Plan
from .probes import every
from .progress import Progress
from .run import Divergence, Rows, Run
from .sites import Site
from .snapshot import Snapshot

ROWS_AT_ONCE = 1024
"""Rows of a validation step."""

SNAPSHOT_SECONDS = 1.0
"""How much work may have to be repeated to find where a NaN arose."""

CHECKPOINT_SECONDS = 30.0
"""How much work a killed training may lose in a long epoch."""

NEWEST = 0.5
"""Weight of the newest chunk in the estimate of how long a row takes."""


class Loop:
    """One training: its state, its data, and where it is."""

    def __init__(
        self,
        net: Module,
        plan: Plan,
        options: Settings,
        rows: Rows,
        validation: Rows | None,
        class_weights: np.ndarray | None,
    ) -> None:
        self.started = time.perf_counter()
        self.net, self.plan, self.options = net, plan, options
        self.rows, self.validation = rows, validation
        self.held = dict(net.named_held())
        self.state = State({h.tensor: h.value for h in self.held.values()})
        self.state.update(plan.initial)
        self.state[SEED] = np.asarray(options.seed & 0xFFFFFFFF, np.uint32)
        self.state[STEP] = np.zeros((), np.uint32)
        self.watch = EarlyStopping(options.early_stopping)
        self.best: dict[Tensor, np.ndarray] | None = None
        self.permutations: Permutations | None = None
        if options.shuffle:
            draw = getattr(plan.backend, "draw_order", draw_order)
            self.permutations = Permutations(len(rows), options.seed, draw)
        self.fixed = self._fixed_values(class_weights)
        self.feeds = Feeds(
            self._by_name(rows), options.batch_size, fixed=self.fixed, minimum=plan.fewest_rows
        )
        self.steps = self.feeds.steps
        self.batch_rows = np.diff(self.feeds.boundaries).astype(np.float64)
        self.epoch = 0
        """Counted from 0 here."""
        self.position = 0
        """Steps of the epoch that are done."""
        self.losses = np.zeros(self.steps)
        self.correct = np.zeros(self.steps)
        self.rates = np.zeros(self.steps)
        self.snapshot = Snapshot(plan.train.program.updates)
        self.saved_at = time.perf_counter()
        self.validation_feeds: Feeds | None = None
        if validation is not None:
            self.validation_feeds = Feeds(self._by_name(validation), ROWS_AT_ONCE, fixed=self.fixed)
        self.record = Run(
            net=net,
            config=options.config(),
            loss=options.loss.name,
            output=plan.output,
            target=options.loss.target,
            data=rows,
            validation=validation,
            probes=plan.new_record() if options.probes and plan.sites else None,
            settings=options,
            initial={name: held.value.copy() for name, held in self.held.items()},
        )
        self.checkpoint: Checkpoint | None = None
        if options.checkpoint is not None:
            fingerprint = training_fingerprint(self.held, self.record.config, rows, validation)
            self.checkpoint = Checkpoint(options.checkpoint, fingerprint)

    # -- what is fed -------------------------------------------------------------------------------

    def _by_name(self, rows: Rows) -> dict[str, np.ndarray]:
        inputs = self.plan.train.program.inputs
        fed = dict(zip(input_names(len(rows.inputs)), rows.inputs, strict=True))
        fed["y"] = rows.target
        if "weight" in inputs:
            ones = np.ones(len(rows), inputs["weight"].dtype)
            fed["weight"] = rows.weight if rows.weight is not None else ones
        return fed

    def _fixed_values(self, class_weights: np.ndarray | None) -> dict[str, np.ndarray]:
        values = {
            "class_weight": class_weights,
            "label_smoothing": self.options.label_smoothing,
            "clip_norm": self.options.clip_norm,
        }
        inputs = self.plan.train.program.inputs
        return {n: np.asarray(v, inputs[n].dtype) for n, v in values.items() if n in inputs}

    def _epoch_feeds(self) -> Feeds:
        base, total = self.options.optimizer.learning_rate, self.options.epochs * self.steps
        self.rates = self.options.schedule.rates(
            base, self.epoch * self.steps, self.steps, total, self.steps
        )
        order = self.permutations[self.epoch] if self.permutations else None
        return self.feeds.again(order, {"learning_rate": self.rates})

    # -- the loop ----------------------------------------------------------------------------------

    def run(self) -> Run:
        """Train until a reason to stop."""
        record = self.record
        if self.options.resume and self.checkpoint and self.checkpoint.exists():
            self._restore(self.checkpoint.read())
        if self.checkpoint and not self.checkpoint.exists():
            self._save()
        try:
            while record.stopped == "still running":
                if self.watch.should_stop:
                    record.stopped = "early stopping"
                elif self._has_ended():
                    record.stopped = "epochs"
                else:
                    self._train_epoch()
        except KeyboardInterrupt:
            if not self._steps_done():
                raise  # nothing is trained yet that could be kept
            record.stopped = "interrupted"
        except TrainingDiverged as error:
            record.stopped = "loss became NaN"
            record.divergence = Divergence(error.layer, error.step, error.epoch, str(error))
            self._finish(keep_best=False)
            raise error from None
        except Exception:
            # From a callback: what was learned so far is kept, though nothing is returned.
            self._hand_over()
            raise
        self._finish(keep_best=self.options.restore_best)
        return record

    def _has_ended(self) -> bool:
        """Whether all that there was to train on has been trained on."""
        return self.epoch >= self.options.epochs

    def _finish(self, keep_best: bool) -> None:
        record = self.record
        record.best_epoch = self.watch.best_epoch or None
        record.steps = self._steps_done()
        record.restored = keep_best and self.best is not None
        self._hand_over(self.best if record.restored else None)
        record.seconds = time.perf_counter() - self.started
        notes_of(self.net).training = record.summary()

    def _hand_over(self, values: dict[Tensor, np.ndarray] | None = None) -> None:
        """Put the state's weights, or those given, into the network."""
        for held in self.held.values():
            held.value = (values or self.state)[held.tensor]

    def _train_epoch(self) -> None:
        began = time.perf_counter()
        feeds = self._epoch_feeds()
        done_before = self.position
        while self.position < self.steps:
            self._train_chunk(feeds, began, done_before)
        if not weights_are_finite(self.state, self.held):
            self._diverged(feeds)
        trained = time.perf_counter()
        measures = self._validate()
        rows = float(self.batch_rows.sum())
        epoch = Epoch(
            epoch=self.epoch + 1,
            training_loss=float(self.losses @ self.batch_rows / rows),
            training_accuracy=self._training_accuracy(),
            learning_rate=float(self.rates[-1]),
            seconds=time.perf_counter() - began,
            samples_per_second=float(self.batch_rows[done_before:].sum() / (trained - began)),
            **measures,
        )
        self._end_epoch(epoch)

    def _training_accuracy(self) -> float | None:
        if "correct" not in self.plan.train.program.outputs:
            return None
        return float(self.correct.sum() / self._decisions(self._training_parts()))

    def _training_parts(self) -> list[Rows]:
        """All rows that train, by their shapes."""
        return [self.rows]

    def _validation_parts(self) -> list[Rows]:
        """All rows to measure on, by their shapes."""
        return [] if self.validation is None else [self.validation]

    def _decisions(self, parts: list[Rows]) -> float:
        """How many classes are predicted in all: rows, times places in a row."""
        target = self.plan.train.program.inputs["y"]
        soft = self.options.loss.target == "classes" and target.dtype.kind == "f"
        return sum(p.target.size / (p.target.shape[-1] if soft else 1) for p in parts)

    def _train_chunk(self, feeds: Feeds, began: float, done_before: int) -> None:
        start = time.perf_counter()
        if self.position == 0 or start - self.snapshot.taken > SNAPSHOT_SECONDS:
            if self.position and not weights_are_finite(self.state, self.held):
                self._diverged(feeds)
            self.snapshot.take(self.state, self.position)
        first = self.position
        count = min(self._steps_in_chunk(), self.steps - first)
        probing = None if self.record.probes is None else every(self.steps, self.epoch)
        self._run(feeds, first, count, probing)
        stop = self.position = first + count
        if not math.isfinite(self.losses[first:stop].sum()):
            self._diverged(feeds)
        now = time.perf_counter()
        self._measure_speed((now - start) / float(self.batch_rows[first:stop].sum()))
        if self.options.progress is not None:
            self._show_progress(now - began, done_before)
        if self.checkpoint and now - self.saved_at > CHECKPOINT_SECONDS and stop < self.steps:
            self._save()

    def _run(self, feeds: Any, first: int, count: int, probing: int | None) -> None:
        """Run steps of an epoch's feeds and note their losses; every `probing`-th with probes."""
        before = self._steps_done() - first
        sampling = None if probing is None else self.plan.sampling(probing)
        results = self.plan.train.run(self.state, feeds, first, count, sampling)
        self._note(results, np.arange(first, first + count))
        if sampling is not None:
            steps = sampling.steps(first, first + count)
            self._note_probes(results, steps, before + steps)

    def _steps_done(self) -> int:
        """Steps since the training began."""
        return int(self.state[STEP])

    def _note(self, results: dict[str, np.ndarray], steps: np.ndarray) -> None:
        self.losses[steps] = results["loss"]
        if "correct" in results:
            self.correct[steps] = results["correct"]

    def _note_probes(
        self,
        results: dict[str, np.ndarray],
        steps: np.ndarray,
        numbers: np.ndarray,
        sites: list[Site] | None = None,
    ) -> None:
        """Note what probes saw in some steps of the epoch, which have these numbers over all."""
        assert self.record.probes is not None
        self.record.probes.add(
            results, self.losses[steps], self.batch_rows[steps], numbers, self.epoch + 1, sites
        )

    def _steps_in_chunk(self) -> int:
        known = self.plan.seconds_per_row
        if known is None:
            return 1
        return max(1, int(self.options.chunk_seconds / (known * self.batch_rows.mean())))

    def _measure_speed(self, seconds: float) -> None:
        known = self.plan.seconds_per_row
        # A first step pays for cold caches, so it counts little once others are known.
        mean = seconds if known is None else known + NEWEST * (seconds - known)
        self.plan.seconds_per_row = max(mean, 1e-9)

    def _show_progress(self, seconds: float, done_before: int) -> None:
        rows = self.batch_rows[: self.position]
        trained = self.batch_rows[done_before : self.position].sum()
        self.options.progress(  # type: ignore[misc]
            Progress(
                epoch=self.epoch + 1,
                epochs=self.options.epochs,
                step=self.position,
                steps=self.steps,
                loss=float(self.losses[: self.position] @ rows / rows.sum()),
                learning_rate=float(self.rates[self.position - 1]),
                seconds=time.perf_counter() - self.started,
                samples_per_second=float(trained / seconds),
            )
        )

    def _end_epoch(self, epoch: Epoch) -> None:
        self.record.history.append(epoch)
        loss = epoch.validation_loss
        if loss is not None and self.watch.observe(epoch.epoch, loss) and self.options.restore_best:
            self.best = {h.tensor: self.state[h.tensor].copy() for h in self.held.values()}
        self.options.schedule.observe(epoch.training_loss if loss is None else loss)
        self.epoch += 1
        self.position = 0
        if self.checkpoint:
            self._save()
        if self.options.on_epoch is not None:
            self._hand_over()
            if self.options.on_epoch(epoch) is False:
                self.record.stopped = "on_epoch"

    # -- validation --------------------------------------------------------------------------------

    def _validate(self) -> dict[str, Any]:
        names = ("validation_loss", "validation_accuracy", "validation_r2", "validation_mae")
        measures: dict[str, float | None] = dict.fromkeys(names)
        held_out = self._validation_parts()
        if not held_out:
            return measures
        sums = self._validation_sums()
        rows = sums["weight"]
        measures["validation_loss"] = float(sums["loss"] @ rows / max(rows.sum(), 1e-300))
        if "correct" in sums:
            hits = float(sums["correct"].sum())
            measures["validation_accuracy"] = hits / self._decisions(held_out)
        if "squared" in sums and len({part.target.shape[1:] for part in held_out}) == 1:
            target = np.concatenate([part.target for part in held_out])
            spread = float(np.square(target - target.mean(0), dtype=np.float64).sum())
            measures["validation_mae"] = float(sums["absolute"].sum()) / target.size
            if spread > 0:
                measures["validation_r2"] = 1 - float(sums["squared"].sum()) / spread
        return measures

    def _validation_sums(self) -> dict[str, np.ndarray]:
        """The evaluation program's outputs for each step of rows, float64, and its weight."""
        assert self.validation_feeds is not None
        return evaluation_sums(self.plan, self.state, self.validation_feeds)

    # -- when the loss is no number ----------------------------------------------------------------

    def _diverged(self, feeds: Feeds) -> None:
        """Put back the last finite weights and raise `TrainingDiverged`."""
        chunk = self.losses[self.snapshot.position : self.position]
        bad = np.flatnonzero(~np.isfinite(chunk))
        step = self.snapshot.position + (int(bad[0]) if len(bad) else len(chunk))
        back = 0
        # The loss of a step shows what the step before did to the weights.
        while True:
            until = max(step - back, self.snapshot.position)
            self.snapshot.restore(self.state)
            if until > self.snapshot.position:
                count = until - self.snapshot.position
                self._run(feeds, self.snapshot.position, count, None)
            if until == self.snapshot.position or weights_are_finite(self.state, self.held):
                break
            back = 1 if back == 0 else back * 2
        while until < self.steps and until < step:
            # After a long stride back, go forward to the last step that leaves finite weights.
            before = {v: self.state[v].copy() for v in self.plan.train.program.updates}
            self._run(feeds, until, 1, None)
            if not weights_are_finite(self.state, self.held):
                self.state.update(before)
                break
            until += 1
        raise self._diagnosis(feeds, until)

    def _diagnosis(self, feeds: Any, step: int) -> TrainingDiverged:
        """What went wrong in a step that the state stands before."""
        return diagnose(self.plan, self.state, feeds, step, self.epoch, self.record, self.rates)

    # -- checkpoints -------------------------------------------------------------------------------

    def _save(self) -> None:
        assert self.checkpoint is not None
        self.checkpoint.write(
            state=self._named_state(),
            best=None if self.best is None else self._named_best(self.best),
            progress={
                "epoch": self.epoch,
                "position": self.position,
                "early_stopping": self.watch.state(),
                "schedule": self.options.schedule.state(),
                "history": self.record.history.as_dicts(),
            },
            measured={"losses": self.losses, "correct": self.correct},
        )
        self.saved_at = time.perf_counter()

    def _named_best(self, best: dict[Tensor, np.ndarray]) -> dict[str, np.ndarray]:
        return {name: best[held.tensor] for name, held in self.held.items()}

    def _named_state(self) -> dict[str, np.ndarray]:
        return {name: self.state[variable] for name, variable in self._variables().items()}

    def _variables(self) -> dict[str, Tensor]:
        names = {name: held.tensor for name, held in self.held.items()}
        for i, variable in enumerate(self.plan.initial):
            names[f"optimizer.{i}.{variable.primitive.label}"] = variable  # type: ignore[attr-defined]
        return names | {"seed": SEED, "step": STEP}

    def _restore(self, kept: Any) -> None:
        for name, variable in self._variables().items():
            self.state[variable] = kept.state[name]
        if kept.best is not None:
            self.best = {held.tensor: kept.best[name] for name, held in self.held.items()}
        self.epoch, self.position = kept.epoch, kept.position
        self.watch.restore(kept.early_stopping)
        self.options.schedule.restore(kept.schedule)
        self.record.history = kept.history
        self.losses[:] = kept.losses
        self.correct[:] = kept.correct


def evaluation_sums(plan: Plan, state: State, feeds: Feeds) -> dict[str, np.ndarray]:
    """The outputs of a plan's evaluation program, float64 (steps,); `weight` is there always."""
    sums = plan.evaluate.run(state, feeds)
    rows = np.diff(feeds.boundaries)
    return {name: values.astype(np.float64) for name, values in ({"weight": rows} | sums).items()}
