"""`layerwise doctor`: its help and its options; the work is in `cli.doctor`."""

from __future__ import annotations

from ..errors import nothing_half_done
from .shared import Json, SavedModel


def doctor(
    model: SavedModel,
    json: Json = False,
) -> None:
    """Say what went wrong in the training of a saved model, why, and what to change."""
    with nothing_half_done():
        from ..doctor import run_doctor

        run_doctor(model, json)
