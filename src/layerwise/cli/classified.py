"""What is asked, said and written when a classifier of texts or of pictures is trained."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import backends
from ..model import Model
from .asked import files_written
from .choices import choose
from .confusion import confusion_lines, count_confusions, worst_confusions
from .errors import INTERRUPTED
from .findings import show_findings
from .plain_json import print_json
from .screen import Screen


@dataclass(frozen=True)
class Asked:
    """Options that both trainings have, checked.

    Attributes
    ----------
    classifier : parameters of the estimator.
    test_size : part of the rows that is kept for the test.
    """

    classifier: dict[str, Any]
    test_size: float
    seed: int
    backend: str
    doctor: bool
    out: Path
    report: Path | None
    quiet: bool
    json: bool


def asked_of(
    given: Mapping[str, Any], plain: Collection[str], name: str, test_size: float
) -> dict[str, Any]:
    """The options of `Asked`, by name.

    Parameters
    ----------
    given : the options that were said, by key, and known to make sense.
    plain : keys of those that go to the estimator under their own names.
    name : of the model's file without its suffix, if --out is unsaid.
    test_size : if it is unsaid.
    """
    seed, share, rate = int(given.get("seed") or 0), given.get("test_size"), given.get("lr")
    out, report = files_written(given, name)
    backend = choose("--backend", given.get("backend") or "native", backends.NAMES)
    classifier = {key: given[key] for key in plain if given.get(key) is not None} | {
        "random_state": seed,
        "n_jobs": given.get("threads"),
        "backend": backend,
        "probes": given.get("probes") is not False,
    }
    if rate is not None:
        classifier["learning_rate"] = rate
    return {
        "classifier": classifier,
        "test_size": test_size if share is None else float(share),
        "seed": seed,
        "backend": backend,
        "doctor": given.get("doctor") is not False,
        "out": out,
        "report": report,
        "quiet": bool(given.get("quiet")),
        "json": bool(given.get("json")),
    }


@dataclass
class Outcome:
    """What a trained classifier came to.

    Attributes
    ----------
    classes : their names.
    rows : that are kept for the test; 0 without one.
    accuracy : on them; None where there was no test, or Ctrl-C ended it.
    confusions : int (classes, classes), see `count_confusions`; None likewise. Test rows of classes
        that training did not see are wrong, and in no cell.
    diagnosis : `layerwise.doctor.Diagnosis`, if it was asked for.
    ended : whether Ctrl-C ended the training, or what came after it.
    """

    classes: list[str]
    rows: int
    accuracy: float | None = None
    confusions: np.ndarray | None = None
    diagnosis: Any = None
    ended: bool = False


def look(
    classifier: Any, test: tuple[Any, np.ndarray] | None, doctor: bool, ended: bool
) -> Outcome:
    """Test a fitted classifier on rows that it has never seen, this once, and ask the doctor.

    Parameters
    ----------
    test : rows and their labels, if there are any.
    ended : whether Ctrl-C ended the training.
    """
    classes = classifier.classes_
    rows = 0 if test is None else len(test[1])
    found = Outcome([str(name) for name in classes], rows, ended=ended)
    try:
        if test is not None:
            truth = test[1]
            with warnings.catch_warnings():
                # What becomes of rows of another form was said of those that it learned from.
                warnings.simplefilter("ignore", UserWarning)
                predicted = classifier.predict(test[0])
            known = np.isin(truth, classes)
            codes = [np.searchsorted(classes, labels[known]) for labels in (truth, predicted)]
            found.confusions = count_confusions(codes[0], codes[1], len(classes))
            found.accuracy = float((truth == predicted).mean())
        if doctor:
            found.diagnosis = classifier.doctor()
    except KeyboardInterrupt:  # the training is done, and is saved in any case
        found.ended = True
    return found


def save(model: Model, asked: Asked, outcome: Outcome, source: str, **more: Any) -> None:
    """Write the model, with what `layerwise report` needs to find its test rows again.

    Parameters
    ----------
    source : of the rows.
    more : for the model's summary.
    """
    if outcome.accuracy is not None:
        model.summary["test"] = {"rows": outcome.rows, "accuracy": outcome.accuracy}
    model.summary["data"]["source"] = source
    # That of the network is drawn from it; this one gives the same model again.
    model.summary["seed"] = asked.seed
    model.summary["division"] = {"test_size": asked.test_size, "seed": asked.seed}
    model.summary |= more
    model.save(asked.out)


def conclude(asked: Asked, outcome: Outcome, facts: Mapping[str, Any], row: str, kept: str) -> int:
    """Say what came of it, to people or to a program; gives the exit code.

    Parameters
    ----------
    facts : what only one of the two trainings knows, for programs.
    row : what a row is called: "text" or "picture".
    kept : what Ctrl-C left, in words.
    """
    if asked.json:
        shared = {
            "test_accuracy": outcome.accuracy,
            "test_rows": outcome.rows,
            "classes": outcome.classes,
            "confusion": None if outcome.confusions is None else outcome.confusions.tolist(),
            "model": str(asked.out),
            "seed": asked.seed,
        }
        found = outcome.diagnosis
        print_json(shared | dict(facts) | ({} if found is None else {"doctor": found.as_dicts()}))
    else:
        _show(asked, outcome, row, kept)
    return INTERRUPTED if outcome.ended else 0


def _show(asked: Asked, outcome: Outcome, row: str, kept: str) -> None:
    with Screen(quiet=asked.quiet) as screen:
        if outcome.confusions is not None:
            screen.line()
            for line in confusion_lines(outcome.confusions, outcome.classes):
                screen.line(line)
            worst = worst_confusions(outcome.confusions, outcome.classes)
            screen.field("confused", ", ".join(worst) or f"none: every test {row} was right")
        screen.line()
    with Screen() as screen:
        if outcome.diagnosis is not None:
            show_findings(screen, outcome.diagnosis, alarms_only=asked.quiet)
        if asked.report is not None:
            screen.say(f"report written to {asked.report}")
        if outcome.ended:
            screen.say(kept, "yellow")
        if outcome.accuracy is not None:
            screen.say(
                f"test accuracy {outcome.accuracy:.1%} on {outcome.rows:,} {row}s never used "
                "before",
                "bold green",
            )
        screen.say(f"model saved in {asked.out}")


__all__ = ["Asked", "Outcome", "asked_of", "conclude", "look", "save"]
