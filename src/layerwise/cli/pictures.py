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
from .asked import check_asked, files_written
from .choices import choose
from .confusion import confusion_lines, count_confusions, worst_confusions
from .errors import INTERRUPTED
from .findings import show_findings
from .outcome import classes_in_words, what_is_kept
from .pictures_report import write_pictures_report
from .plain_json import print_json
from .progress import Progress
from .screen import Screen

TASK = "pictures"

PLAIN = ("epochs", "batch_size", "optimizer", "weight_decay", "dropout", "label_smoothing")
"""Options that go to `ImageClassifier` under their own names; "auto" when unsaid."""

KNOWN = {
    *PLAIN, "task", "architecture", "lr", "schedule", "early_stopping", "class_weight", "test_size",
    "seed", "threads", "backend", "doctor", "probes", "out", "report", "quiet", "json",
}  # fmt: skip


@dataclass(frozen=True)
class Options:
    """What was asked for, checked.

    Attributes
    ----------
    data : folder, IDX files or .npz file.
    classifier : parameters of `ImageClassifier`.
    test_size : part of the pictures kept for the test, where the data has no test part of its own.
    """

    data: Path
    classifier: dict[str, Any]
    test_size: float
    seed: int
    backend: str
    doctor: bool
    out: Path
    report: Path | None
    quiet: bool
    json: bool


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
    seed = int(given.get("seed") or 0)
    share = given.get("test_size")
    path = Path(data)
    out, report = files_written(given, path.resolve().name.split(".")[0])
    classifier = {key: given[key] for key in PLAIN if given.get(key) is not None} | {
        "architecture": architecture,
        "random_state": seed,
        "n_jobs": given.get("threads"),
        "probes": given.get("probes") is not False,
        "class_weight": given.get("class_weight"),
    }
    for key, name in (("lr", "learning_rate"), ("schedule", "schedule"),
                      ("early_stopping", "early_stopping")):  # fmt: skip
        if given.get(key) is not None:
            classifier[name] = given[key]
    return Options(
        data=path,
        classifier=classifier,
        test_size=0.2 if share is None else float(share),
        seed=seed,
        backend=choose("--backend", given.get("backend") or "native", backends.NAMES),
        doctor=given.get("doctor") is not False,
        out=out,
        report=report,
        quiet=bool(given.get("quiet")),
        json=bool(given.get("json")),
    )


def _run(options: Options) -> int:
    from ..estimators import ImageClassifier

    began = time.monotonic()
    found = read_pictures(options.data)
    learn, test, where = divided(found, options.test_size, options.seed)
    classifier = ImageClassifier(**options.classifier, backend=options.backend)
    recipe = classifier._recipe()
    with backends.using(options.backend):
        with Screen(quiet=options.quiet or options.json) as screen:
            _describe(screen, found, learn, test, where)
            # Of the pictures that learn, a tenth chooses the best epoch.
            epochs = recipe.epochs_for(round(len(learn[1]) * 0.9))
            progress = Progress(screen, epochs)
            classifier.on_epoch = progress.epoch_ended
            progress.begin()
            classifier.fit(*learn, progress=progress.steps_done)
            progress.end()
            screen.line()
            screen.field("pictures", classifier.kind_.text)
            screen.field("parameters", f"{classifier.n_parameters_:,}")
            for note in classifier.notes_:
                screen.field("note", note)
        classes = [str(name) for name in classifier.classes_]
        counts = accuracy = diagnosis = None
        run = classifier.run_
        assert run is not None
        ended = run.stopped == "interrupted"
        try:
            if test is not None:
                known = np.isin(test[1], classifier.classes_)
                ready, _ = classifier.kind_.take(test[0][known])
                predicted = classifier.predict(ready)
                truth = test[1][known]
                codes = [np.searchsorted(classifier.classes_, x) for x in (truth, predicted)]
                counts = count_confusions(codes[0], codes[1], len(classes))
                accuracy = float(np.trace(counts) / max(len(test[1]), 1))
            diagnosis = classifier.doctor() if options.doctor else None
        except KeyboardInterrupt:  # the training is done, and is saved in any case
            ended = True
        model = classifier.to_model()
        if accuracy is not None and test is not None:
            model.summary["test"] = {"rows": len(test[1]), "accuracy": accuracy}
        model.summary["data"]["source"] = str(options.data)
        # That of the network is drawn from it; this one gives the same model again.
        model.summary["seed"] = options.seed
        model.summary["division"] = {"test_size": options.test_size, "seed": options.seed}
        model.save(options.out)
        if options.report is not None:
            write_pictures_report(options.report, model, test, learn, str(options.data), diagnosis)
    if options.json:
        facts = {
            "test_accuracy": accuracy,
            "test_rows": 0 if test is None else len(test[1]),
            "training_rows": len(learn[1]),
            "classes": classes,
            "architecture": options.classifier["architecture"],
            "epochs": len(run.history),
            "best_epoch": classifier.best_epoch_,
            "stopped": run.stopped,
            "parameters": classifier.n_parameters_,
            "notes": [*found.notes, *classifier.notes_],
            "confusion": None if counts is None else counts.tolist(),
            "model": str(options.out),
            "seed": options.seed,
            "training_seconds": round(run.seconds, 3),
            "seconds": round(time.monotonic() - began, 3),
        }
        if diagnosis is not None:
            facts["doctor"] = diagnosis.as_dicts()
        print_json(facts)
        return INTERRUPTED if ended else 0
    with Screen(quiet=options.quiet) as screen:
        if counts is not None:
            screen.line()
            for line in confusion_lines(counts, classes):
                screen.line(line)
            worst = worst_confusions(counts, classes)
            screen.field("confused", ", ".join(worst) or "none: every test picture was right")
        screen.line()
    if diagnosis is not None:
        with Screen() as loud:
            show_findings(loud, diagnosis, alarms_only=options.quiet)
    with Screen() as screen:
        if options.report is not None:
            screen.say(f"report written to {options.report}")
        if ended:
            screen.say(what_is_kept(run), "yellow")
        if accuracy is not None and test is not None:
            screen.say(
                f"test accuracy {accuracy:.1%} on {len(test[1]):,} pictures never used before",
                "bold green",
            )
        screen.say(f"model saved in {options.out}")
    return INTERRUPTED if ended else 0


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
