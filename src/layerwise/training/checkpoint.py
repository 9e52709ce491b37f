"""Checkpoints: all that a killed training needs to go on as if nothing had happened."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import CheckpointError, ModelFileError
from ..model.container import read_tensors, write_tensors
from ..nn.parameter import Held
from .history import History
from .run import Rows

FORMAT = "layerwise-checkpoint"
VERSION = 1

FREE = ("epochs", "early_stopping", "restore_best")
"""Options that may differ when a training is resumed."""


@dataclass
class Kept:
    """What a checkpoint held."""

    state: dict[str, np.ndarray]
    best: dict[str, np.ndarray] | None
    epoch: int
    position: int
    early_stopping: dict[str, Any]
    schedule: dict[str, Any]
    history: History
    losses: np.ndarray
    correct: np.ndarray


def training_fingerprint(
    held: Mapping[str, Held], config: Mapping[str, Any], rows: Rows, validation: Rows | None
) -> dict[str, Any]:
    """What must be equal for a checkpoint to be this training's: net, data and options."""
    options = {k: v for k, v in config.items() if k not in FREE}
    if not config["schedule"].startswith(("Constant", "ReduceOnPlateau")):
        # The other schedules are laid out over the whole run.
        options["epochs"] = config["epochs"]
    return {
        "network": {n: [list(h.shape), h.dtype.name] for n, h in held.items()},
        "training data": sum_of_rows(rows),
        "validation data": sum_of_rows(validation) if validation else None,
        "options": options,
    }


def sum_of_rows(rows: Rows) -> dict[str, Any]:
    """What tells rows from others: how many there are, and a checksum."""
    arrays = [*rows.inputs, rows.target, *([] if rows.weight is None else [rows.weight])]
    total = 0
    for array in arrays:
        total = zlib.crc32(array.data.cast("B"), total)
    return {"rows": len(rows), "crc32": total}


class Checkpoint:
    """One file that is replaced as a whole each time."""

    def __init__(self, path: Path, fingerprint: dict[str, Any]) -> None:
        self.path = path
        self.fingerprint = json.loads(json.dumps(fingerprint))

    def exists(self) -> bool:
        """Whether there is a file to resume from."""
        return self.path.exists()

    def write(
        self,
        state: Mapping[str, np.ndarray],
        best: Mapping[str, np.ndarray] | None,
        progress: Mapping[str, Any],
        measured: Mapping[str, np.ndarray],
    ) -> None:
        """Replace the file; whoever reads it sees the old one or the new one, whole."""
        tensors = {f"state/{k}": v for k, v in state.items()}
        tensors |= {f"best/{k}": v for k, v in (best or {}).items()}
        tensors |= {f"epoch/{k}": v for k, v in measured.items()}
        about = {"training": self.fingerprint, "best": best is not None, **progress}
        write_tensors(self.path, FORMAT, VERSION, about, tensors)

    def read(self) -> Kept:
        """What the file holds; raises `CheckpointError` when it is not this training's."""
        try:
            about, tensors = read_tensors(self.path, FORMAT, VERSION)
        except ModelFileError as error:
            raise CheckpointError(
                f"{error}. Delete the file, or drop resume=True, to begin anew"
            ) from None
        self._compare(about.get("training"))
        try:
            return Kept(
                state=_part(tensors, "state/"),
                best=_part(tensors, "best/") if about["best"] else None,
                epoch=int(about["epoch"]),
                position=int(about["position"]),
                early_stopping=about["early_stopping"],
                schedule=about["schedule"],
                history=History.from_dicts(about["history"]),
                losses=tensors["epoch/losses"],
                correct=tensors["epoch/correct"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"'{self.path}' is a damaged checkpoint: {error!r}") from None

    def _compare(self, theirs: Any) -> None:
        if theirs == self.fingerprint:
            return
        theirs = theirs if isinstance(theirs, dict) else {}
        for part, ours in self.fingerprint.items():
            other = theirs.get(part)
            if other == ours:
                continue
            if isinstance(ours, dict) and isinstance(other, dict):
                keys = sorted(k for k in {*ours, *other} if ours.get(k) != other.get(k))
                shown = "; ".join(
                    f"{k} was {other.get(k)!r} and is now {ours.get(k)!r}" for k in keys[:3]
                )
            else:
                shown = f"it was {other!r} and is now {ours!r}"
            raise CheckpointError(
                f"'{self.path}' is a checkpoint of another training: its {part} differ ({shown}). "
                "Resume with the same network, data and options, or choose another file"
            )


def _part(tensors: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}
