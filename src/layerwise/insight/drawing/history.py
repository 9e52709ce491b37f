"""What training measured, epoch by epoch, with the learning rate beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...errors import OptionError
from ...training import Run
from ...training.history import History

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANELS = {
    "loss": ("training_loss", "validation_loss"),
    "accuracy": ("training_accuracy", "validation_accuracy"),
    "R2": ("validation_r2",),
}


def draw_history(runs: Run | History | Mapping[str, Run | History]) -> Figure:
    """Draw loss and accuracy over the epochs; and the learning rate, if it was not always the same.

    The training loss is the mean over an epoch's steps, with dropout on, and the validation loss
    comes after the epoch; so validation may be the better of the two in the first epochs.

    Parameters
    ----------
    runs : what `layerwise.train` gave, or its history. Of several by name, each gets a colour:
        solid where rows were held out, dashed for the training rows.

    Raises
    ------
    OptionError : nothing to draw.
    """
    from . import style

    named = dict(runs) if isinstance(runs, Mapping) else {"": runs}
    histories = {name: _history(run) for name, run in named.items()}
    if not any(map(len, histories.values())):
        raise OptionError("draw_history: there is no epoch to draw")
    shown = {t: _present(names, histories) for t, names in PANELS.items()}
    shown = {panel: names for panel, names in shown.items() if names}
    rates = [h["learning_rate"] for h in histories.values()]
    if any(len(set(rate)) > 1 for rate in rates) or len({rate[0] for rate in rates if rate}) > 1:
        shown["learning rate, at the end of each epoch"] = ["learning_rate"]
    figure, panels = style.panels(len(shown))
    for axes, (panel, names) in zip(panels, shown.items(), strict=True):
        for number, (run, history) in enumerate(histories.items()):
            for measure in names:
                _draw(style, axes, history, measure, number, run)
        style.title(axes, panel, "epoch")
        axes.margins(x=0.02)
        axes.locator_params(axis="x", integer=True, nbins=6)
    first = panels[0]
    if len(named) == 1:
        _mark_best(style, first, next(iter(named.values())))
    handles, _ = first.get_legend_handles_labels()
    if handles:
        style.legend(first)
    return figure


def _history(run: Any) -> History:
    if isinstance(run, Run):
        return run.history
    if isinstance(run, History):
        return run
    raise TypeError(f"draw_history: expected a Run or its history, got {type(run).__name__}")


def _present(names: tuple[str, ...], histories: Mapping[str, History]) -> list[str]:
    return [n for n in names if any(v is not None for h in histories.values() for v in h[n])]


def _draw(style: Any, axes: Any, history: History, measure: str, number: int, run: str) -> None:
    epochs = history["epoch"]
    values = [float("nan") if v is None else v for v in history[measure]]
    training = measure.startswith("training")
    part = "training" if training else "validation"
    label = f"{run}, {part}" if run else part
    if not run:
        number = int(training)
    style.line(
        axes, epochs, values, number, label=label, linestyle=style.DASHES[1 if training else 0]
    )


def _mark_best(style: Any, axes: Any, run: Any) -> None:
    best = getattr(run, "best_epoch", None)
    if best is None:
        return
    loss = run.history[best - 1].validation_loss
    axes.plot([best], [loss], "o", color=style.BLUE, markersize=6, label=f"best: epoch {best}")


__all__ = ["draw_history"]
