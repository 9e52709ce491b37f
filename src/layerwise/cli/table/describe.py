"""What `layerwise train FILE` says: what it decided, and what came out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...data.tables import Decision
from ...tabular import Ensemble
from ...tabular.kinds import IN_WORDS
from ...tabular.measures import Measured
from ..confusion import confusion_lines, count_confusions, worst_confusions
from ..screen import Screen
from .options import Options
from .rows import Part, Rows
from .streaming import Streamed

MOST_COLUMNS = 30
"""Columns that get a line each; of more only these, and those that there is a warning about."""

GOALS = {"regression": "a number", "binary": "two classes", "classes": "several classes"}

_BECAUSE = {
    "regression": "is a number",
    "binary": "has two classes",
    "classes": "has several classes",
}

LOSSES = {
    "mse": "mean squared error",
    "mae": "mean absolute error",
    "poisson": "Poisson, for counts",
    "bce_with_logits": "sigmoid + binary cross-entropy",
    "cross_entropy": "softmax + cross-entropy",
}

MEASURES = {
    "accuracy": "accuracy",
    "log_loss": "log loss",
    "r2": "R2",
    "rmse": "RMSE",
    "mae": "MAE",
}


def show_rows(
    screen: Screen, rows: Rows, part: Part, options: Options, streamed: Streamed | None = None
) -> None:
    """Say what the file holds, what the target is, and which rows are for what."""
    columns = len(rows.table.columns) + len(options.side_columns)
    source = rows.table.source
    count = rows.in_file if streamed is None else streamed.source.rows
    screen.field("data", f"{source}: {count:,} rows, {columns:,} columns")
    if streamed is not None:
        screen.field(
            "memory",
            f"the file is read in parts of {streamed.source.rows_per_batch:,} rows while the "
            f"network trains; only {len(rows):,} rows are held, to understand the columns, to "
            "validate and to test",
        )
    screen.field("target", _target(rows, options))
    loss = "mse" if rows.goal.goal == "regression" else "cross_entropy"
    if rows.goal.goal == "binary" and not options.label_smoothing:
        loss = "bce_with_logits"
    reason = f"because the target {_BECAUSE[rows.goal.goal]}"
    if options.loss is not None:
        loss, reason = options.loss, "as you asked"
    screen.field("loss", f"{LOSSES.get(loss, loss)}, {reason}")
    if streamed is None:
        screen.field("rows", _division(rows, part, options))
    else:
        assert part.validation is not None
        assert part.test is not None
        screen.field(
            "rows",
            f"{streamed.learned:,} to learn from, {len(part.validation):,} to validate, "
            f"{len(part.test):,} to test",
        )
    if options.weight is not None:
        screen.field("weights", f"each row counts as '{options.weight}' says")


def _target(rows: Rows, options: Options) -> str:
    text = f"{options.target}: {GOALS[rows.goal.goal]} ({rows.goal.reason})"
    if rows.labels is None:
        low, high = float(rows.y.min()), float(rows.y.max())
        return f"{text}, from {number(low)} to {number(high)}"
    shares = np.bincount(rows.labels, minlength=len(rows.classes)) / len(rows.labels)
    order = np.argsort(-shares, kind="stable")
    listed = ", ".join(f"{rows.classes[c]} {shares[c]:.1%}" for c in order[:5])
    return f"{text}; {listed}" + ", ..." * (len(order) > 5)


def _division(rows: Rows, part: Part, options: Options) -> str:
    if options.folds is not None:
        text = (
            f"{len(rows):,}, cross-validated in {options.folds} folds; the saved model learns "
            "from all"
        )
        groups = f"; groups in '{options.group}' stay together" if options.group else ""
        return text + groups
    assert part.test is not None
    text = f"{len(part.training):,} to learn from"
    if part.validation is not None:
        text += f", the {len(part.validation):,} after them to validate, and the latest "
        text += f"{len(part.test):,} to test, by '{options.time}'"
        return text
    text += f" (some of them to validate), {len(part.test):,} to test"
    if options.group is not None:
        return f"{text}; groups in '{options.group}' stay together"
    if rows.labels is not None:
        text += "; both have the classes in the same proportions"
    return text


def show_columns(screen: Screen, decisions: list[Decision]) -> None:
    """Say what was decided for each column."""
    used = [d for d in decisions if d.used]
    left_out = [d for d in decisions if not d.used]
    head = f"{len(used):,} used" + (f", {len(left_out):,} left out" if left_out else "")
    screen.field("columns", head)
    shown = decisions
    if len(decisions) > MOST_COLUMNS:
        warned = [d for d in decisions if d.warning]
        first = [d for d in decisions if not d.warning][: max(5, MOST_COLUMNS - len(warned))]
        chosen = {d.name for d in (*warned[:MOST_COLUMNS], *first)}
        shown = [d for d in decisions if d.name in chosen]
    widest = max((len(d.name) for d in shown), default=0)
    name_width = min(max(widest, 6), 20)
    for decision in shown:
        text = decision.reason
        if not decision.used:
            text = f"left out: {decision.role}, {text}"
        elif decision.role != "number":
            text = f"{decision.role}, {text}"
        name = decision.name if len(decision.name) <= 20 else f"{decision.name[:17]}..."
        mark = "!" if decision.warning else " "
        screen.field(f"{mark} {name}", text, indent=name_width + 6)
    if len(shown) < len(decisions):
        more = len(decisions) - len(shown)
        screen.field("", f"and {more:,} more, of which `layerwise show` tells", indent=4)


def members_of(ensemble: Ensemble) -> list[dict[str, Any]]:
    """For each kind how many members it has and how much it counts, as JSON values."""
    total = float(ensemble.weights.sum())
    found = []
    for place, (kind, weight) in enumerate(zip(ensemble.kinds, ensemble.weights, strict=True)):
        own = [member for member in ensemble.members if member.kind == place]
        found.append(
            {
                "kind": kind.name,
                "members": len(own),
                "weight": round(float(weight) / total, 4),
                "hidden": list(kind.hidden),
                "epochs": round(float(np.mean([m.best_epoch for m in own])), 1),
            }
        )
    return found


def members_line(members: list[dict[str, Any]]) -> str:
    """The same in words."""
    parts = [
        f"{IN_WORDS.get(each['kind'], each['kind'])} {each['weight']:.0%} ({each['members']})"
        for each in members
    ]
    return ", ".join(parts)


def show_measures(screen: Screen, values: Mapping[str, str], constant: Mapping[str, float]) -> None:
    """Show a table of measures, as text, beside those of the constant guess."""
    shown = [("", "model", "constant guess")]
    shown += [(MEASURES[n], text, measure(n, constant[n])) for n, text in values.items()]
    widths = [max(len(row[i]) for row in shown) for i in range(3)]
    for place, (name, *cells) in enumerate(shown):
        right = [c.rjust(w) for c, w in zip(cells, widths[1:], strict=True)]
        screen.line("   ".join(["  " + name.ljust(widths[0]), *right]), "" if place else "bold")


def show_confusions(
    screen: Screen, truth: np.ndarray, predicted: np.ndarray, names: tuple[str, ...]
) -> None:
    """Show which classes are taken for which."""
    counts = count_confusions(truth, predicted, len(names))
    short = [name if len(name) <= 12 else f"{name[:9]}..." for name in names]
    lines = confusion_lines(counts, short)
    if lines and max(map(len, lines)) <= screen.width:
        for line in lines:
            screen.line(line)
    worst = worst_confusions(counts, names)
    screen.field("confused", ", ".join(worst) or "none: every test row was right")


def interval_text(measured: Measured) -> str:
    """The interval of the main measure, in brackets."""
    if measured.interval is None:
        return ""
    low, high = (measure(measured.main, end) for end in measured.interval)
    return f" (95% interval {low} to {high})"


def measure(name: str, value: float) -> str:
    """A measure for people."""
    if not math.isfinite(value):
        return "-"
    if name == "accuracy":
        return f"{value:.1%}"
    # Without the sign of a zero that was rounded.
    return f"{round(value, 3) + 0.0:.3f}" if name in ("r2", "log_loss") else number(value)


def number(value: float) -> str:
    """A number in few digits."""
    if value and not 1e-4 <= abs(value) < 1e9:
        return f"{value:.4g}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"
