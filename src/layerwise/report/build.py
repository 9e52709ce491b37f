"""`build_report` and `write_report`: the two functions of this room that others call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import OptionError
from ..training.run import Run
from .collect import NO_HELD_OUT, collect
from .files import write_page
from .render import render


def build_report(
    model: Any,
    held_out: Any = None,
    *,
    training: Any = None,
    validation: Any = None,
    run: Run | None = None,
    diagnosis: Any = None,
    picture_shape: tuple[int, int] | None = None,
    title: str | None = None,
    source: str = "",
    notes: Sequence[str] = (),
    why_not: str = NO_HELD_OUT,
) -> str:
    """A page about a model: one HTML text that needs nothing else and no network.

    Sections for which there is no data are left out, and the page says why.

    Parameters
    ----------
    model : a `layerwise.Model`, trained here or loaded; a fitted `Classifier` or `Regressor`; a
        trained network; or what `layerwise.train` gave.
    held_out : (X, y), rows that neither trained nor validated, as the model's `predict` takes them,
        and their answers. The result, the class by class measures and the mistakes are of these.
    training : (X, y), or the `Rows` of a run: for the simple guess and for what layers find.
    validation : likewise; the temperature of the calibration is fitted on them.
    run : what `layerwise.train` gave: its history, probes, and rows where none are given here.
    diagnosis : what the doctor said of the training; what the model remembers when None.
    picture_shape : (height, width) where rows are pictures laid flat; rows of two axes need none.
    title : of the page.
    source : where the data came from, for people.
    notes : sentences that stand at the top.
    why_not : what to say where held-out rows are missing.

    Returns
    -------
    HTML. The same model and rows give the same page, but for the date.

    Raises
    ------
    DataError, OptionError : rows or answers that do not fit the model.
    TypeError : no model.

    Examples
    --------
    >>> run = lw.train(net, (X, y), validation=(Xv, yv))  # doctest: +SKIP
    >>> lw.report.write_report("report.html", run, held_out=(Xt, yt))  # doctest: +SKIP
    """
    if picture_shape is not None:
        shape = tuple(picture_shape)
        if len(shape) != 2 or not all(isinstance(side, int) and side > 0 for side in shape):
            raise OptionError(
                f"picture_shape: expected (height, width), such as (8, 8), got {picture_shape!r}"
            )
    data = collect(
        model,
        held_out,
        training=training,
        validation=validation,
        run=run,
        diagnosis=diagnosis,
        picture_shape=picture_shape,
        title=title,
        source=source,
        notes=notes,
        why_not=why_not,
    )
    return render(data)


def write_report(path: str | Path, model: Any, held_out: Any = None, **options: Any) -> Path:
    """Write the page of `build_report` to a file, whole or not at all; gives its path.

    Parameters
    ----------
    path : of the file, .html.
    model, held_out, options : as for `build_report`.

    Raises
    ------
    OptionError : the file cannot be written there; and as `build_report`.
    """
    path = Path(path).expanduser()
    if path.suffix.lower() not in (".html", ".htm"):
        raise OptionError(f"expected the name of an .html file for the report, got '{path}'")
    if not path.parent.is_dir():
        raise OptionError(f"cannot write '{path}': there is no folder '{path.parent}'")
    return write_page(path, build_report(model, held_out, **options))
