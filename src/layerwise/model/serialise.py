"""A graph as JSON and back: primitives by name, their attributes checked one by one.

Reading never imports or calls by a name from the file: a node's ``op`` is looked up in
`layerwise.graph.PRIMITIVES`, its attributes must be of the declared types, and the primitive's own
shape rule decides whether the node is possible.
"""

from __future__ import annotations

import functools
import inspect
import math
import typing
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from ..errors import ModelFileError
from ..graph import PRIMITIVES, Batch, Primitive, Tensor, dtypes, show, topological_order
from ..graph.elementwise import Comparison, Logical, LogicalNot, Where
from ..graph.leaves import Constant, Input, Leaf, Variable
from ..graph.movement import Concatenate

INLINE = 16
"""Constants of up to so many elements stand in the JSON; larger ones are tensors of the file."""

LARGEST = 1 << 31
"""Elements that one row may need in any node: more is no model but an attack or an accident."""

_UNARY = ("ArgMax", "Floor", "IsFinite", "LogicalNot", "Sign", "StopGradient")


# -- writing ---------------------------------------------------------------------------------------


def graph_to_json(
    outputs: Iterable[Tensor], variables: Mapping[Tensor, str]
) -> tuple[list[dict[str, Any]], list[int], dict[str, np.ndarray]]:
    """A graph as a list of nodes, each after its inputs.

    Parameters
    ----------
    outputs : what the graph computes.
    variables : names of the tensors in the file that hold the variables' values.

    Returns
    -------
    The nodes, the numbers of the outputs among them, and the large constants by name.
    """
    outputs = list(outputs)
    nodes: list[dict[str, Any]] = []
    numbers: dict[Tensor, int] = {}
    constants: dict[str, np.ndarray] = {}
    for node in topological_order(outputs):
        numbers[node] = len(nodes)
        operation = node.primitive
        if isinstance(operation, Variable):
            entry: dict[str, Any] = {
                "op": "Variable",
                "tensor": variables[node],
                "shape": list(operation.shape),
                "dtype": operation.dtype.name,
            }
        elif isinstance(operation, Constant):
            entry = _constant_to_json(operation, constants)
        else:
            entry = {"op": operation.name} | {
                f.name: _to_json(getattr(operation, f.name))
                for f in fields(operation)  # type: ignore[arg-type]
            }
        if node.inputs:
            entry["inputs"] = [numbers[i] for i in node.inputs]
        nodes.append(entry)
    return nodes, [numbers[o] for o in outputs], constants


def _constant_to_json(constant: Constant, kept: dict[str, np.ndarray]) -> dict[str, Any]:
    array = constant.array
    plain = array.dtype.kind != "f" or bool(np.isfinite(array).all())
    about = {"op": "Constant", "shape": list(array.shape), "dtype": array.dtype.name}
    # JSON has no NaN and no infinity.
    if array.size <= INLINE and plain:
        return about | {"values": array.reshape(-1).tolist()}
    name = f"constant.{len(kept)}"
    kept[name] = array
    return about | {"tensor": name}


def _to_json(value: Any) -> Any:
    if isinstance(value, Batch):
        return {"batch": value.multiple}
    if isinstance(value, np.dtype):
        return value.name
    if isinstance(value, tuple):
        return [_to_json(v) for v in value]
    return value


# -- reading ---------------------------------------------------------------------------------------


def graph_from_json(
    nodes: Any, tensors: Mapping[str, np.ndarray], variables: Mapping[str, Tensor]
) -> list[Tensor]:
    """The tensor of every node.

    Parameters
    ----------
    nodes : what `graph_to_json` gave, from a file that is not trusted.
    tensors : the file's tensors, for large constants.
    variables : the variables that stand for the file's other tensors.

    Raises
    ------
    ModelFileError : a node that is not possible; the message has its number.
    """
    if not isinstance(nodes, list) or not nodes:
        raise ModelFileError("the graph is no list of nodes")
    made: list[Tensor] = []
    for number, entry in enumerate(nodes):
        try:
            tensor = _node(entry, made, tensors, variables)
            _check_size(tensor)
        except ModelFileError as error:
            raise ModelFileError(f"node {number} of the graph: {error}") from None
        # A shape rule may stumble over attributes that no function of ours would give it.
        except (ValueError, TypeError, IndexError, ArithmeticError, AttributeError) as error:
            raise ModelFileError(
                f"node {number} of the graph does not fit its inputs: {error}"
            ) from None
        made.append(tensor)
    return made


def _node(
    entry: Any,
    made: list[Tensor],
    tensors: Mapping[str, np.ndarray],
    variables: Mapping[str, Tensor],
) -> Tensor:
    if not isinstance(entry, dict) or not isinstance(entry.get("op"), str):
        raise ModelFileError(f"expected an object with 'op', got {_short(entry)}")
    name = entry["op"]
    kind = PRIMITIVES.get(name)
    if kind is None:
        raise ModelFileError(
            f"unknown primitive {_short(name)}; was the file written by a newer layerwise?"
        )
    if kind is Variable:
        return _variable(entry, variables)
    if kind is Constant:
        return _constant(entry, tensors)
    expected = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    given = entry.keys() - {"op", "inputs"}
    if given != expected:
        raise ModelFileError(
            f"{name} has the attributes {sorted(expected)}, the file gives {sorted(given)}"
        )
    hints = _hints(kind)
    attributes = {key: _from_json(name, key, hints[key], entry[key]) for key in expected}
    inputs = _inputs(name, kind, entry.get("inputs", []), made)
    _check_axes(name, attributes, inputs)
    return Tensor(kind(**attributes), inputs)


def _variable(entry: dict[str, Any], variables: Mapping[str, Tensor]) -> Tensor:
    name = entry.get("tensor")
    found = variables.get(name) if isinstance(name, str) else None
    if found is None:
        raise ModelFileError(f"there is no tensor {_short(name)} in the file")
    if (list(found.shape), found.dtype.name) != (entry.get("shape"), entry.get("dtype")):
        raise ModelFileError(
            f"the graph expects the tensor '{name}' in shape {_short(entry.get('shape'))}, "
            f"{_short(entry.get('dtype'))}; the file has {show(found.shape)}, {found.dtype}"
        )
    return found


def _constant(entry: dict[str, Any], tensors: Mapping[str, np.ndarray]) -> Tensor:
    shape = _from_json("Constant", "shape", tuple[int, ...], entry.get("shape"))
    dtype = _dtype(entry.get("dtype"))
    if "tensor" in entry:
        array = tensors.get(entry["tensor"]) if isinstance(entry["tensor"], str) else None
        if array is None or array.shape != shape or array.dtype != dtype:
            raise ModelFileError(
                f"the constant {_short(entry['tensor'])} is not in the file as said"
            )
    else:
        values: Any = entry.get("values")
        wanted: tuple[type, ...] = {"f": (int, float), "b": (bool,)}.get(dtype.kind, (int,))
        fits = isinstance(values, list) and len(values) == math.prod(shape) <= INLINE
        if not fits or any(type(v) not in wanted for v in values):
            raise ModelFileError(f"a constant of shape {shape} has the values {_short(values)}")
        array = np.array(values, dtype).reshape(shape)
    return Tensor(Constant(array.tobytes(), shape, dtype))


def _inputs(name: str, kind: type[Primitive], given: Any, made: list[Tensor]) -> list[Tensor]:
    whole = isinstance(given, list) and all(type(i) is int and 0 <= i < len(made) for i in given)
    if not whole:
        raise ModelFileError(
            f"{name}: inputs must be numbers of earlier nodes, got {_short(given)}"
        )
    count = arity(kind)
    if len(given) != count if count is not None else not given:
        raise ModelFileError(f"{name} takes {count or 'some'} inputs, the file gives {len(given)}")
    return [made[i] for i in given]


@functools.cache
def arity(kind: type[Primitive]) -> int | None:
    """How many inputs a primitive takes; None for any number above 0."""
    if issubclass(kind, Leaf):
        return 0
    if kind is Concatenate:
        return None
    if kind.__name__ in _UNARY:
        return 1
    if kind is Where:
        return 3
    if issubclass(kind, Comparison) or (issubclass(kind, Logical) and kind is not LogicalNot):
        return 2
    if kind.__name__ == "RandomBits":
        return 2
    signature = inspect.signature(kind.derivative)
    return len(signature.parameters) - len(("self", "gradient", "output"))


@functools.cache
def _hints(kind: type[Primitive]) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _from_json(name: str, key: str, hint: Any, value: Any) -> Any:
    """A value of the declared type of an attribute."""
    if hint is bool and type(value) is bool:
        return value
    if hint is int and type(value) is int and abs(value) < 1 << 33:
        return value
    if hint is str and isinstance(value, str):
        return value
    if hint is np.dtype:
        return _dtype(value)
    if typing.get_origin(hint) is tuple and isinstance(value, list) and len(value) <= 32:
        element = typing.get_args(hint)[0]
        return tuple(_from_json(name, key, element, v) for v in value)
    if Batch in typing.get_args(hint):
        return _dimension(name, key, value)
    raise ModelFileError(f"{name}: the attribute '{key}' cannot be {_short(value)}")


def _dimension(name: str, key: str, value: Any) -> int | Batch:
    multiple = value.get("batch") if isinstance(value, dict) and len(value) == 1 else None
    if type(multiple) is int and 1 <= multiple < LARGEST:
        return Batch(multiple)
    if type(value) is int and 0 <= value < LARGEST:
        return value
    raise ModelFileError(f"{name}: the attribute '{key}' has the dimension {_short(value)}")


def _dtype(value: Any) -> np.dtype:
    for dtype in dtypes.ALL:
        if value == dtype.name:
            return dtype
    raise ModelFileError(f"unknown dtype {_short(value)}")


def _check_axes(name: str, attributes: Mapping[str, Any], inputs: list[Tensor]) -> None:
    if not inputs:
        return
    rank = len(inputs[0].shape)
    axes = attributes.get("axes", ())
    axes = (*axes, attributes["axis"]) if "axis" in attributes else axes
    if any(not 0 <= a < rank for a in axes) or len(set(axes)) != len(axes):
        raise ModelFileError(f"{name}: axes {axes} do not fit the shape {show(inputs[0].shape)}")


def _check_size(tensor: Tensor) -> None:
    counts = [d.multiple if isinstance(d, Batch) else d for d in tensor.shape]
    if any(c < 0 for c in counts) or math.prod(counts) > LARGEST:
        raise ModelFileError(f"a value of shape {show(tensor.shape)} is beyond all measure")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


__all__ = ["Input", "arity", "graph_from_json", "graph_to_json"]
