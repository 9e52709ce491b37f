"""`Model`: a network with what it takes to predict from raw values and to answer in names."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError, OptionError
from ..graph import Tensor, cast, dtypes
from ..nn.losses import OUTPUTS
from ..nn.module import Module
from ..nn.notes import notes_of
from .layers import Layer, table

if TYPE_CHECKING:
    from ..data.encoders import NumberTarget, TableEncoder
    from ..data.pictures import PictureKind
    from ..training import Run
    from .raw_columns import RawColumns
    from .raw_texts import RawTexts

TARGETS = ("classes", "binary", "numbers")


class Model:
    """A trained network, ready to predict and to be saved.

    Parameters
    ----------
    net : the network.
    run : its training, for the summary and for how outputs become predictions; by default what the
        network itself remembers of its last training.
    classes : names of the classes, in the order of their numbers.
    preprocess : what turns raw values into the network's input, written so that it takes arrays and
        tensors: ``lambda x: (x - mean) / scale``. It becomes part of the saved model.
    columns : what turns raw rows of a table (numbers, words, dates) into the network's inputs, in
        place of `preprocess`. The model then takes frames, arrays and tables.
    pictures : what pictures the network takes: the model then takes pictures as they come, as
        arrays or files, and brings them to that size, mode and scale before `preprocess`.
    texts : what turns raw texts into the network's inputs, of one of several lengths. The model
        then takes lists of texts.
    scale : of the numbers that the network was trained to predict. The graph of the model, also
        the saved one, then takes its output to a prediction in the target's own units, so `output`
        becomes identity.
    features : names of the input's columns; those of `columns` when None.
    output : what turns the network's raw output into a prediction: identity, softmax, sigmoid, exp.
    target : kind of target: classes, binary or numbers.
    summary : how it was trained, JSON values only.
    layers : rows of a table; found by tracing when None.

    Raises
    ------
    OptionError : an output or a target that does not exist, or both `preprocess` and `columns`.
    """

    def __init__(
        self,
        net: Module,
        run: Run | None = None,
        classes: Sequence[Any] | None = None,
        preprocess: Callable[[Any], Any] | None = None,
        features: Sequence[str] | None = None,
        output: str | None = None,
        target: str | None = None,
        summary: dict[str, Any] | None = None,
        layers: Sequence[Layer] | None = None,
        columns: RawColumns | None = None,
        scale: NumberTarget | None = None,
        pictures: PictureKind | None = None,
        texts: RawTexts | None = None,
    ) -> None:
        if summary is None:
            summary = (run.summary() if run is not None else notes_of(net).training) or {}
        if columns is not None and preprocess is not None:
            raise OptionError("expected preprocess or columns, got both: give one of them")
        if columns is not None and pictures is not None:
            raise OptionError("expected columns or pictures, got both: give one of them")
        if texts is not None and any(x is not None for x in (columns, pictures, preprocess)):
            raise OptionError(
                "expected texts alone, got columns, pictures or preprocess beside them"
            )
        self.net, self.preprocess, self.summary = net, preprocess, summary
        self.columns = columns
        self.pictures = pictures
        self.texts = texts
        self.classes = None if classes is None else tuple(_plain(c) for c in classes)
        if features is None and columns is not None:
            features = columns.names
        self.features = None if features is None else tuple(str(f) for f in features)
        self.output = output or summary.get("output", "identity")
        self.target = target or summary.get("target", "numbers")
        for what, value, known in (
            ("output", self.output, OUTPUTS),
            ("target", self.target, TARGETS),
        ):
            if value not in known:
                raise OptionError(f"expected one of {', '.join(known)} as {what}, got {value!r}")
        self.whole: Module = net if preprocess is None else _Preprocessed(net, preprocess)
        if scale is not None:
            self.whole = _Rescaled(self.whole, self.output, scale.deviation, scale.mean)
            self.output = "identity"
        self._layers = None if layers is None else list(layers)

    def __call__(self, *inputs: Any) -> Any:
        """The network's raw output for raw values: arrays at once, or a graph for tensors.

        A model with `columns` takes raw rows, one with `pictures` pictures as they come; or a graph
        for tensors of what these become.
        """
        plain = self.columns is None and self.pictures is None and self.texts is None
        if plain or any(isinstance(x, Tensor) for x in inputs):
            return self.whole(*inputs)
        if self.texts is not None:
            return self._raw_of_texts(*inputs)
        return self.whole(*self._encoded(*inputs))

    @property
    def encoder(self) -> TableEncoder | None:
        """What becomes of each column of a raw table; None for a model that takes arrays."""
        return None if self.columns is None else self.columns.encoder

    def predict_probabilities(self, *inputs: Any) -> np.ndarray:
        """The probability of each class: float, shape (n, classes).

        Parameters
        ----------
        inputs : the network's inputs; for a model with `columns` one frame, array, dict of columns,
            list of rows or `layerwise.data.tables.Table` of raw values. Columns are found by name;
            rows without names have the columns of training in order. For a model with `pictures`
            one array of any layout, the path of a picture or a folder, or a list of paths.

        Notes
        -----
        The numbers are the network's confidence; they are only as true as it is calibrated. Raises
        TypeError for a model that predicts numbers.
        """
        if self.target == "numbers":
            raise TypeError("this model predicts numbers, not classes; use predict")
        found = self._prediction(*inputs)
        if self.target == "binary" and math.prod(found.shape[1:]) == 1:
            ones = found.reshape(-1, 1)
            return np.concatenate([1 - ones, ones], axis=1)
        return found

    def predict(self, *inputs: Any) -> np.ndarray:
        """The most probable class of each row, by name where there are names; or the numbers.

        Parameters
        ----------
        inputs : as for `predict_probabilities`.

        Returns
        -------
        Shape (n,) for classes and for a single number; (n, outputs) for several numbers, and for
        several yes-or-no answers, which are 0 and 1.
        """
        found = self._prediction(*inputs)
        if self.target == "numbers":
            return found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found
        if self.target == "binary":
            answers = (found > 0.5).astype(np.int64)
            if math.prod(found.shape[1:]) != 1:
                return answers
            numbers = answers.reshape(-1)
        else:
            numbers = found.argmax(-1)
        return numbers if self.classes is None else np.array(self.classes)[numbers]

    def _prediction(self, *inputs: Any) -> np.ndarray:
        if self.texts is not None:
            return np.asarray(OUTPUTS[self.output](self._raw_of_texts(*inputs)))
        plain = self.columns is None and self.pictures is None
        given = inputs if plain else self._encoded(*inputs)
        raw = self.whole(*(dtypes.as_array(x) for x in given))
        return np.asarray(OUTPUTS[self.output](raw))

    def _raw_of_texts(self, *inputs: Any) -> np.ndarray:
        """The network's raw output for texts, in their order."""
        assert self.texts is not None
        if len(inputs) != 1:
            raise TypeError(f"expected one list of texts, got {len(inputs)} inputs")
        texts = self.texts.texts(inputs[0])
        found: np.ndarray | None = None
        for part in self.texts.encode(texts):
            raw = np.asarray(self.whole(*part.inputs))
            if found is None:
                found = np.zeros((len(texts), *raw.shape[1:]), raw.dtype)
            found[part.rows] = raw
        if found is None:
            raise DataError("expected at least one text, got none")
        return found

    def _encoded(self, *inputs: Any) -> tuple[np.ndarray, ...]:
        if self.pictures is not None:
            if len(inputs) != 1:
                raise TypeError(f"expected one input of pictures, got {len(inputs)}")
            return (self.pictures.take(inputs[0])[0],)
        assert self.columns is not None
        if len(inputs) != 1:
            raise TypeError(f"expected one table of raw rows, got {len(inputs)} inputs")
        return self.columns.inputs(inputs[0])

    @property
    def layers(self) -> list[Layer]:
        """The layers, with shapes and parameter counts; [] before the network has seen rows."""
        if self._layers is None:
            from .file import trace_whole

            unknown = notes_of(self.whole).rows is None and notes_of(self.net).rows is None
            raw = self.columns is not None or self.pictures is not None or self.texts is not None
            if unknown and not raw:
                return []
            self._layers = trace_whole(self, None)[2]
        return self._layers

    @property
    def parameter_count(self) -> int:
        """Numbers that training has set."""
        return self.net.parameter_count

    def save(self, path: str | Path, example: Any = None) -> None:
        """Write one safetensors file that `layerwise.load` reads without this model's code.

        Parameters
        ----------
        path : of the file; it is written beside and renamed into place.
        example : some rows, needed only when the network was neither trained nor evaluated yet.

        Raises
        ------
        OptionError : the path cannot be written, or the kind of rows is not known.
        """
        from .file import save_model

        save_model(self, path, example)

    def __repr__(self) -> str:
        what = self.target if self.classes is None else f"{len(self.classes)} classes"
        return f"Model({what}, {self.parameter_count:,} parameters)\n{table(self.layers)}"


class _Wrapped(Module):
    """A network with something before or behind it; parameters keep the network's names."""

    _net: Module

    def named_held(self) -> Any:
        return self._net.named_held()

    def named_modules(self, prefix: str = "") -> Any:
        # Layers keep the paths that they have in the network alone.
        yield prefix, self
        yield from ((p, m) for p, m in self._net.named_modules(prefix) if m is not self._net)


class _Preprocessed(_Wrapped):
    """A network behind its preprocessing."""

    def __init__(self, net: Module, preprocess: Callable[[Any], Any]) -> None:
        self._net, self._preprocess = net, preprocess

    def forward(self, *inputs: Any) -> Any:
        given = self._preprocess(*inputs)
        return self._net.forward(*(given if isinstance(given, tuple) else (given,)))


class _Rescaled(_Wrapped):
    """A network whose predictions are taken back to the target's own scale."""

    def __init__(self, net: Module, output: str, factor: np.ndarray, shift: np.ndarray) -> None:
        self._net, self._output = net, OUTPUTS[output]
        self._factor, self._shift = np.array(factor), np.array(shift)

    def forward(self, *inputs: Any) -> Any:
        # In float64, as of a large mean float32 would keep few digits for what is added to it.
        raw = cast(self._net.forward(*inputs), "float64")
        return self._output(raw) * self._factor + self._shift


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
