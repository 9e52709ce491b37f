"""`layerwise train reviews.csv --target label --text body`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..confusion import confusion_lines, count_confusions, worst_confusions
from ..errors import INTERRUPTED
from ..findings import show_findings
from ..outcome import classes_in_words, what_is_kept
from ..plain_json import print_json
from ..screen import Screen
from .options import Options, options_of
from .progress import Follow
from .report import write_text_report
from .rows import Rows, divided, read_rows


def train_text(data: str, given: Mapping[str, Any]) -> int:
    """Do the command; gives the exit code."""
    return _run(options_of(data, given))


def _run(options: Options) -> int:
    from ...estimators.text_classifier import TextClassifier

    began = time.monotonic()
    rows = read_rows(options.data, options.text, options.target)
    learn, test = divided(rows, options.test_size, options.seed)
    classifier = TextClassifier(**options.classifier)
    ended = False
    with Screen(quiet=options.quiet or options.json) as screen:
        _describe(screen, rows, learn, test)
        follow = Follow(screen, classifier, len(learn))
        follow.begin()
        classifier.callbacks = follow
        try:
            classifier.fit(
                [rows.texts[i] for i in learn], rows.labels[learn], progress=follow.steps
            )
        finally:
            follow.end()
        classifier.callbacks = None
        ended = classifier._fit.ended
        screen.line()
        for name, text in _found(classifier):
            screen.field(name, text)
    classes = [str(name) for name in classifier.classes_]
    counts = accuracy = diagnosis = None
    try:
        if len(test):
            predicted = classifier.predict([rows.texts[i] for i in test])
            truth = rows.labels[test]
            known = np.isin(truth, classifier.classes_)
            codes = [np.searchsorted(classifier.classes_, x[known]) for x in (truth, predicted)]
            counts = count_confusions(codes[0], codes[1], len(classes))
            accuracy = float((truth == predicted).mean())
        diagnosis = classifier.doctor() if options.doctor else None
    except KeyboardInterrupt:  # the training is done, and is saved in any case
        ended = True
    model = classifier.to_model()
    if accuracy is not None:
        model.summary["test"] = {"rows": len(test), "accuracy": accuracy}
    model.summary["data"]["source"] = options.data
    model.summary |= {"text_column": options.text, "target_column": options.target}
    # That of the networks is drawn from it; this one gives the same model again.
    model.summary["seed"] = options.seed
    model.summary["division"] = {"test_size": options.test_size, "seed": options.seed}
    model.save(options.out)
    if options.report is not None:
        write_text_report(options.report, model, rows, learn, test, options.data, diagnosis)
    if options.json:
        facts = {
            "test_accuracy": accuracy,
            "test_rows": len(test),
            "training_rows": len(learn),
            "classes": classes,
            "epochs": [len(history) for history in classifier.history_],
            "best_epoch": classifier.best_epoch_,
            "validation_accuracy": classifier.validation_accuracy_,
            "validation_loss": classifier.validation_loss_,
            "features": classifier.n_features_,
            "parameters": classifier.n_parameters_,
            "notes": [*rows.notes, *classifier.notes_],
            "confusion": None if counts is None else counts.tolist(),
            "model": str(options.out),
            "seed": options.seed,
            "stopped": "interrupted" if ended else "epochs",
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
            screen.field("confused", ", ".join(worst) or "none: every test text was right")
        screen.line()
    if diagnosis is not None:
        with Screen() as loud:
            show_findings(loud, diagnosis, alarms_only=options.quiet)
    with Screen() as screen:
        if options.report is not None:
            screen.say(f"report written to {options.report}")
        if ended:
            screen.say(_what_is_kept(classifier._fit), "yellow")
        if accuracy is not None:
            screen.say(
                f"test accuracy {accuracy:.1%} on {len(test):,} texts never used before",
                "bold green",
            )
        screen.say(f"model saved in {options.out}")
    return INTERRUPTED if ended else 0


def _describe(screen: Screen, rows: Rows, learn: np.ndarray, test: np.ndarray) -> None:
    screen.field("data", f"{len(rows.texts):,} texts of {classes_in_words(rows.labels)}")
    kept = "none to test"
    if len(test):
        kept = f"{len(test):,} to test; each part has the classes in the same proportions"
    screen.field("rows", f"{len(learn):,} to learn from, of which a part validates; {kept}")
    for note in rows.notes:
        screen.field("note", note)


def _found(classifier: Any) -> list[tuple[str, str]]:
    kinds = classifier.texts_.kinds
    parts = ["words"] if kinds.words else []
    if kinds.words > 1:
        parts.append("neighbouring words")
    if kinds.characters is not None:
        parts.append(f"{kinds.characters[0]} to {kinds.characters[1]} characters of words")
    return [
        ("features", f"{classifier.n_features_:,}: {', '.join(parts)}"),
        ("parameters", f"{classifier.n_parameters_:,}"),
        ("epochs", f"{classifier.best_epoch_} were best on rows held out"),
        *(("note", note) for note in classifier.notes_),
    ]


def _what_is_kept(fitted: Any) -> str:
    """What Ctrl-C left of a `layerwise.text.FittedText`."""
    kept = fitted.runs[fitted.kept]
    if not fitted.ended or kept.stopped == "interrupted":
        return what_is_kept(kept)
    return (
        f"stopped in training {len(fitted.runs)}: the first one's weights are kept, those of epoch "
        f"{kept.best_epoch}"
    )
