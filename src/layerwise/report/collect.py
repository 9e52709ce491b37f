"""From a model and rows to all that a report shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DataError, OptionError
from ..insight.subject import model_of
from ..model import Model
from ..training.history import History
from ..training.run import Run
from .data import ReportData
from .facts.classification import classification
from .facts.columns import category_of, columns_of_model
from .facts.curves import activation_curves
from .facts.layers import layers_of_model
from .facts.looked import looked_at
from .facts.outcome import outcome_of_classes, outcome_of_numbers, remembered_outcome
from .facts.pictures import as_pictures
from .facts.regression import regression
from .facts.rows import Part, part_of, predicted
from .facts.task import task_of
from .player import NotPlayable, Stack, playable, stack_of

NO_HELD_OUT = (
    "There are no held-out rows here to predict. Give them to the report: held_out=(X, y) in "
    "Python, or --data on the command line."
)


def collect(
    model: Any,
    held_out: Any = None,
    *,
    training: Any = None,
    validation: Any = None,
    run: Run | None = None,
    diagnosis: Any = None,
    picture_shape: tuple[int, int] | None = None,
    title: str | None = None,
    source: str = "",
    notes: Sequence[str] = (),
    why_not: str = NO_HELD_OUT,
) -> ReportData:
    """Work out everything that the rows allow; parameters as of `build_report`."""
    if isinstance(model, Run) and run is None:
        run = model
    whole = model_of(model)
    if run is not None:
        training = run.data if training is None else training
        validation = run.validation if validation is None else validation
    parts = {
        name: None if given is None else part_of(whole, given, name)
        for name, given in (
            ("held_out", held_out), ("training", training), ("validation", validation)
        )
    }  # fmt: skip
    tested, learned, validated = parts["held_out"], parts["training"], parts["validation"]
    pictures = None
    some = tested or learned
    plain = whole.columns is None and whole.pictures is None and whole.texts is None
    if some is not None and plain:
        pictures = as_pictures(some, picture_shape)
    shape = None if pictures is None else (int(pictures.shape[1]), int(pictures.shape[2]))
    classes = _names(whole, some)
    task = task_of(whole, classes, source, shape)
    for name, part in (("training", learned), ("validation", validated), ("held-out", tested)):
        if part is not None:
            task.rows[name] = len(part)
    summary = whole.summary
    data = ReportData(
        title=title or _title(task.source),
        task=task,
        layers=tuple(whole.layers),
        parameters=whole.parameter_count,
        summary=summary,
        activations=activation_curves(whole),
        pictures=pictures if tested is not None else None,
        held_out=tested,
        notes=tuple(notes),
    )
    _training(data, run)
    _diagnosis(data, diagnosis)
    stack = _stack(whole, some, data)
    _result(data, whole, tested, learned, validated, why_not)
    data.inside = layers_of_model(whole, learned, tested, stack, pictures)
    _columns(data, whole, tested, pictures, why_not)
    _looked(data, whole, tested, why_not)
    _result_details(data, whole, tested, validated, why_not)
    _player(data, whole, some, pictures, stack)
    return data


def _names(model: Model, part: Part | None) -> tuple[str, ...]:
    if model.classes is not None:
        return tuple(map(str, model.classes))
    if model.target == "binary":
        return ("no", "yes") if part is None or part.truth.ndim == 1 else ()
    if model.target == "classes" and part is not None:
        count = predicted(model, _head(part)).shape[1]
        return tuple(map(str, range(count)))
    return ()


def _head(part: Part) -> Part:
    """Its first row."""
    if isinstance(part.inputs, tuple):
        return Part(tuple(x[:1] for x in part.inputs), part.truth[:1], part.encoded)
    if hasattr(part.inputs, "take") and not isinstance(part.inputs, np.ndarray):
        return Part(part.inputs.take([0]), part.truth[:1], part.encoded)
    return Part(part.inputs[:1], part.truth[:1], part.encoded)


def _title(source: str) -> str:
    from pathlib import PurePath

    return f"Report on {PurePath(source).name}" if source else "Training report"


def _training(data: ReportData, run: Run | None) -> None:
    if run is not None and len(run.history):
        data.history = run.history
    elif data.summary.get("history"):
        data.history = History.from_columns(data.summary["history"])
    elif data.summary.get("members"):
        data.absent["history"] = (
            "The model is an ensemble. Its members trained apart, each with epochs of its own, and "
            "their learning curves are not kept."
        )
    else:
        data.absent["history"] = "The model remembers no epochs of its training."
    probes = getattr(run, "probes", None)
    kept = data.summary.get("probes")
    if probes is None and kept:
        from ..training.probes import ProbeRecord

        probes = ProbeRecord.from_json(kept)
    if probes is not None and len(probes.steps):
        data.probes = probes
    else:
        data.absent["probes"] = (
            "The training was not probed: gradients and activations were not recorded on the way."
        )


def _diagnosis(data: ReportData, diagnosis: Any) -> None:
    from ..doctor.diagnosis import Diagnosis

    kept = data.summary.get("doctor")
    if diagnosis is not None:
        given = isinstance(diagnosis, Diagnosis)
        data.diagnosis = diagnosis if given else Diagnosis.from_dicts(list(diagnosis))
    elif kept is not None:
        data.diagnosis = Diagnosis.from_dicts(kept)
    else:
        data.absent["diagnosis"] = "No diagnosis was made of this training."


def _stack(model: Model, part: Part | None, data: ReportData) -> Stack | None:
    rows = None if part is None else part.inputs
    if part is not None and part.encoded:
        if model.preprocess is not None:
            data.absent["player"] = (
                "The rows at hand have been through the preprocessing already; give held-out rows "
                "as they came."
            )
            return None
        rows = rows[0] if isinstance(rows, tuple) and len(rows) == 1 else None
    if not isinstance(rows, np.ndarray) or model.columns is not None:
        return None
    try:
        return stack_of(model, tuple(rows.shape[1:]))
    except NotPlayable as reason:
        data.absent["player"] = f"The network does not run in the page: {reason}."
        return None


def _result(
    data: ReportData,
    model: Model,
    tested: Part | None,
    learned: Part | None,
    validated: Part | None,
    why_not: str,
) -> None:
    if tested is None:
        data.outcome = remembered_outcome(model)
        if data.outcome is None:
            data.absent["outcome"] = why_not
        return
    kept = remembered_outcome(model)
    if kept is not None and kept.rows == len(tested) and model.summary.get("tested"):
        # It knows of the weights and groups of the rows, which are not here.
        data.outcome = kept
        return
    found = predicted(model, tested)
    if data.task.kind == "classes":
        known = None if learned is None else learned.truth
        data.outcome = outcome_of_classes(found, tested.truth, data.task.classes, known)
    elif data.task.kind == "numbers":
        answers = None if learned is None else _first(learned.truth)
        data.outcome = outcome_of_numbers(found[:, 0], _first(tested.truth), answers)
    else:
        data.absent["outcome"] = "Several yes-or-no answers have no one figure here yet."


def _result_details(
    data: ReportData, model: Model, tested: Part | None, validated: Part | None, why_not: str
) -> None:
    wanted = "regression" if data.task.kind == "numbers" else "classification"
    if tested is None:
        data.absent[wanted] = why_not
        return
    found = predicted(model, tested)
    if data.task.kind == "numbers":
        names = [] if data.columns is None else [c.column for c in data.columns.importance.columns]
        data.regression = regression(
            _first(tested.truth), found[:, 0], category_of(tested, names), found.shape[1]
        )
    elif data.task.kind == "classes":
        second = None
        if validated is not None and len(validated):
            second = (predicted(model, validated), validated.truth)
        data.classification = classification(found, tested.truth, data.task.classes, second)
        if model.texts is not None:
            from .facts.texts import read_mistakes

            data.read = read_mistakes(model, tested, data.classification.worst)
    else:
        data.absent[wanted] = "The model answers several yes-or-no questions at once."


def _first(truth: np.ndarray) -> np.ndarray:
    return truth if truth.ndim == 1 else truth[:, 0]


def _columns(
    data: ReportData,
    model: Model,
    tested: Part | None,
    pictures: np.ndarray | None,
    why_not: str,
) -> None:
    if pictures is not None or model.pictures is not None:
        data.absent["columns"] = "The rows are pictures: no pixel means anything by itself."
    elif model.texts is not None:
        data.absent["columns"] = (
            "The rows are texts: `layerwise explain MODEL --text` says which words speak for an "
            "answer."
        )
    elif tested is None:
        data.absent["columns"] = why_not
    else:
        try:
            data.columns = columns_of_model(model, tested)
        except (DataError, OptionError) as error:
            data.absent["columns"] = f"The columns could not be looked at: {error}."


def _looked(data: ReportData, model: Model, tested: Part | None, why_not: str) -> None:
    if model.pictures is None:
        return
    if tested is None:
        data.absent["looked"] = why_not
        return
    data.looked = looked_at(model, tested)
    if data.looked is None:
        data.absent["looked"] = "It is shown for held-out pictures as they came, with classes."


def _player(
    data: ReportData,
    model: Model,
    part: Part | None,
    pictures: np.ndarray | None,
    stack: Stack | None,
) -> None:
    if pictures is None or part is None or data.task.kind != "classes":
        data.absent["player"] = "Drawing is for models that tell what a picture shows."
        return
    if stack is None:
        data.absent.setdefault("player", "The network's layers are not known.")
        return
    shape = (int(pictures.shape[1]), int(pictures.shape[2]))
    try:
        data.player = playable(model, stack, shape, data.task.classes, pictures, part.truth)
    except NotPlayable as reason:
        data.absent["player"] = f"The network does not run in the page: {reason}."


__all__ = ["NO_HELD_OUT", "collect"]
