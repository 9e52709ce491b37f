"""Model files: an inference graph, its tensors and its description in one safetensors file.

Loading builds the graph from primitives that this library knows, so it needs no code of the
model's author and executes none.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np

from ..errors import DTypeError, ModelFileError, OptionError, ShapeError
from ..graph import Tensor, dtypes, show, topological_order
from ..graph.leaves import Input
from ..nn.inputs import input_names, trace_rows
from ..nn.losses import OUTPUTS
from ..nn.module import Module
from ..nn.notes import RowKinds, notes_of
from ..nn.parameter import Buffer, Held, Parameter
from ..nn.trace import Trace
from .container import format_of, read_any, read_tensors, write_tensors
from .graph_module import GraphModule
from .graphs_by_length import GraphsByLength
from .layers import Layer, layer_calls, layer_of
from .model import TARGETS, Model
from .serialise import graph_from_json, graph_to_json

if TYPE_CHECKING:
    from ..data.pictures import PictureKind

FORMAT = "layerwise-model"
VERSION = 2
"""Since 2 a model may have `columns`: what becomes of raw rows of a table."""

ELSEWHERE: dict[str, tuple[str, str]] = {
    "layerwise-translator": ("layerwise.estimators", "Translator"),
}
"""Formats of other rooms, below this one: the class that reads each, imported when needed."""

M = TypeVar("M", bound=Module)


def save(model: Model | Module, path: str | Path, example: Any = None) -> None:
    """Write a model or a network to one file; see `Model.save`."""
    save_model(model if isinstance(model, Model) else Model(model), path, example)


@overload
def load(path: str | Path) -> Model: ...
@overload
def load(path: str | Path, into: M) -> M: ...
def load(path: str | Path, into: Module | None = None) -> Any:
    """Read a saved model, or put its weights into a network of one's own.

    Parameters
    ----------
    path : a file that `Model.save` or `Module.save` wrote; with `into`, any safetensors file with
        tensors of the network's names, such as a PyTorch state dict.
    into : a network with the same parameter names and shapes. Only weights are loaded, so the
        preprocessing of the saved model is not part of it; a warning says so if there is any.

    Returns
    -------
    A `Model` that predicts without its author's code, or a `Translator`; or `into`, filled.

    Raises
    ------
    ModelFileError : the file is missing, damaged, foreign or too new, or does not fit `into`. The
        network is left as it was.
    """
    if into is not None:
        return _fill(into, path)
    home = ELSEWHERE.get(format_of(path))
    if home is not None:
        room, name = home
        return getattr(importlib.import_module(room), name).load(path)
    about, tensors = read_tensors(path, FORMAT, VERSION)
    try:
        return _model(about, tensors)
    except ModelFileError as error:
        raise ModelFileError(f"'{path}' holds no valid model: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ModelFileError(f"'{path}' holds no valid model: {error!r}") from None


# -- writing ---------------------------------------------------------------------------------------


def save_model(model: Model, path: str | Path, example: Any) -> None:
    """Write a model; see `Model.save`."""
    path = check_writable(path)
    inputs, output, layers, outputs = trace_whole(model, example)
    held = dict(model.net.named_held())
    about, constants = about_graph(inputs, output, {h.tensor: n for n, h in held.items()}, outputs)
    clash = constants.keys() & held.keys()
    if model.columns is not None:
        clash |= {n for n in held if n.startswith("encoder.")}
    if model.texts is not None:
        clash |= {n for n in held if n.startswith("texts.")}
    if clash:
        raise OptionError(f"a parameter cannot be called {sorted(clash)[0]!r}; rename it")
    about |= {
        "parameters": [n for n, h in held.items() if isinstance(h, Parameter)],
        "buffers": [n for n, h in held.items() if isinstance(h, Buffer)],
        "layers": [list(layer) for layer in layers],
        "output": model.output,
        "target": model.target,
        "classes": model.classes,
        "features": model.features,
        "preprocessed": model.preprocess is not None,
        "summary": model.summary,
    }
    tensors = {n: h.value for n, h in held.items()} | constants
    if model.columns is not None:
        about["columns"], learned = model.columns.to_json()
        tensors |= learned
    if model.pictures is not None:
        about["pictures"] = model.pictures.to_json()
    if model.texts is not None:
        about["texts"], learned = model.texts.to_json()
        about["texts"]["graphs"] = _other_lengths(model, {h.tensor: n for n, h in held.items()})
        tensors |= learned
    write_tensors(path, FORMAT, VERSION, about, tensors)


def check_writable(path: str | Path) -> Path:
    """The path; raises `OptionError` when no file can be written there."""
    path = Path(path).expanduser()
    if path.is_dir():
        raise OptionError(f"cannot save to '{path}': it is a folder; name a file in it")
    if not path.parent.is_dir():
        raise OptionError(f"cannot save to '{path}': there is no folder '{path.parent}'")
    return path


def trace_whole(model: Model, example: Any) -> tuple[list[Tensor], Tensor, list[Layer], list[Any]]:
    """Inputs and output of a model's graph in evaluation mode, its layers and their outputs."""
    if example is not None:
        given = example if isinstance(example, tuple) else (example,)
        arrays = [dtypes.as_array(x) for x in given]
    elif model.columns is not None:
        arrays = model.columns.example()
    elif model.texts is not None:
        arrays = model.texts.example()
    elif model.pictures is not None:
        arrays = [np.zeros((1, *model.pictures.shape), model.net.dtype)]
    else:
        kinds = notes_of(model.whole).rows or notes_of(model.net).rows
        if kinds is None:
            raise OptionError(
                "the kind of rows is not known yet, since the network was neither trained nor "
                "evaluated: give some, save(path, example=X)"
            )
        arrays = _rows_like(kinds)
    inputs, output, trace = trace_rows(model.whole, arrays, Trace)
    if not isinstance(output, Tensor):
        raise TypeError(f"only a model with one output can be saved, got {type(output).__name__}")
    calls = layer_calls(trace)
    return inputs, output, [layer_of(call) for call in calls], [call.output for call in calls]


def _rows_like(kinds: RowKinds) -> list[np.ndarray]:
    pairs = zip(kinds.shapes, kinds.dtypes, strict=True)
    return [np.zeros((1, *shape), dtype) for shape, dtype in pairs]


def _other_lengths(model: Model, names: Mapping[Tensor, str]) -> list[dict[str, Any]]:
    """The graphs for texts of every length but the shortest, which the file has already."""
    assert model.texts is not None
    graphs = []
    for arrays in model.texts.examples()[1:]:
        inputs, output, trace = trace_rows(model.whole, arrays, Trace)
        about, constants = about_graph(
            inputs, output, names, [c.output for c in layer_calls(trace)]
        )
        if constants:
            raise OptionError(
                "a network for texts with large constants cannot be saved: make them an nn.Buffer"
            )
        graphs.append(about)
    return graphs


def about_graph(
    inputs: Sequence[Tensor],
    output: Tensor,
    names: Mapping[Tensor, str],
    layers: Sequence[Any] = (),
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """A graph as JSON values, with its large constants by name.

    Of `layers`, the outputs of layers, those that the output needs have the number of their node;
    the others have None.
    """
    # The inputs too, so that one that the output does not need keeps its place.
    roots = [output, *inputs]
    needed = set(topological_order(roots))
    shown = [layer for layer in layers if isinstance(layer, Tensor) and layer in needed]
    nodes, (result, *numbers), constants = graph_to_json([*roots, *shown], names)
    fed, numbered = numbers[: len(inputs)], dict(zip(shown, numbers[len(inputs) :], strict=True))
    places = [numbered.get(layer) for layer in layers]
    about = {"nodes": nodes, "graph_inputs": fed, "graph_output": result, "layer_outputs": places}
    return about, constants


# -- reading ---------------------------------------------------------------------------------------


def graph_of(
    about: Mapping[str, Any], tensors: Mapping[str, np.ndarray], variables: Mapping[str, Tensor]
) -> tuple[list[Tensor], Tensor, list[Tensor | None]]:
    """The inverse of `about_graph`: inputs, output, layers' outputs; raises `ModelFileError`.

    Files that were written before layers' outputs were noted give no such outputs.
    """
    nodes = graph_from_json(about.get("nodes"), tensors, variables)
    fed: Any = about.get("graph_inputs")
    result: Any = about.get("graph_output")
    known = isinstance(fed, list) and fed and all(_is_index(i, nodes) for i in (*fed, result))
    if not known:
        raise ModelFileError("the graph does not say which nodes are its inputs and its output")
    inputs = [nodes[i] for i in fed]
    labels = [i.primitive.label for i in inputs if isinstance(i.primitive, Input)]
    stray = {n for n in nodes if isinstance(n.primitive, Input)} - set(inputs)
    if labels != input_names(len(inputs)) or stray:
        raise ModelFileError(f"the graph's inputs are named {labels}, which is not possible")
    places = about.get("layer_outputs", [])
    if not isinstance(places, list) or any(
        p is not None and not _is_index(p, nodes) for p in places
    ):
        raise ModelFileError("'layer_outputs' is no list of nodes")
    return inputs, nodes[result], [None if p is None else nodes[p] for p in places]


def _is_index(value: Any, of: Sequence[Any]) -> bool:
    return type(value) is int and 0 <= value < len(of)


def _model(about: dict[str, Any], tensors: dict[str, np.ndarray]) -> Model:
    held: dict[str, Held] = {}
    for kind, key in ((Parameter, "parameters"), (Buffer, "buffers")):
        for name in _texts(about, key) or ():
            if name not in tensors:
                raise ModelFileError(f"the tensor '{name}' is missing")
            if tensors[name].dtype not in dtypes.ALL:
                raise ModelFileError(f"the tensor '{name}' has dtype {tensors[name].dtype}")
            held[name] = kind(tensors[name], name)
    inputs, output, found = graph_of(about, tensors, {n: h.tensor for n, h in held.items()})
    layers = _layers(about.get("layers"))
    if found and len(found) != len(layers):
        raise ModelFileError(f"there are {len(layers)} layers with {len(found)} outputs")
    columns = None
    if about.get("columns") is not None:
        # What it takes to read tables is of no use for other models.
        from .raw_columns import RawColumns

        columns = RawColumns.from_json(about["columns"], tensors)
        columns.check_inputs(inputs)
    pictures = None if about.get("pictures") is None else _pictures(about["pictures"], inputs)
    texts, graphs = None, []
    if about.get("texts") is not None:
        from .raw_texts import RawTexts

        described = dict(about["texts"])
        variables = {n: h.tensor for n, h in held.items()}
        graphs = [graph_of(each, tensors, variables) for each in described.pop("graphs")]
        if any(len(places) != len(layers) for _, _, places in graphs):
            raise ModelFileError("the graphs of other lengths do not fit the table of layers")
        texts = RawTexts.from_json(described, tensors)
        texts.check_inputs([inputs, *(given for given, _, _ in graphs)])
    for key, known in (("output", OUTPUTS), ("target", TARGETS)):
        if about.get(key) not in known:
            raise ModelFileError(f"expected one of {', '.join(known)} as {key}")
    classes = about.get("classes")
    if classes is not None and not (
        isinstance(classes, list) and all(isinstance(c, str | int | float) for c in classes)
    ):
        raise ModelFileError("the classes are no list of names")
    if not isinstance(about.get("summary"), dict):
        raise ModelFileError("the training summary is no object")
    modules = [
        GraphModule(
            each,
            result,
            held,
            [(layer, t) for layer, t in zip(layers, places, strict=False) if t is not None],
        )
        for each, result, places in [(inputs, output, found), *graphs]
    ]
    return Model(
        modules[0] if texts is None else GraphsByLength(modules),
        classes=classes,
        features=_texts(about, "features"),
        output=about["output"],
        target=about["target"],
        summary=about["summary"],
        layers=layers,
        columns=columns,
        pictures=pictures,
        texts=texts,
    )


def _pictures(about: Any, inputs: Sequence[Tensor]) -> PictureKind:
    from ..data.pictures import PictureKind

    kind = PictureKind.from_json(about)
    if [tuple(i.shape[1:]) for i in inputs] != [kind.shape]:
        raise ModelFileError(
            f"the pictures have shape {kind.shape}, and the network takes "
            f"{[show(i.shape) for i in inputs]}"
        )
    return kind


def _texts(about: Mapping[str, Any], key: str) -> list[str] | None:
    found = about.get(key)
    if found is not None and not (
        isinstance(found, list) and all(isinstance(x, str) for x in found)
    ):
        raise ModelFileError(f"'{key}' is no list of names")
    return found


def _layers(given: Any) -> list[Layer]:
    kinds = (str, str, str, int)
    fits = isinstance(given, list) and all(
        isinstance(row, list) and [type(x) for x in row] == list(kinds) for row in given
    )
    if not fits:
        raise ModelFileError("the table of layers is damaged")
    return [Layer(*row) for row in given]


def _fill(net: M, path: str | Path) -> M:
    metadata, tensors = read_any(path)
    wanted = dict(net.named_held())
    preprocessed = False
    if metadata.get("format") is not None:
        about, tensors = read_tensors(path, FORMAT, VERSION)
        named = {*(_texts(about, "parameters") or ()), *(_texts(about, "buffers") or ())}
        tensors = {n: a for n, a in tensors.items() if n in named}
        preprocessed = bool(about.get("preprocessed")) or any(
            about.get(kind) is not None for kind in ("columns", "texts")
        )
    missing = sorted(wanted.keys() - tensors.keys())
    extra = sorted(tensors.keys() - wanted.keys())
    if missing or extra:
        raise ModelFileError(
            f"the tensors of '{path}' do not fit the network: missing {missing}, left over {extra};"
            " the network needs the layers and the names that were saved"
        )
    before = {name: held.value for name, held in wanted.items()}
    try:
        for name, held in wanted.items():
            if held.dtype.kind != tensors[name].dtype.kind:
                raise DTypeError(f"'{name}': expected {held.dtype}, got {tensors[name].dtype}")
            held.value = tensors[name]
    except (ShapeError, DTypeError) as error:
        for name, held in wanted.items():
            held.value = before[name]
        raise ModelFileError(f"the tensors of '{path}' do not fit the network: {error}") from None
    if preprocessed:
        warnings.warn(
            f"'{path}' holds a model that preprocesses raw values; `into` takes its weights only, "
            "so feed the network preprocessed values",
            UserWarning,
            stacklevel=3,
        )
    return net
