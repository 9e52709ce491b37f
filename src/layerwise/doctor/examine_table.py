"""`examine_table`: from a fitted ensemble to its case.

Data facts are of the raw columns, by name, as these are what people can change; what training did
with the encoded columns is seen from one member of each kind; and what came out is that of the
whole, on rows that the members in question had not seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..data.tables import Column, Table
from ..graph import batch, input
from ..model.raw_columns import RawColumns
from ..tabular import Ensemble
from ..tabular.record import HeldOut
from ..training.run import Rows, Run
from .case import Case, DataFacts, Measures, OutcomeFacts
from .examine_data import examine_data, examine_target, one_hot_target
from .examine_graph import Traced, examine_graph, trace
from .examine_outcome import examine_outcome
from .table_case import MemberCase, TableCase

MOST_ROWS = 4000
"""Raw rows that are looked at."""

MOST_LEVELS = 50
"""Categories of a column that are told apart by the simple models."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted ensemble, and what was given to the fit.

    Attributes
    ----------
    ensemble : with `runs` and `held_out`, as `tabular.fit` leaves it.
    raw : what becomes of the columns.
    table : the raw rows to learn from, or a sample of them.
    target : of these rows: class numbers (n,), or numbers in their own units, (n,) or (n, outputs).
    rows : how many there were in all.
    constant, duplicated : names of columns, in all rows; of duplicated ones with the one they
        equal.
    options : of the estimator, JSON values.
    classes : what the classes are called, in the order of their numbers.
    """

    ensemble: Ensemble
    raw: RawColumns
    table: Table
    target: np.ndarray
    rows: int
    constant: tuple[str, ...]
    duplicated: tuple[tuple[str, str], ...]
    options: Mapping[str, Any]
    classes: tuple[str, ...] = ()


def alike_columns(table: Table) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Names of the columns that are constant, and of those that equal an earlier one."""
    constant: list[str] = []
    duplicated: list[tuple[str, str]] = []
    seen: dict[tuple[str, bytes], str] = {}
    for column in table:
        values = column.values
        # NaN and NaT are no value; a column that has some beside one value says where.
        if len(values) and not column.missing.any() and (values == values[0]).all():
            constant.append(column.name)
            continue
        key = (
            column.storage,
            np.ascontiguousarray(values).tobytes() + repr(column.levels).encode(),
        )
        first = seen.setdefault(key, column.name)
        if first != column.name:
            duplicated.append((column.name, first))
    return tuple(constant), tuple(duplicated)


def examine_table(fitted: Fitted) -> TableCase:
    """All that the rules read about an ensemble."""
    ensemble = fitted.ensemble
    total = float(ensemble.weights.sum()) or 1.0
    names = fitted.raw.encoder.output_names
    members: list[MemberCase] = []
    facts: DataFacts | None = None
    for place, run in sorted(ensemble.runs.items()):
        weight = float(ensemble.weights[place]) / total
        if facts is None:
            # All members of the first division learn from the same rows.
            facts = replace(examine_data(run, names), constant=(), duplicated=(), leaks=())
        case = _member(_of_task(run, ensemble), facts)
        members.append(MemberCase(ensemble.kinds[place].name, weight, case))
    return TableCase(_whole(fitted), tuple(members))


# -- a member --------------------------------------------------------------------------------------


def _member(run: Run, facts: DataFacts) -> Case:
    traced = trace(run.net, run.data.inputs)
    return Case(
        loss=run.loss,
        output=run.output,
        options=run.config,
        # The rows at hand may be a sample.
        steps_per_epoch=max(1, run.steps // max(1, len(run.history))),
        stopped=run.stopped,
        best_epoch=run.best_epoch,
        restored=run.restored,
        data=facts,
        target=examine_target(run),
        graph=examine_graph(run, traced),
        outcome=examine_outcome(run, traced),
        divergence=run.divergence,
        history=run.history,
        probes=run.probes,
    )


def _of_task(run: Run, ensemble: Ensemble) -> Run:
    """The run with what its outputs stand for, which a loss of the user's does not know."""
    task = ensemble.task
    if not task.has_classes:
        return run
    several = task.kind == "classes"
    return replace(
        run,
        output="softmax" if several else "sigmoid",
        target="classes" if several else "binary",
    )


# -- the whole -------------------------------------------------------------------------------------


def _whole(fitted: Fitted) -> Case:
    task = fitted.ensemble.task
    target, kind = _target(fitted)
    used = [name for name in fitted.table.names if name in set(_used(fitted.raw))]
    output = {"classes": "softmax", "binary": "sigmoid", "labels": "sigmoid"}.get(
        task.kind, task.loss.output
    )
    numbers = _numbers(fitted.table, used)
    asked = Run(
        net=fitted.ensemble.networks[0],
        config=dict(fitted.options),
        loss=task.loss.name,
        output=output,
        target=kind,
        data=Rows((numbers,), target),
    )
    outcome = OutcomeFacts()
    held_out = fitted.ensemble.held_out
    if held_out is not None and task.kind != "labels":
        outcome = _outcome(asked, held_out, fitted)
    return Case(
        loss=task.loss.name,
        output=output,
        options=dict(fitted.options),
        steps_per_epoch=1,
        stopped="epochs",
        best_epoch=None,
        restored=True,
        data=_data(asked, used, fitted),
        target=examine_target(asked, fitted.classes),
        outcome=outcome,
    )


def _target(fitted: Fitted) -> tuple[np.ndarray, str]:
    """The raw target, in the form of the rows of a training, and its kind."""
    kind = fitted.ensemble.task.kind
    given = fitted.target
    if kind == "classes":
        return given.astype(np.int32), "classes"
    whole = given.reshape(len(given), -1).astype(np.float64)
    return whole, "numbers" if kind == "numbers" else "binary"


def _used(raw: RawColumns) -> list[str]:
    return [column.name for column in raw.encoder.input_columns]


def _numbers(table: Table, names: Sequence[str]) -> np.ndarray:
    """Raw columns as numbers, (n, columns): the codes of words, the days of dates."""
    found = np.zeros((len(table), len(names)))
    for place, name in enumerate(names):
        found[:, place] = _column(table[name])
    return found


def _column(column: Column) -> np.ndarray:
    values = column.values
    if column.storage == "dates":
        values = np.where(
            np.isnat(values), np.nan, (values - values.dtype.type(0, "us")).astype(float)
        )
    numbers = np.asarray(values, np.float64)
    missing = ~np.isfinite(numbers)
    if missing.any():
        numbers = numbers.copy()
        known = numbers[~missing]
        numbers[missing] = np.median(known) if len(known) else 0.0
    return numbers


def _data(asked: Run, used: Sequence[str], fitted: Fitted) -> DataFacts:
    facts = examine_data(asked, used)
    places = {name: place for place, name in enumerate(used)}
    constant = tuple(places[name] for name in fitted.constant if name in places)
    duplicated = tuple(
        (places[a], places[b]) for a, b in fitted.duplicated if a in places and b in places
    )
    scores = {column: alone for column, alone, _ in facts.leaks}
    leaks = tuple(
        (
            column,
            alone,
            # What another column alone can do, all the others together can.
            max(
                rest,
                _without(asked, fitted, used[column]),
                *(score for other, score in scores.items() if other != column),
            ),
        )
        for column, alone, rest in facts.leaks
    )
    return DataFacts(
        rows=fitted.rows,
        columns=len(used),
        names=tuple(used),
        constant=constant,
        duplicated=duplicated,
        leaks=leaks,
        copies=facts.copies,
    )


def _without(asked: Run, fitted: Fitted, name: str) -> float:
    """How well all encoded columns but those of one raw column predict: accuracy or R2."""
    table, owners = _encoded(fitted)
    kept = table[:, [owner != name for owner in owners]]
    if not kept.shape[1]:
        return 0.0
    return float(np.nanmax([0.0, *(each.score for each in _simple_models(asked, kept))]))


def _encoded(fitted: Fitted) -> tuple[np.ndarray, list[str]]:
    """The rows as networks take them, codes as columns of 0 and 1; and whose each column is."""
    encoder = fitted.raw.encoder
    numbers, *codes = fitted.raw.inputs(fitted.table)
    parts, owners = [numbers.astype(np.float64)], list(encoder.sources)
    if not owners:
        parts = [np.zeros((len(numbers), 0))]
    if codes:
        for place, name in enumerate(encoder.code_names):
            levels = encoder.cardinalities[place]
            if levels <= MOST_LEVELS:
                parts.append(np.eye(levels)[codes[0][:, place]])
                owners += [name] * levels
    return np.concatenate(parts, 1), owners


def _outcome(asked: Run, held_out: HeldOut, fitted: Fitted) -> OutcomeFacts:
    """What the ensemble gives for rows that it had not seen.

    To `examine_outcome` it is a network that passes on its second input, the ensemble's outputs.
    """
    seen = held_out.seen
    raw, target = held_out.raw[seen], held_out.target[seen]
    nothing = np.zeros((len(raw), 1), np.int32)
    rows = Rows((nothing, raw), target)
    run = replace(asked, data=rows, validation=rows)
    found = examine_outcome(run, _passing_on(raw.shape[1], 1, "int32"))
    linear, nearest = _simple_models(asked, _encoded(fitted)[0])
    # The members were trained on other rows than those that the outputs are for.
    return replace(found, training=Measures(), linear=linear, nearest=nearest)


def _passing_on(outputs: int, columns: int, dtype: str) -> Traced:
    """The graph of a network that gives its second input back."""
    first, second = input("x", (batch, columns), dtype), input("raw", (batch, outputs), "float64")
    return Traced([first, second], second, [], {})


def _simple_models(asked: Run, table: np.ndarray) -> tuple[Measures, Measures]:
    """What a linear model and nearest neighbours find, each half learned from for the other."""
    target = asked.data.target
    hot = one_hot_target(asked, asked.data)
    if hot is None or not np.isfinite(table).all() or not table.shape[1]:
        return Measures(), Measures()
    outputs = 1 if asked.target == "binary" else hot.shape[1]
    traced = _passing_on(outputs, table.shape[1], "float64")
    order = np.random.default_rng(0).permutation(len(table))
    halves = [
        Rows((table[half], np.zeros((len(half), outputs))), target[half])
        for half in np.array_split(order, 2)
    ]
    found = [
        examine_outcome(replace(asked, data=learned, validation=others), traced)
        for learned, others in (halves, halves[::-1])
    ]
    return _mean([each.linear for each in found]), _mean([each.nearest for each in found])


def _mean(measures: Sequence[Measures]) -> Measures:
    # Two independent signals together are the root of 2 times as clear as one.
    signal = sum(each.signal for each in measures) / np.sqrt(len(measures))
    score = float(np.mean([each.score for each in measures]))
    return Measures(score=score, signal=float(signal))


__all__ = ["MOST_ROWS", "Fitted", "alike_columns", "examine_table"]
