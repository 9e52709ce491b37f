"""`layerwise train reviews.csv --target label --text body`, and other commands for texts."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import backends
from ..data.held_out import hold_out
from ..data.tables import Table, read_table
from ..errors import DataError, OptionError
from ..model import Model
from .choices import between, choose
from .confusion import confusion_lines, count_confusions, worst_confusions
from .errors import INTERRUPTED
from .files import check_report, check_writable, report_path
from .findings import show_findings
from .progress import Progress
from .screen import Screen

PLAIN = ("epochs", "batch_size", "optimizer", "schedule", "dropout", "label_smoothing",
         "early_stopping", "class_weight")  # fmt: skip
"""Options that go to `TextClassifier` under their own names."""

KNOWN = {
    *PLAIN, "text", "target", "vectors", "train_vectors", "hidden", "lr", "test_size", "seed",
    "threads", "backend", "doctor", "probes", "out", "report", "quiet", "json",
}  # fmt: skip

MOST_CLASSES = 1000


@dataclass(frozen=True)
class Options:
    """What was asked for, checked.

    Attributes
    ----------
    data : a table.
    text, target : its columns.
    classifier : parameters of `TextClassifier`.
    """

    data: str
    text: str
    target: str
    classifier: dict[str, Any]
    test_size: float
    seed: int
    doctor: bool
    out: Path
    report: Path | None
    quiet: bool
    json: bool


@dataclass(frozen=True)
class Rows:
    """Texts with labels.

    Attributes
    ----------
    texts, labels : of the rows that have a label.
    notes : what people should know, a sentence each.
    """

    texts: list[str]
    labels: np.ndarray
    notes: list[str]


def train_text(data: str, given: Mapping[str, Any]) -> int:
    """Do the command; gives the exit code."""
    return _run(_options(data, given))


def _options(data: str, given: Mapping[str, Any]) -> Options:
    for key, value in given.items():
        if key not in KNOWN and value not in (None, False):
            raise OptionError(f"--{key.replace('_', '-')} is not for texts; leave it out")
    target = given.get("target")
    if target is None:
        raise OptionError("--text needs --target, the column with the classes")
    if given.get("lr") == "find":
        raise OptionError("--lr find is not for texts; give a number, or leave it out")
    share = given.get("test_size")
    if share is not None:
        between("--test-size", share, 0, 1, open_high=True)
    seed = int(given.get("seed") or 0)
    out = Path(given.get("out") or ("texts" if data == "-" else Path(data).name.split(".")[0]) +
               ".safetensors")  # fmt: skip
    check_writable(out)
    report = report_path(given.get("report"), out)
    if report is not None:
        check_report(report)
    classifier = {key: given[key] for key in PLAIN if given.get(key) is not None} | {
        "random_state": seed,
        "n_jobs": given.get("threads"),
        "backend": choose("--backend", given.get("backend") or "native", backends.NAMES),
        "probes": given.get("probes") is not False,
        "vectors": given.get("vectors"),
        "train_vectors": bool(given.get("train_vectors")),
    }
    if classifier["train_vectors"] and classifier["vectors"] is None:
        raise OptionError("--train-vectors needs --vectors, the file to begin from")
    if given.get("lr") is not None:
        classifier["learning_rate"] = given["lr"]
    if given.get("hidden") is not None:
        classifier["hidden_layer_sizes"] = _hidden(given["hidden"])
    return Options(
        data=data,
        text=str(given["text"]),
        target=str(target),
        classifier=classifier,
        test_size=0.25 if share is None else float(share),
        seed=seed,
        doctor=given.get("doctor") is not False,
        out=out,
        report=report,
        quiet=bool(given.get("quiet")),
        json=bool(given.get("json")),
    )


def _hidden(given: Any) -> tuple[int, ...]:
    if not isinstance(given, str):
        return tuple(given)
    if given.strip().lower() in ("none", ""):
        return ()
    try:
        return tuple(int(size) for size in given.split(","))
    except ValueError:
        raise OptionError(f"--hidden: expected sizes such as 64 or none, got '{given}'") from None


def read_rows(data: str, text: str, target: str) -> Rows:
    """Read texts and labels from a table.

    Raises
    ------
    DataError : the file cannot be read, a column is missing, or nothing is left.
    """
    if text == target:
        raise OptionError(f"--text and --target are the same column, '{text}'; name two")
    table = read_table(data, columns=[text, target], words={text, target})
    labels = table[target].words()
    labelled = np.array([label is not None and label.strip() != "" for label in labels])
    notes = []
    if not labelled.all():
        notes.append(f"{int((~labelled).sum()):,} rows without '{target}' are left out")
    if not labelled.any():
        raise DataError(f"no row of {table.source} has a '{target}'; is it the right column?")
    found = texts_of(table, text, notes)
    chosen = np.flatnonzero(labelled)
    names = np.array([labels[i] for i in chosen], object)
    count = len(set(names.tolist()))
    if count > MOST_CLASSES:
        raise DataError(
            f"'{target}' has {count:,} different values in {len(names):,} rows: expected classes, "
            f"at most {MOST_CLASSES:,}; did you mean another column?"
        )
    return Rows([found[i] for i in chosen], names, notes)


def texts_of(table: Table, name: str, notes: list[str]) -> list[str]:
    """The texts of a column; a cell with nothing in it is an empty text, which a note says."""
    column = table[name]
    if column.storage not in ("words",) and column.levels is None:
        raise DataError(
            f"'{name}' of {table.source} holds {column.storage}, expected texts; name their column "
            "with --text"
        )
    words = column.words()
    empty = sum(word is None for word in words)
    if empty:
        notes.append(f"{empty:,} rows have nothing in '{name}' and count as empty texts")
    return ["" if word is None else str(word) for word in words]


def _run(options: Options) -> int:
    from ..estimators.text_classifier import TextClassifier

    began = time.monotonic()
    rows = read_rows(options.data, options.text, options.target)
    learn, test = _divided(rows, options)
    classifier = TextClassifier(**options.classifier)
    ended = False
    with Screen(quiet=options.quiet or options.json) as screen:
        _describe(screen, rows, learn, test)
        follow = _Follow(screen, classifier, len(learn))
        classifier.callbacks = follow
        try:
            classifier.fit(
                [rows.texts[i] for i in learn], rows.labels[learn], progress=follow.steps
            )
        finally:
            follow.end()
        classifier.callbacks = None
        ended = any(run.stopped == "interrupted" for run in classifier._fit.runs)
        screen.line()
        for name, text in _found(classifier):
            screen.field(name, text)
    classes = [str(name) for name in classifier.classes_]
    counts = accuracy = None
    if len(test):
        predicted = classifier.predict([rows.texts[i] for i in test])
        truth = rows.labels[test]
        known = np.isin(truth, classifier.classes_)
        codes = [np.searchsorted(classifier.classes_, x[known]) for x in (truth, predicted)]
        counts = count_confusions(codes[0], codes[1], len(classes))
        accuracy = float((truth == predicted).mean())
    diagnosis = classifier.doctor() if options.doctor else None
    model = classifier.to_model()
    if accuracy is not None:
        model.summary["test"] = {"rows": len(test), "accuracy": accuracy}
    model.summary["data"]["source"] = options.data
    model.summary |= {"text_column": options.text, "target_column": options.target}
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
        print(json.dumps(facts))
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
            screen.say("stopped: the best weights so far are kept", "yellow")
        if accuracy is not None:
            screen.say(
                f"test accuracy {accuracy:.1%} on {len(test):,} texts never used before",
                "bold green",
            )
        screen.say(f"model saved in {options.out}")
    return INTERRUPTED if ended else 0


class _Follow:
    """Shows the trainings, one table of epochs after the other."""

    def __init__(self, screen: Screen, classifier: Any, rows: int) -> None:
        from ..estimators.text_options import recipe_of

        recipe = recipe_of(classifier).for_rows(rows)
        self.screen, self.epochs = screen, int(recipe.epochs or 1)
        self.training = -1
        self.shown: Progress | None = None
        self._next(0)

    def __call__(self, training: int, epoch: Any) -> None:
        self._next(training)
        assert self.shown is not None
        self.shown.epoch_ended(epoch)

    def steps(self, now: Any) -> None:
        """Within an epoch."""
        assert self.shown is not None
        self.shown.steps_done(now)

    def end(self) -> None:
        """No more epochs."""
        if self.shown is not None:
            self.shown.end()

    def _next(self, training: int) -> None:
        if training == self.training:
            return
        self.end()
        self.training = training
        self.shown = Progress(self.screen, self.epochs)
        self.shown.begin()


def _divided(rows: Rows, options: Options) -> tuple[np.ndarray, np.ndarray]:
    """Places of the rows to learn from and of those for the test."""
    count = len(rows.texts)
    if not options.test_size:
        return np.arange(count), np.zeros(0, np.int64)
    if count < 10:
        raise DataError(
            f"expected at least 10 rows, so that some can be kept for the test, got {count}; or "
            "say --test-size 0"
        )
    codes = np.unique(rows.labels.astype(str), return_inverse=True)[1].reshape(-1)
    held, _ = hold_out(count, options.test_size, options.seed, classes=codes)
    return held.rest, held.test


def _describe(screen: Screen, rows: Rows, learn: np.ndarray, test: np.ndarray) -> None:
    names, counts = np.unique(rows.labels.astype(str), return_counts=True)
    shown = ", ".join(f"{n} ({c:,})" for n, c in zip(names[:12], counts[:12], strict=True))
    more = ", ..." if len(names) > 12 else ""
    screen.field("data", f"{len(rows.texts):,} texts of {len(names)} classes: {shown}{more}")
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


# -- other commands --------------------------------------------------------------------------------


def texts_in(model: Model, file: Path) -> list[str]:
    """The texts of a file: a table with the column of the training, or its only column."""
    name = model.summary.get("text_column")
    table = read_table(str(file), words=() if name is None else {str(name)})
    if name is None or name not in table:
        if len(table.columns) != 1:
            wanted = f"the column '{name}'" if name else "one column, with the texts"
            raise DataError(
                f"{file}: expected {wanted}, got {', '.join(table.names[:8])}; rename the column "
                "of the texts"
            )
        name = table.names[0]
        table = read_table(str(file), words={name})
    return texts_of(table, str(name), [])


def run_explain_text(
    path: Path, text: str, class_name: str | None, as_json: bool, backend: str
) -> None:
    """`layerwise explain MODEL --text "..."`."""
    from .loading import load_model

    with backends.using(choose("--backend", backend, backends.NAMES)):
        model = load_model(path)
        if model.texts is None:
            raise OptionError(f"--text: {path} is no model of texts; name a FILE and a --row")
        _explain(model, text, class_name, as_json, {"model": str(path)})


def explain_row(
    model: Model,
    path: Path,
    file: Path,
    row: int,
    class_name: str | None,
    as_json: bool,
    backend: str,
) -> None:
    """`layerwise explain MODEL FILE --row 17` for a model of texts; rows are counted from 1."""
    texts = texts_in(model, file)
    if row > len(texts):
        raise OptionError(
            f"--row: expected 1 to {len(texts):,}, as {file} has {len(texts):,} rows of data; got "
            f"{row:,}"
        )
    about = {"model": str(path), "file": str(file), "row": row}
    with backends.using(backend):
        _explain(model, texts[row - 1], class_name, as_json, about)


def _explain(
    model: Model, text: str, class_name: str | None, as_json: bool, about: Mapping[str, Any]
) -> None:
    from ..insight.explain_text import explain_text

    found = explain_text(model, text, class_name)
    if as_json:
        print(json.dumps({**about, **found.as_dict()}))
        return
    with Screen() as screen:
        first, *others = found.text().splitlines()
        screen.line(first, "bold")
        for line in others:
            screen.line(line)


def report_of_texts(out: Path, model: Model, model_path: Path, file: Path | None) -> str | None:
    """The page of a saved model of texts; says why where the test rows are not at hand."""
    summary = model.summary
    kept = summary.get("division")
    if not kept or not summary.get("text_column"):
        return "the model does not say how its texts were divided"
    if file is None:
        named = Path(str((summary.get("data") or {}).get("source") or ""))
        found = [path for path in (named, model_path.parent / named.name) if path.is_file()]
        if not found:
            return f"there is no file {named} here any more; name it with --data"
        file = found[0]
    try:
        rows = read_rows(str(file), summary["text_column"], summary["target_column"])
        options = Options(str(file), "", "", {}, float(kept["test_size"]), int(kept["seed"]),
                          False, out, None, True, False)  # fmt: skip
        learn, test = _divided(rows, options)
    except DataError as error:
        return str(error)
    predicted = model.predict([rows.texts[i] for i in test]) if len(test) else np.zeros(0)
    tested = summary.get("test") or {}
    right = float((predicted == rows.labels[test]).mean()) if len(test) else None
    # Another file, or another split, would show as another accuracy.
    if tested.get("rows") != len(test) or tested.get("accuracy") != right:
        return f"{file} has other rows than at the training"
    write_text_report(out, model, rows, learn, test, str(file), None)
    return None


def write_text_report(
    out: Path,
    model: Model,
    rows: Rows,
    learn: np.ndarray,
    test: np.ndarray,
    source: str,
    diagnosis: Any,
) -> None:
    """The page of a training on texts."""
    from ..report import write_report

    def taken(places: np.ndarray) -> tuple[list[str], np.ndarray] | None:
        if not len(places):
            return None
        return [rows.texts[i] for i in places], rows.labels[places]

    write_report(
        out,
        model,
        taken(test),
        training=taken(learn[:2000]),
        diagnosis=diagnosis,
        source=source,
    )
