"""`layerwise train reviews.csv --target label --text body`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from ... import backends
from ..classified import conclude, look, save
from ..errors import model_is_saved
from ..outcome import classes_in_words, what_is_kept
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
        screen.line()
        for name, text in _found(classifier):
            screen.field(name, text)
    test_rows = ([rows.texts[i] for i in test], rows.labels[test]) if len(test) else None
    with backends.using(options.backend):
        outcome = look(classifier, test_rows, options.doctor, classifier._fit.ended)
        model = classifier.to_model()
        columns = {"text_column": options.text, "target_column": options.target}
        save(model, options, outcome, options.data, **columns)
        if options.report is not None:
            with model_is_saved(options.out):
                write_text_report(
                    options.report, model, rows, learn, test, options.data, outcome.diagnosis
                )
    facts = {
        "training_rows": len(learn),
        "epochs": [len(history) for history in classifier.history_],
        "best_epoch": classifier.best_epoch_,
        "validation_accuracy": classifier.validation_accuracy_,
        "validation_loss": classifier.validation_loss_,
        "features": classifier.n_features_,
        "parameters": classifier.n_parameters_,
        "notes": [*rows.notes, *classifier.notes_],
        "stopped": "interrupted" if outcome.ended else "epochs",
        "seconds": round(time.monotonic() - began, 3),
    }
    return conclude(options, outcome, facts, "text", _what_is_kept(classifier._fit))


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
