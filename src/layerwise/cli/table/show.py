"""`layerwise show` for a model of a table: its columns, members and test result."""

from __future__ import annotations

from typing import Any

from ...model import Model
from ..screen import Screen
from . import describe


def show_table_model(screen: Screen, model: Model) -> None:
    """Show what is inside, below the name of the file."""
    summary = model.summary
    for name, text in _facts(model, summary):
        screen.field(name, text)
    assert model.encoder is not None
    screen.line()
    screen.line("  what becomes of each column", "bold")
    for text in model.encoder.describe():
        screen.field("", text, indent=4)
    left_out = [c for c in summary.get("columns") or [] if c.get("role") not in _USED]
    if left_out:
        screen.line("  left out", "bold")
        for column in left_out:
            screen.field("", f"{column['name']}: {column['role']}, {column['reason']}", indent=4)


_USED = ("number", "category", "date")


def _facts(model: Model, summary: dict[str, Any]) -> list[tuple[str, str]]:
    assert model.columns is not None
    target = summary.get("target_column")
    what = "a number" if model.classes is None else f"{len(model.classes)} classes: "
    classes = ", ".join(map(str, model.classes or ()))
    facts = [("predicts", (f"{target}, " if target else "") + what + classes)]
    encoder = model.columns.encoder
    names = [each.name for each in encoder.input_columns]
    facts.append(("needs", f"{len(names)} columns: {', '.join(names)}"))
    members = summary.get("members")
    if isinstance(members, list):
        facts.append(("members", describe.members_line(members)))
    elif members:
        facts.append(("members", str(members)))
    facts.append(("parameters", f"{model.parameter_count:,}"))
    if summary.get("loss"):
        facts.append(("loss", str(summary["loss"])))
    data = summary.get("data") or {}
    if "source" in data:
        text = f"{data.get('rows', 0):,} rows of {data['source']}"
        facts.append(("training", f"{text}, seed {summary.get('seed')}"))
    if summary.get("stopped") == "interrupted":
        facts.append(("stopped", "before its end, with Ctrl-C"))
    facts += _tested(summary.get("tested") or {})
    if summary.get("layerwise"):
        facts.append(("made with", f"layerwise {summary['layerwise']}"))
    return facts


def _tested(tested: dict[str, Any]) -> list[tuple[str, str]]:
    """The test result, and that of the constant guess."""
    found, constant = [], []
    for name, label in describe.MEASURES.items():
        value, guess = tested.get(f"test_{name}"), tested.get(f"constant_{name}")
        if value is None:
            continue
        spread = tested.get(f"test_{name}_spread")
        text = f"{label} {describe.measure(name, value)}"
        found.append(text if spread is None else f"{text} +- {describe.measure(name, spread)}")
        if guess is not None:
            constant.append(f"{label} {describe.measure(name, guess)}")
    if not found:
        return []
    folds = tested.get("folds")
    where = f"{tested.get('test_rows', 0):,} rows" + (f" in {folds} folds" if folds else "")
    return [
        ("test", f"{', '.join(found)} on {where}"),
        ("constant", f"{', '.join(constant)}: what a constant guess reaches"),
    ]
