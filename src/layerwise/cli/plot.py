"""`layerwise plot`: an activation with its derivative, or all of them, as a picture."""

from __future__ import annotations

from pathlib import Path

from ..errors import OptionError, unknown
from ..insight import draw_activation, draw_activations
from ..insight.drawing.files import check_suffix
from ..nn import ACTIVATIONS
from .files import check_writable

ALL = "all"


def run_plot(name: str, low: float, high: float, out: Path | None) -> None:
    """Do the command."""
    if Path(name).suffix.lower() == ".safetensors":
        raise OptionError(
            f"{name} is a file, and plot draws activations, such as sigmoid: pictures of a saved "
            "model are in the page that `layerwise report` writes"
        )
    key = name.strip().lower().replace("-", "_")
    if key != ALL and key not in ACTIVATIONS:
        raise unknown("activation", name, [*ACTIVATIONS, ALL])
    if not -1e6 <= low < high <= 1e6:
        raise OptionError(
            f"expected --from below --to, both from -1e6 to 1e6; got --from {low:g} --to {high:g}"
        )
    if out is None:
        out = Path("activations.png" if key == ALL else f"{key}.png")
    path = check_suffix(out)
    check_writable(path)
    draw = draw_activations(None, low, high) if key == ALL else draw_activation(key, low, high)
    draw.savefig(path)
    what = "all activations, each with" if key == ALL else f"{key} and"
    print(f"{what} its derivative, from {low:g} to {high:g}, drawn in {path}")
