"""`layerwise show`: what is inside a saved model."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..model import Layer, Model, load
from .screen import Screen

INDENT = GAP = 2
"""Columns of a terminal before a line of the table of layers, and between two of its columns."""

NARROWEST = 18
"""Characters of a layer's description that fit beside its path, at least."""


def run_show(path: Path) -> None:
    """Do the command."""
    model = load(path)
    with Screen() as screen:
        screen.say(f"{path}  ({path.stat().st_size / 1000:,.0f} kB)", "bold")
        if not isinstance(model, Model):
            for name, text in _facts_of_translator(model.model_):
                screen.field(name, text)
            return
        if model.columns is not None:
            from .table.show import show_table_model

            show_table_model(screen, model)
            return
        for name, text in _facts(model):
            screen.field(name, text)
        screen.line()
        head, *lines = _layer_lines(model.layers, screen.width)
        screen.line(head, "bold")
        for line in lines:
            screen.line(line)


def _facts(model: Model) -> list[tuple[str, str]]:
    summary = model.summary
    config: dict[str, Any] = summary.get("config") or {}
    facts = [("predicts", _predicts(model)), ("parameters", f"{model.parameter_count:,}")]
    if summary.get("loss"):
        facts.append(("loss", f"{summary['loss']}, output {model.output}"))
    if config:
        facts.append(("optimiser", str(config.get("optimizer"))))
        facts.append(("schedule", str(config.get("schedule"))))
    history = summary.get("history") or {}
    if history.get("epoch"):
        epochs: list[int] = history["epoch"]
        facts.append(("training", _training(summary, config, epochs[-1])))
        best = epochs.index(summary.get("best_epoch") or epochs[-1])
        measured = {name: values[best] for name, values in history.items()}
        facts.append(("validation", _measures(measured)))
    if "test" in summary:
        test = summary["test"]
        facts.append(("test", f"accuracy {test['accuracy']:.1%} on {test['rows']:,} rows"))
    if summary.get("layerwise"):
        facts.append(("made with", f"layerwise {summary['layerwise']}"))
    return facts


def _facts_of_translator(model: Any) -> list[tuple[str, str]]:
    """Of a `layerwise.translation.TranslationModel`."""
    summary, sizes = model.summary, model.sizes
    tokens = f"{len(model.source):,}"
    if model.source != model.target:
        tokens += f" and {len(model.target):,}"
    facts = [
        ("does", "translates"),
        (
            "network",
            f"{model.network.kind}, {sizes.layers} layers of {sizes.features} features, "
            f"{model.network.parameter_count:,} parameters",
        ),
        ("vocabulary", f"{model.target.kind}, {tokens} tokens"),
    ]
    if isinstance(summary.get("pairs"), int):
        best = summary.get("best_epoch")
        facts.append(("training", f"{summary['pairs']:,} pairs, best epoch {best or 'unknown'}"))
    if isinstance(summary.get("test"), dict):
        test = summary["test"]
        facts.append(
            ("test", f"BLEU {test['bleu']:.1f}, chrF {test['chrf']:.1f}, exactly right "
                     f"{test['exact']:.1%}, on {test['pairs']:,} pairs")
        )  # fmt: skip
    if summary.get("layerwise"):
        facts.append(("made with", f"layerwise {summary['layerwise']}"))
    return facts


def _predicts(model: Model) -> str:
    if model.classes is None:
        return model.target
    return f"{len(model.classes)} classes: {', '.join(map(str, model.classes))}"


def _training(summary: dict[str, Any], config: dict[str, Any], epochs: int) -> str:
    rows = (summary.get("data") or {}).get("rows", 0)
    text = (
        f"{epochs} epochs on {rows:,} rows in batches of {config.get('batch_size')}, seed "
        f"{summary.get('seed', config.get('seed'))}, {summary.get('seconds', 0):.2g} s"
    )
    if summary.get("stopped") not in (None, "epochs"):
        text += f"; ended by: {summary['stopped']}"
    if summary.get("best_epoch"):
        text += f"; weights of epoch {summary['best_epoch']}"
    return text


def _measures(epoch: dict[str, Any]) -> str:
    """The validation's figures of one epoch, those that there are."""
    names = ("loss", "accuracy", "r2", "mae")
    found = [(name, epoch.get(f"validation_{name}")) for name in names]
    shown = [
        f"{n} {v:.1%}" if n == "accuracy" else f"{n} {v:.4f}" for n, v in found if v is not None
    ]
    return ", ".join(shown) or "none"


def _layer_lines(layers: Sequence[Layer], width: int) -> list[str]:
    """A table of the layers, its head first, in lines of at most `width` characters.

    Where the screen is too narrow for all columns, the descriptions of layers are wrapped; where
    paths are long too, they stand on lines of their own.
    """
    head = ("", "layer", "output", "parameters")
    rows = [(each.path, each.layer, each.shape, f"{each.parameters:,}") for each in layers]
    paths, names, *others = (max(map(len, column)) for column in zip(head, *rows, strict=True))
    room = width - INDENT - sum(others) - GAP * len(others)
    beside = room - paths - GAP >= min(names, NARROWEST)
    lines = []
    for path, name, *rest in (head, *rows):
        if beside:
            begin = " " * INDENT + path.ljust(paths + GAP)
        else:
            begin = " " * 2 * INDENT
            lines += textwrap.wrap(path, width, initial_indent=" " * INDENT) if path else []
        space = min(names, width - len(begin) - sum(others) - GAP * len(others))
        first, *more = textwrap.wrap(name, max(space, 1)) or [""]
        cells = rest[0].ljust(others[0]), rest[1].rjust(others[1])
        lines.append((" " * GAP).join((begin + first.ljust(space), *cells)))
        lines += [" " * len(begin) + each for each in more]
    return lines
