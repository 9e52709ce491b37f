"""`fit`: from rows of a table to an ensemble.

1. The rows are divided into folds; a member of every kind trains on all folds but one and keeps its
   best epoch on that one. 2. Every row has then been predicted by members that have not seen it,
   and these predictions decide how much each kind counts, and how sure the whole may be. 3. Where
   wanted, each kind is trained once more on all rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..backends.native.team import available_cores
from ..data.splits import fold_rows
from ..errors import DataError
from ..training import Run
from .ensemble import Ensemble
from .kinds import MemberKind
from .members import Job, Member, Watch, Workshop
from .network import Bins, TabularNet
from .pool import fit_weights
from .recipe import Recipe
from .record import HeldOut
from .rows import Columns, Rows
from .task import Task

FULL_DIVISION = 5
"""From so many folds on every row is held out once."""

MOST_WORK = 1.5e12
"""Operations of a fit, if no member stops early: half a minute of one core."""

FEWEST_FOLDS = 3
"""So many members of each kind there are, whatever they cost."""

NEGLIGIBLE = 0.02
"""A kind with a smaller part of the weight than this is left out."""


def fit(
    rows: Rows,
    columns: Columns,
    task: Task,
    recipe: Recipe | None = None,
    *,
    validation: Rows | None = None,
    groups: np.ndarray | None = None,
    seed: int = 0,
    threads: int | None = None,
    backend: str | None = None,
    watch: Watch | None = None,
    start: Ensemble | None = None,
    stream: bool = False,
) -> Ensemble:
    """Fit an ensemble.

    Parameters
    ----------
    rows : with target, and weights where rows count differently.
    columns : what the rows' columns are.
    validation : rows to measure on instead of folds; every member then trains on all of `rows`.
    groups : (n,) numbers: rows of one group are never in different folds.
    seed : decides folds, first weights, order and dropout.
    threads : members trained at once, at most; by default the cores.
    watch : follows the fit and can stop it.
    start : an ensemble of the same kinds to go on from instead of drawing first weights.
    stream : whether these are part of the rows only, so that there may be one class, or one row.

    Raises
    ------
    DataError : too few rows.
    TrainingDiverged : a member's loss became NaN at every learning rate that was tried.
    """
    assert rows.target is not None
    given = recipe or Recipe()
    recipe = given.for_rows(len(rows))
    if len(rows) < 2 and not stream:
        raise DataError(f"expected at least 2 rows to train on, got {len(rows)}")
    bins = Bins(rows, columns) if start is None else None
    kinds = kinds_for(recipe, columns, bins, task) if start is None else start.kinds
    if given.folds is None and bins is not None:
        recipe = replace(recipe, folds=_affordable(recipe, kinds, columns, bins, task, len(rows)))
    workshop = Workshop(
        kinds, columns, bins, task, recipe, rows, validation,
        threads or available_cores(), backend, watch or Watch(),
        None if start is None else start.networks, stream,
    )  # fmt: skip
    parts = _parts(rows, task, recipe, validation, groups, seed)
    jobs = [
        Job(
            kind, training, held_out, member_seed(seed, number),
            repeat=repeat, start=_start(start, kind, number),
            # One member of each kind is enough to see what is wrong with its kind.
            probed=number == 0 and not stream,
        )
        for number, (repeat, training, held_out) in enumerate(parts)
        for kind in range(len(kinds))
    ]  # fmt: skip
    members = workshop.train_all(jobs)
    weights = weights_of_kinds(members, kinds, rows, validation, task, recipe)
    held_out = None if stream else held_out_of(members, weights, rows, validation, task)
    runs = {member.kind: member.run for member in members if member.run is not None}
    for member in members:
        member.run = None
    if recipe.refit and not workshop.watch.stopped:
        members = workshop.train_all(_refit_jobs(members, kinds, len(rows), recipe, seed))
    ensemble = _ensemble(workshop, members, weights, runs)
    ensemble.folds, ensemble.held_out = recipe.folds or 1, held_out
    return ensemble


def kinds_for(recipe: Recipe, columns: Columns, bins: Any, task: Task) -> list[MemberKind]:
    """The recipe's kinds, without those that equal another on such columns."""
    found: dict[tuple, MemberKind] = {}
    members = recipe.members(task.outputs)
    wanted = [kind for kind in members if task.has_classes or not kind.for_classes]
    for kind in wanted or members:
        embedding = kind.embedding
        if (embedding == "pieces" and not bins.pieces) or not columns.plain:
            embedding = None  # there are no numbers to cut or to wave
        made_of: tuple[Any, ...] = (embedding, kind.hidden)
        if kind.is_network:
            made_of += (repr(kind.activation), repr(kind.dropout))
        found.setdefault(made_of, kind)
    return list(found.values())


def _affordable(
    recipe: Recipe, kinds: Sequence[MemberKind], columns: Columns, bins: Bins, task: Task, rows: int
) -> int:
    """As many members as the recipe says, fewer where a wide table makes each of them slow."""
    multiplied = sum(
        net.parameter_count for net in (TabularNet(k, columns, bins, task.outputs) for k in kinds)
    )
    for_each = 6.0 * multiplied * rows * (recipe.epochs or 1)
    folds = recipe.folds or 1
    return min(folds, max(FEWEST_FOLDS, int(MOST_WORK / for_each)))


def member_seed(seed: int, number: int) -> int:
    """A seed of its own for each member."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def _parts(
    rows: Rows,
    task: Task,
    recipe: Recipe,
    validation: Rows | None,
    groups: np.ndarray | None,
    seed: int,
) -> list[tuple[int, np.ndarray, np.ndarray | None]]:
    """For each member the number of its division, and the rows it trains on and is measured on."""
    every = np.arange(len(rows))
    folds = recipe.folds or 1
    if validation is not None or (folds == 1 and not recipe.validation_fraction):
        return [(repeat, every, None) for repeat in range(recipe.repeats * folds)]
    classes = rows.target if task.kind in ("classes", "binary") else None
    if classes is not None:
        classes = np.asarray(classes).reshape(len(rows), -1)[:, 0].astype(np.int64)
    parts: list[tuple[int, np.ndarray, np.ndarray | None]] = []
    for repeat in range(recipe.repeats):
        # A few members are not made to do without half of the rows: they hold out smaller parts,
        # and not every row is held out by one of them.
        share = recipe.validation_fraction or 1 / folds
        wanted = folds if folds >= FULL_DIVISION else max(2, folds, round(1 / share))
        numbers = fold_rows(len(rows), wanted, seed + repeat, classes=classes, groups=groups)
        for fold in range(folds):
            held_out = numbers == fold
            if classes is not None:
                # A class that is nowhere else stays in training, which would not know of it.
                held_out &= np.isin(classes, classes[~held_out])
            if held_out.any() and not held_out.all():
                parts.append((repeat, np.flatnonzero(~held_out), np.flatnonzero(held_out)))
    return parts or [(repeat, every, None) for repeat in range(recipe.repeats)]


def _start(start: Ensemble | None, kind: int, number: int) -> dict[str, np.ndarray] | None:
    if start is None:
        return None
    of_kind = [m for m in start.members if m.kind == kind]
    return of_kind[number % len(of_kind)].values


def weights_of_kinds(
    members: Sequence[Member],
    kinds: Sequence[MemberKind],
    rows: Rows,
    validation: Rows | None,
    task: Task,
    recipe: Recipe,
) -> np.ndarray:
    """How much each kind counts."""
    equal = np.full(len(kinds), 1 / len(kinds))
    if recipe.pool == "equal" and not (recipe.calibrate and task.has_classes):
        return equal
    measured = rows if validation is None else validation
    outputs, seen = [], None
    for kind in range(len(kinds)):
        table, known = _held_out(members, kind, len(measured), validation is not None, task)
        outputs.append(table)
        seen = known if seen is None else seen & known
    if seen is None or not seen.any():
        return equal
    assert measured.target is not None
    weight = None if measured.weight is None else measured.weight[seen]
    if weight is not None and not weight.any():
        return equal
    given = [table[seen] for table in outputs]
    if recipe.pool == "equal":
        given = [sum(given) / len(given)]  # only how sure the whole is remains to be found
    found = fit_weights(given, measured.target[seen], weight, task, recipe.calibrate)
    return equal * found[0] if recipe.pool == "equal" else found


def held_out_of(
    members: Sequence[Member],
    weights: np.ndarray,
    rows: Rows,
    validation: Rows | None,
    task: Task,
) -> HeldOut | None:
    """What the whole says of rows that the members in question have not seen; None without any."""
    measured = rows if validation is None else validation
    assert measured.target is not None
    least = NEGLIGIBLE * float(weights.sum())
    given = {member.kind for member in members if member.held_out is not None}
    kept = [kind for kind in sorted(given) if weights[kind] >= least]
    pooled: Any = np.full((len(measured), task.outputs), np.nan)
    for number, kind in enumerate(kept):
        table, known = _held_out(members, kind, len(measured), validation is not None, task)
        scaled = weights[kind] / weights[kept].sum() * weights.sum() * table.astype(np.float64)
        pooled = (pooled if number else 0.0) + np.where(known[:, None], scaled, np.nan)
    if not np.isfinite(pooled).any():
        return None
    return HeldOut(pooled, measured.target, measured.weight, validation is not None)


def _held_out(
    members: Sequence[Member], kind: int, rows: int, shared: bool, task: Task
) -> tuple[np.ndarray, np.ndarray]:
    """Outputs for rows that a member has not seen, and for which rows there are any.

    Those of repeated divisions are averaged.
    """
    tables: dict[int, np.ndarray] = {}
    for number, member in enumerate(members):
        if member.kind != kind or member.held_out is None:
            continue
        key = number if shared else member.repeat
        shape = (rows, member.held_out.shape[1])
        table = tables.setdefault(key, np.full(shape, np.nan, np.float32))
        table[slice(None) if member.validation is None else member.validation] = member.held_out
    if not tables:
        return np.zeros((rows, task.outputs), np.float32), np.zeros(rows, np.bool_)
    with np.errstate(invalid="ignore"):
        averaged = np.asarray(task.mean(list(tables.values())))
    return averaged, np.isfinite(averaged).all(1)


def _refit_jobs(
    members: Sequence[Member], kinds: Sequence[MemberKind], rows: int, recipe: Recipe, seed: int
) -> list[Job]:
    jobs = []
    for kind in range(len(kinds)):
        best = [m.best_epoch for m in members if m.kind == kind]
        epochs = max(1, round(float(np.mean(best))))
        jobs += [
            Job(kind, np.arange(rows), None, member_seed(seed, 1_000_000 + n), epochs=epochs)
            for n in range(recipe.repeats)
        ]
    return jobs


def _ensemble(
    workshop: Workshop, members: list[Member], weights: np.ndarray, runs: Mapping[int, Run]
) -> Ensemble:
    """Without the kinds that hardly count."""
    total = float(weights.sum())
    kept = [k for k, weight in enumerate(weights) if weight >= NEGLIGIBLE * total]
    kept = [k for k in kept if any(m.kind == k for m in members)] or [members[0].kind]
    places = {kind: place for place, kind in enumerate(kept)}
    chosen = [m for m in members if m.kind in places]
    for member in chosen:
        member.kind = places[member.kind]
    scale = total / float(weights[kept].sum())
    ensemble = Ensemble(
        workshop.task,
        workshop.columns,
        [workshop.kinds[k] for k in kept],
        [workshop.pattern(k) for k in kept],
        chosen,
        weights[kept] * scale,
    )
    ensemble.runs = {places[kind]: run for kind, run in runs.items() if kind in places}
    return ensemble
