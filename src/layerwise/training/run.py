"""`Run`: what one training did, for people, for saved models and for the doctor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from .history import Epoch, History
from .probes import ProbeRecord

if TYPE_CHECKING:
    from ..nn.module import Module
    from .options import Settings

Stopped = Literal[
    "epochs", "early stopping", "interrupted", "loss became NaN", "on_epoch", "still running"
]


@dataclass(frozen=True)
class Rows:
    """Arrays that a training used, as they were fed.

    Attributes
    ----------
    inputs : (n, ...) arrays, one for each input of the net.
    target : (n, ...).
    weight : (n,) or None.
    """

    inputs: tuple[np.ndarray, ...]
    target: np.ndarray
    weight: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.target)

    def describe(self) -> dict[str, Any]:
        """Shapes and dtypes, without the numbers."""
        return {
            "rows": len(self),
            "inputs": [{"shape": list(a.shape[1:]), "dtype": a.dtype.name} for a in self.inputs],
            "target": {"shape": list(self.target.shape[1:]), "dtype": self.target.dtype.name},
        }


class Divergence(NamedTuple):
    """Where a loss became NaN or infinite: `layer` is 'loss' where all layers were finite.

    `step` counts from 0 over all epochs, `epoch` from 1.
    """

    layer: str
    step: int
    epoch: int
    message: str


@dataclass(repr=False)
class Run:
    """What one call of `layerwise.train` did.

    Attributes
    ----------
    net : the trained network itself.
    history : the epochs' measures; see `History`.
    stopped : why training ended.
    best_epoch : the epoch, counted from 1, of the lowest validation loss; None without validation.
    restored : whether the net holds the weights of that epoch rather than of the last.
    steps : minibatches trained on, over all epochs.
    seconds : duration, compilation included.
    config : the options of the training, as JSON can hold them.
    loss, output, target : name of the loss; what turns the net's raw output into a prediction
        (a name in `layerwise.nn.losses.OUTPUTS`); kind of target: classes, binary or numbers.
    data, validation : the rows that were used, not copied.
    probes : what each layer did, step by step; None if it was not recorded.
    divergence : where the loss became NaN; None if it did not.
    settings : the options as they were given, to train once more in the same way.
    initial : the weights and buffers that the training began with, by name.
    remarks : what was found out about the training since, such as by `layerwise.doctor`: JSON
        values by name, which a saved model keeps too.
    """

    net: Module
    config: dict[str, Any]
    loss: str
    output: str
    target: str
    data: Rows = field(repr=False)
    validation: Rows | None = field(default=None, repr=False)
    history: History = field(default_factory=History)
    probes: ProbeRecord | None = field(default=None, repr=False)
    divergence: Divergence | None = None
    settings: Settings | None = field(default=None, repr=False)
    initial: dict[str, np.ndarray] = field(default_factory=dict, repr=False)
    remarks: dict[str, Any] = field(default_factory=dict, repr=False)
    stopped: Stopped = "still running"
    best_epoch: int | None = None
    restored: bool = False
    steps: int = 0
    seconds: float = 0.0

    def __repr__(self) -> str:
        epochs = len(self.history)
        steps = f"{self.steps:,} step{'s' * (self.steps != 1)}"
        lines = [
            f"Run: {epochs} epoch{'s' * (epochs != 1)}, {steps} in {self.seconds:.3g} s, loss "
            f"{self.loss}; stopped: {self.stopped}"
        ]
        if epochs:
            if self.best_epoch:
                kept = "its weights are kept" if self.restored else "its weights are not kept"
                best = _measures(self.history[self.best_epoch - 1], ("validation",))
                lines.append(f"  best epoch {self.best_epoch}: {best}; {kept}")
            else:
                lines.append("  no validation rows, so no epoch is known as the best")
            last = _measures(self.history[-1], ("training", "validation"))
            lines.append(f"  last epoch {epochs}: {last}")
        return "\n".join(lines)

    def summary(self) -> dict[str, Any]:
        """What a saved model keeps of its training: JSON values only."""
        from .. import __version__

        return {
            "layerwise": __version__,
            "numpy": np.__version__,
            "loss": self.loss,
            "output": self.output,
            "target": self.target,
            "stopped": self.stopped,
            "best_epoch": self.best_epoch,
            "steps": self.steps,
            "seconds": round(self.seconds, 3),
            "data": self.data.describe(),
            "validation": self.validation.describe() if self.validation else None,
            "config": self.config,
            "history": self.history.as_columns(),
            "probes": self.probes.as_json() if self.probes is not None else None,
            **self.remarks,
        }


def _measures(epoch: Epoch, parts: tuple[str, ...]) -> str:
    """The measures of an epoch that there are, part by part."""
    found = []
    for part in parts:
        shown = [
            f"{name} {value:.1%}" if name == "accuracy" else f"{name} {value:.4g}"
            for name in ("loss", "accuracy", "r2", "mae")
            if (value := getattr(epoch, f"{part}_{name}", None)) is not None
        ]
        if shown:
            found.append(f"{part} {', '.join(shown)}")
    return "; ".join(found)
