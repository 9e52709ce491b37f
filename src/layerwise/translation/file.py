"""A translator as one safetensors file: its sizes and vocabularies as checked JSON, its tensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..data.encoders.reading import read_choice, read_flag, read_number, read_object, read_whole
from ..errors import DTypeError, ModelFileError, ShapeError
from ..model.container import read_tensors, write_tensors
from ..model.file import check_writable
from .codec import TextCodec
from .model import NETWORKS, TranslationModel, make_network
from .network import Sizes

FORMAT = "layerwise-translator"
VERSION = 1

LARGEST = 1 << 20
"""Of any size in a file; more is an accident or an attack."""

MOST_LAYERS = 64


def save(model: TranslationModel, path: str | Path) -> None:
    """Write a model to one file; raises `OptionError` where none can be written."""
    shared = model.source is model.target or model.source == model.target
    about = {
        "network": model.network.kind,
        "sizes": model.sizes._asdict(),
        "source": model.source.as_json(),
        "target": None if shared else model.target.as_json(),
        "ratio": model.ratio,
        "extra": model.extra,
        "summary": model.summary,
    }
    tensors = {name: held.value for name, held in model.network.named_held()}
    write_tensors(check_writable(path), FORMAT, VERSION, about, tensors)


def load(path: str | Path) -> TranslationModel:
    """Read what `save` wrote.

    Raises
    ------
    ModelFileError : the file is missing, damaged, foreign or too new.
    """
    about, tensors = read_tensors(path, FORMAT, VERSION)
    try:
        return _model(about, tensors)
    except ModelFileError as error:
        raise ModelFileError(f"'{path}' holds no valid translator: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ModelFileError(f"'{path}' holds no valid translator: {error!r}") from None


def _model(about: dict[str, Any], tensors: Mapping[str, np.ndarray]) -> TranslationModel:
    read_object(
        about,
        "the description of a translator",
        ("network", "sizes", "source", "target", "ratio", "extra", "summary"),
    )
    kind = read_choice(about["network"], "the kind of network", NETWORKS)
    source = TextCodec.from_json(about["source"])
    target = source if about["target"] is None else TextCodec.from_json(about["target"])
    sizes = _sizes(about["sizes"])
    if (sizes.source_tokens, sizes.target_tokens) != (len(source), len(target)):
        raise ModelFileError("the vocabularies are not as long as the network takes them to be")
    if not isinstance(about["summary"], dict):
        raise ModelFileError("the training summary is no object")
    _check_amount(kind, sizes, tensors)
    network = make_network(kind, sizes)
    held = dict(network.named_held())
    if held.keys() != tensors.keys():
        raise ModelFileError(
            f"tensors are missing or left over: {sorted(held.keys() ^ tensors.keys())[:5]}"
        )
    for name, item in held.items():
        if tensors[name].dtype != item.dtype or not np.isfinite(tensors[name]).all():
            raise ModelFileError(f"the tensor '{name}' is no finite {item.dtype}")
    try:
        network.load_state_dict(dict(tensors))
    except (ShapeError, DTypeError) as error:
        raise ModelFileError(str(error)) from None
    ratio = read_number(about["ratio"], "ratio")
    if not 0 < ratio <= 1000:
        raise ModelFileError(f"expected a ratio of lengths from 0 to 1000, got {ratio}")
    extra = read_whole(about["extra"], "extra", 0, 10_000)
    return TranslationModel(network, source, target, ratio, extra, about["summary"])


def _sizes(given: Any) -> Sizes:
    read_object(given, "sizes of a network", Sizes._fields)
    values = {
        name: read_whole(given[name], name, 1, MOST_LAYERS if name == "layers" else LARGEST)
        for name in Sizes._fields
        if name not in ("dropout", "shared")
    }
    dropout = read_number(given["dropout"], "dropout")
    if not 0 <= dropout < 1:
        raise ModelFileError(f"expected a dropout from 0 to below 1, got {dropout}")
    return Sizes(**values, dropout=dropout, shared=read_flag(given["shared"], "shared"))


def _check_amount(kind: str, sizes: Sizes, tensors: Mapping[str, np.ndarray]) -> None:
    """Raise before a network is made that is far larger than what the file has for it."""
    d = sizes.features
    tables = (sizes.target_tokens + (0 if sizes.shared else sizes.source_tokens)) * d
    each = 12 * d * d + 5 * d * sizes.hidden if kind == "transformer" else 12 * d * d
    least = tables + sizes.layers * each // 2
    if least > sum(array.size for array in tensors.values()):
        raise ModelFileError("the tensors are too few for a network of these sizes")


__all__ = ["FORMAT", "load", "save"]
