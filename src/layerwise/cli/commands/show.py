"""`layerwise show`: its help and its options; the work is in `cli.show`."""

from __future__ import annotations

from ..errors import nothing_half_done
from .shared import SavedModel


def show(model: SavedModel) -> None:
    """Show a saved model: its columns, layers, parameters, and how it was trained and tested."""
    with nothing_half_done():
        from ..show import run_show

        run_show(model)
