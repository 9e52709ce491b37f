"""Safetensors files with a JSON description: written beside and renamed, read with suspicion.

A file is a header (JSON: where each tensor lies) and the tensors' bytes; nothing in it is ever
executed. Our description is JSON too, in the header's ``__metadata__``, with a checksum of itself
and of the tensors, so that damage is noticed.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ModelFileError

LARGEST_HEADER = 100_000_000
"""Bytes; the limit of safetensors itself."""


def write_tensors(
    path: Path, kind: str, version: int, about: Mapping[str, Any], tensors: Mapping[str, np.ndarray]
) -> None:
    """Write a file beside its place, flush it to disk, and rename it into its place."""
    from safetensors.numpy import save

    arrays = {name: np.array(a, order="C") for name, a in tensors.items()}
    text = json.dumps(about, separators=(",", ":"))
    metadata = {
        "format": kind,
        "version": str(version),
        "about": text,
        "checksum": _checksum(text, arrays),
    }
    content = save(arrays, metadata)
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def read_tensors(
    path: Any, kind: str, version: int
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The description and the tensors of a file of ours.

    Raises
    ------
    ModelFileError : missing, damaged, foreign or too new.
    """
    metadata, tensors = read_any(path)
    found = metadata.get("format")
    if found is None:
        raise ModelFileError(
            f"'{path}' is a safetensors file, but not one that layerwise wrote: it holds tensors "
            "and no graph. To use its weights: layerwise.load(path, into=net)"
        )
    if found != kind:
        advice = {
            "layerwise-checkpoint": "it is a checkpoint: use train(checkpoint=, resume=True)",
            "layerwise-model": "it is a saved model: layerwise.load reads it",
        }.get(found, "it was written by another program")
        raise ModelFileError(f"'{path}': expected the format '{kind}', got '{found}'; {advice}")
    number = metadata.get("version", "")
    if not number.isdecimal():
        raise ModelFileError(f"'{path}' is damaged: its version is {number!r}")
    if int(number) > version:
        raise ModelFileError(
            f"'{path}' has version {number} of the format '{kind}', and this layerwise reads up to "
            f"{version}; upgrade: pip install -U layerwise"
        )
    text = metadata.get("about", "")
    if metadata.get("checksum") != _checksum(text, tensors):
        raise ModelFileError(
            f"'{path}' is damaged: its checksum does not fit its content, so it was changed after "
            "it was written; take a fresh copy"
        )
    try:
        about = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"'{path}' is damaged: its description is no JSON ({error})") from None
    if not isinstance(about, dict):
        raise ModelFileError(f"'{path}' is damaged: its description is no JSON object")
    return about, tensors


def format_of(path: Any) -> str:
    """What a file says that it is, by its header alone; '' where that says nothing."""
    try:
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > LARGEST_HEADER:
                return ""
            return str(json.loads(file.read(length))["__metadata__"]["format"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""


def read_any(path: Any) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """Metadata and tensors of any safetensors file; `ModelFileError` when it is none."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise ModelFileError(f"there is no file '{path}'; check the path") from None
    except IsADirectoryError:
        raise ModelFileError(f"'{path}' is a folder; expected a model file") from None
    except OSError as error:
        raise ModelFileError(f"'{path}' cannot be read: {error}") from None
    header = _header(path, content)
    metadata = header.get("__metadata__") or {}
    try:
        tensors = load(content)
    # The library lets NumPy's and Python's own errors through for headers that make no sense.
    except (SafetensorError, ValueError, TypeError, KeyError, OverflowError, MemoryError) as error:
        raise ModelFileError(f"'{path}' is damaged, or holds what NumPy cannot: {error}") from None
    return metadata, tensors


def _header(path: Any, content: bytes) -> dict[str, Any]:
    advice = "expected a .safetensors file; take a fresh copy, or train and save again"
    if len(content) < 8:
        raise ModelFileError(f"'{path}' is empty or cut off ({len(content)} bytes); {advice}")
    length = int.from_bytes(content[:8], "little")
    if length > LARGEST_HEADER or content[8:9] != b"{":
        raise ModelFileError(f"'{path}' is no model file: it does not begin as one; {advice}")
    if len(content) < 8 + length:
        raise ModelFileError(
            f"'{path}' is cut off: its header has {length} bytes, the file only {len(content)}; "
            f"{advice}"
        )
    try:
        header = json.loads(content[8 : 8 + length])
    except (ValueError, RecursionError):
        raise ModelFileError(f"'{path}' is damaged: its header is no JSON; {advice}") from None
    metadata = header.get("__metadata__") if isinstance(header, dict) else None
    if not isinstance(header, dict) or not isinstance(metadata or {}, dict):
        raise ModelFileError(f"'{path}' is damaged: its header is no JSON object; {advice}")
    if not all(isinstance(v, str) for v in (metadata or {}).values()):
        raise ModelFileError(f"'{path}' is damaged: its metadata is not text; {advice}")
    ends = [0]
    for name, entry in header.items():
        if name != "__metadata__":
            try:
                ends.append(int(entry["data_offsets"][1]))
            except (TypeError, KeyError, IndexError, ValueError, OverflowError):
                raise ModelFileError(
                    f"'{path}' is damaged: its header does not say where '{name}' lies; {advice}"
                ) from None
    if max(ends) != len(content) - 8 - length:
        raise ModelFileError(
            f"'{path}' is cut off or has something added: its tensors need {max(ends)} bytes, "
            f"{len(content) - 8 - length} are there; {advice}"
        )
    return header


def _checksum(text: str, arrays: Mapping[str, np.ndarray]) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(
            f"{name} {arrays[name].shape} {array.dtype.str};".encode("utf-8", "surrogatepass")
        )
        digest.update(array.tobytes())
    return digest.hexdigest()
