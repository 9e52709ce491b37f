"""`layerwise train FOLDER`: pictures read, a network trained, tested and saved."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import backends
from ..data.held_out import hold_out
from ..data.pictures import LabelledPictures, is_idx, read_pictures
from ..errors import DataError
from ..pictures import ARCHITECTURES
from .asked import check_asked
from .choices import choose
from .classified import Asked, asked_of, conclude, look, save
from .errors import model_is_saved
from .outcome import classes_in_words, what_is_kept
from .pictures_report import write_pictures_report
from .progress import Progress
from .screen import Screen

TASK = "pictures"

PLAIN = ("epochs", "batch_size", "optimizer", "schedule", "weight_decay", "dropout",
         "label_smoothing", "early_stopping", "class_weight")  # fmt: skip
"""Options that go to `ImageClassifier` under their own names."""

KNOWN = {
    *PLAIN, "task", "architecture", "lr", "test_size", "seed", "threads", "backend", "doctor",
    "probes", "out", "report", "quiet", "json",
}  # fmt: skip


@dataclass(frozen=True)
class Options(Asked):
    """What was asked for, checked.

    Attributes
    ----------
    data : folder, IDX files or .npz file; its own test part counts before `test_size`.
    """

    data: Path


def are_pictures(data: str) -> bool:
    """Whether a path can only be that of pictures: a folder, an IDX file or an .npz file."""
    path = Path(data)
    return path.is_dir() or path.suffix.lower() == ".npz" or is_idx(path)


def train_pictures(data: str, given: Mapping[str, Any]) -> int:
    """Do the command; gives the exit code.

    Parameters
    ----------
    data : path of the pictures.
    given : the options that were said, by key.
    """
    return _run(_options(data, given))


def _options(data: str, given: Mapping[str, Any]) -> Options:
    check_asked(given, KNOWN, "pictures")
    architecture = choose("--architecture", given.get("architecture", "convolution"), ARCHITECTURES)
    path = Path(data)
    asked = asked_of(given, PLAIN, path.resolve().name.split(".")[0], test_size=0.2)
    asked["classifier"]["architecture"] = architecture
    return Options(data=path, **asked)


def _run(options: Options) -> int:
    from ..estimators import ImageClassifier
    from ..estimators.picture_options import recipe_of

    began = time.monotonic()
    found = read_pictures(options.data)
    learn, test, where = divided(found, options.test_size, options.seed)
    classifier = ImageClassifier(**options.classifier)
    # Of the pictures that learn, a tenth chooses the best epoch.
    epochs = recipe_of(classifier).epochs_for(round(len(learn[1]) * 0.9))
    with backends.using(options.backend):
        with Screen(quiet=options.quiet or options.json) as screen:
            _describe(screen, found, learn, test, where)
            progress = Progress(screen, epochs)
            classifier.callbacks = lambda _, epoch: progress.epoch_ended(epoch)
            progress.begin()
            classifier.fit(*learn, progress=progress.steps_done)
            progress.end()
            screen.line()
            screen.field("pictures", classifier.kind_.text)
            screen.field("parameters", f"{classifier.n_parameters_:,}")
            for note in classifier.notes_:
                screen.field("note", note)
        run = classifier.run_
        assert run is not None
        outcome = look(classifier, test, options.doctor, run.stopped == "interrupted")
        model, source = classifier.to_model(), str(options.data)
        save(model, options, outcome, source)
        if options.report is not None:
            with model_is_saved(options.out):
                write_pictures_report(options.report, model, test, learn, source, outcome.diagnosis)
    facts = {
        "training_rows": len(learn[1]),
        "architecture": options.classifier["architecture"],
        "epochs": len(run.history),
        "best_epoch": classifier.best_epoch_,
        "stopped": run.stopped,
        "parameters": classifier.n_parameters_,
        "notes": [*found.notes, *classifier.notes_],
        "training_seconds": round(run.seconds, 3),
        "seconds": round(time.monotonic() - began, 3),
    }
    return conclude(options, outcome, facts, "picture", what_is_kept(run))


def divided(
    found: LabelledPictures, test_size: float, seed: int
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray] | None, str]:
    """Pictures to learn from, pictures for the test, and where these come from."""
    labels = found.named_labels
    if found.test_pictures is not None and found.test_labels is not None:
        names = found.test_labels
        test = names if found.classes is None else np.array(found.classes)[names]
        return (found.pictures, labels), (found.test_pictures, test), "the data's own test part"
    if not test_size:
        return (found.pictures, labels), None, ""
    codes = np.unique(labels, return_inverse=True)[1].reshape(-1)
    if len(labels) < 10:
        raise DataError(
            f"expected at least 10 pictures, so that some can be kept for the test, got "
            f"{len(labels)}; or say --test-size 0"
        )
    held, _ = hold_out(len(labels), test_size, seed, classes=codes)
    return (
        (found.pictures[held.rest], labels[held.rest]),
        (found.pictures[held.test], labels[held.test]),
        "kept apart; each part has the classes in the same proportions",
    )


def _describe(screen: Screen, found: LabelledPictures, learn: Any, test: Any, where: str) -> None:
    classes = classes_in_words(found.named_labels)
    screen.field("data", f"{len(found.labels):,} pictures of {classes}")
    kept = f"{len(test[1]):,} to test ({where})" if test is not None else "none to test"
    screen.field("rows", f"{len(learn[1]):,} to learn from, of which a tenth validates; {kept}")
    for note in found.notes:
        screen.field("note", note)
