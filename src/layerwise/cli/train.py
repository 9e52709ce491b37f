"""`layerwise train`: split, normalise, train, test, save; and say what was chosen and why."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import backends, data
from ..errors import TrainingDiverged
from ..model import Model
from ..training import Run, train
from .checking import Checked, fixing_of, look, look_diverged, show_checked
from .confusion import confusion_lines, count_confusions, worst_confusions
from .errors import INTERRUPTED, model_is_saved
from .fixing import Fixing
from .outcome import what_is_kept
from .plain_json import print_json
from .progress import Progress
from .rate import find_rate, show_rate, with_rate
from .recipe import Options, Recipe, prepare
from .report import write_digits_report
from .screen import Screen


@dataclass(frozen=True)
class Outcome:
    """What came out on the test rows.

    Attributes
    ----------
    confusions : rows by true and by predicted class.
    """

    confusions: np.ndarray

    @property
    def rows(self) -> int:
        """Number of test rows."""
        return int(self.confusions.sum())

    @property
    def accuracy(self) -> float:
        """Fraction of them whose class was right."""
        return float(np.trace(self.confusions) / self.rows)

    @property
    def text(self) -> str:
        """The same in words."""
        return f"accuracy {self.accuracy:.1%}"


def run_train(options: Options) -> int:
    """Do the command; gives the exit code."""
    began = time.monotonic()
    classes = data.digits.CLASSES
    recipe = prepare(options, inputs=data.digits.PIXELS, outputs=len(classes))
    images, labels = data.load_digits()
    parts = data.split_rows(labels, options.seed)
    normalise = data.scale_pixels(data.digits.PIXELS, data.digits.BRIGHTEST)
    net = recipe.build(options.seed)

    def model_of(run: Run) -> Model:
        return Model(run.net, run=run, classes=classes, preprocess=normalise)

    def tested(run: Run) -> Outcome:
        return _test(model_of(run), images[parts.test], labels[parts.test])

    with backends.using(recipe.backend):
        with Screen(quiet=options.quiet or options.json) as screen:
            test = None
            if recipe.rate_picture is not None:
                rows = parts.training
                test = find_rate(options, recipe, net, normalise(images[rows]), labels[rows])
                test.draw(recipe.rate_picture)
                recipe = with_rate(recipe, test.suggestion)
            choices = _choices(options, recipe, parts, normalise.reason, net.parameter_count)
            for name, text in choices:
                screen.field(name, text)
            if test is not None and recipe.rate_picture is not None:
                show_rate(screen, test, recipe.rate_picture)
            try:
                run = _train(options, recipe, net, normalise(images), labels, parts, screen)
            except TrainingDiverged as error:
                checked = look_diverged(options, error, screen)
            else:
                checked = look(options, run, screen)
        run = checked.run
        outcome, fixing = tested(run), None
        if checked.fixed is not None:
            fixing = fixing_of(checked.fixed, outcome.text, tested(checked.fixed.before).text)
        model = model_of(run)
        model.summary["test"] = {"rows": outcome.rows, "accuracy": outcome.accuracy}
        model.summary["data"]["source"] = options.data
        if fixing is not None:
            model.summary["fix"] = fixing.as_dict()
        model.save(options.out)
        if options.report is not None:
            with model_is_saved(options.out):
                write_digits_report(
                    options.report, model, images, labels, parts, run, checked.diagnosis
                )

    if options.json:
        facts = _facts(options, run, outcome, run.net.parameter_count, parts)
        facts["learning_rate"] = run.config["learning_rate"]
        if checked.diagnosis is not None:
            facts["doctor"] = checked.diagnosis.as_dicts()
        if fixing is not None:
            facts["fix"] = fixing.as_dict()
        print_json(facts | {"seconds": round(time.monotonic() - began, 3)})
    else:
        _show_outcome(options, checked, fixing, outcome, classes)
    return INTERRUPTED if checked.interrupted else 0


def _train(
    options: Options,
    recipe: Recipe,
    net: Any,
    inputs: np.ndarray,
    labels: np.ndarray,
    parts: data.Split,
    screen: Screen,
) -> Run:
    progress = Progress(screen, options.epochs)
    progress.begin()
    run = train(
        net,
        (inputs[parts.training], labels[parts.training]),
        validation=(inputs[parts.validation], labels[parts.validation]),
        loss="cross_entropy",
        label_smoothing=options.label_smoothing,
        optimizer=recipe.optimizer,
        schedule=recipe.schedule,
        epochs=options.epochs,
        batch_size=options.batch_size,
        early_stopping=options.patience,
        seed=options.seed,
        threads=options.threads,
        backend=recipe.backend,
        checkpoint=options.checkpoint,
        resume=options.resume,
        on_epoch=progress.epoch_ended,
        progress=progress.steps_done,
        probes=options.probes,
    )
    progress.end()
    return run


def _test(model: Model, images: np.ndarray, labels: np.ndarray) -> Outcome:
    """Use the test rows, raw as a user would give them, this once."""
    predicted = model.predict_probabilities(images).argmax(1)
    return Outcome(count_confusions(labels, predicted, len(model.classes or ())))


def _facts(
    options: Options, run: Run, outcome: Outcome, parameters: int, parts: data.Split
) -> dict[str, Any]:
    """The outcome for programs."""
    best = run.history[run.best_epoch - 1] if run.best_epoch else None
    return {
        "test_accuracy": outcome.accuracy,
        "test_rows": outcome.rows,
        "validation_accuracy": best and best.validation_accuracy,
        "validation_loss": best and best.validation_loss,
        "validation_rows": len(parts.validation),
        "training_rows": len(parts.training),
        "model": str(options.out),
        "seed": options.seed,
        "epochs": len(run.history),
        "best_epoch": run.best_epoch,
        "stopped": run.stopped,
        "parameters": parameters,
        "confusion": outcome.confusions.tolist(),
        "training_seconds": round(run.seconds, 3),
    }


def _show_outcome(
    options: Options,
    checked: Checked,
    fixing: Fixing | None,
    outcome: Outcome,
    classes: Sequence[str],
) -> None:
    run = checked.run
    with Screen(quiet=options.quiet) as screen:
        screen.line()
        for line in confusion_lines(outcome.confusions, classes):
            screen.line(line)
        worst = worst_confusions(outcome.confusions, classes)
        screen.field("confused", ", ".join(worst) or "none: every test row was right")
        screen.line()
    show_checked(options, checked, fixing)
    with Screen() as screen:
        if options.report is not None:
            screen.say(f"report written to {options.report}")
        # Of a --fix that was stopped, more is said above.
        if run.stopped == "interrupted" or (checked.interrupted and checked.fixed is None):
            screen.say(what_is_kept(run), "yellow")
        elif run.stopped == "early stopping":
            screen.say(f"stopped early: no better epoch since epoch {run.best_epoch}")
        screen.say(
            f"test {outcome.text} on {outcome.rows} rows never used before",
            "bold green",
        )
        screen.say(f"model saved in {options.out}")


def _choices(
    options: Options, recipe: Recipe, parts: data.Split, scale: str, parameters: int
) -> list[tuple[str, str]]:
    """What was chosen and why, line by line."""
    training, validation, test = map(len, parts)
    steps = -(-training // options.batch_size)
    classes = recipe.sizes[-1]
    smoothing = f"; label smoothing {options.label_smoothing:g}" if options.label_smoothing else ""
    return [
        ("data", "digits: 1,797 handwritten digits, 8x8 pixels each, 10 classes"),
        (
            "rows",
            f"{training:,} to train, {validation} to validate, {test} to test; each part has the "
            "classes in the same proportions",
        ),
        ("input", f"{recipe.sizes[0]} {scale}"),
        ("network", recipe.describe()),
        ("parameters", f"{parameters:,}"),
        ("loss", f"softmax + cross-entropy, because the target has {classes} classes{smoothing}"),
        (
            "optimiser",
            f"{type(recipe.optimizer).__name__}, learning rate {recipe.optimizer.learning_rate:g}, "
            f"schedule {recipe.schedule}; {options.epochs} epochs of {steps} steps of "
            f"{options.batch_size} rows",
        ),
    ]
