"""Evaluating a call with options, inputs in tuples, or several outputs, on arrays."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import backends
from ..compiler import Backend, Feeds, State
from ..errors import DataError
from ..graph import Tensor, dtypes
from ..graph.dimension import Batch
from .evaluation import Evaluator
from .inputs import trace_rows
from .module import Module
from .parameter import Held
from .structure import leaves, rebuilt


@dataclass(frozen=True)
class _Fed:
    """The place of an array that is fed, by its number."""

    number: int


class _Arranged(Module):
    """A module that takes all arrays of a call in a row; its parameters keep their names."""

    def __init__(self, net: Module, inputs: tuple[Any, ...], options: dict[str, Any]) -> None:
        self._net, self._inputs, self._options = net, inputs, options

    def named_held(self) -> Iterator[tuple[str, Held]]:
        return self._net.named_held()

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        yield prefix, self
        yield from self._net.named_modules(prefix)

    def forward(self, *tensors: Any) -> Any:
        def place(value: Any) -> Any:
            return tensors[value.number] if isinstance(value, _Fed) else value

        return self._net(*rebuilt(self._inputs, place), **rebuilt(self._options, place))


class CallEvaluator(Evaluator):
    """One form of call, compiled for one kind of rows; its outputs come in the module's form."""

    def __init__(self, module: Module, arrays: Sequence[np.ndarray], backend: Backend) -> None:
        _, self._output, _ = trace_rows(module, arrays)
        found = list(leaves(self._output))
        strange = [x for x in found if not isinstance(x, Tensor)]
        if strange:
            raise TypeError(f"forward gave {type(strange[0]).__name__}, expected Tensors")
        outputs = {f"output{i}": tensor for i, tensor in enumerate(found)}
        self._rows = [bool(t.shape) and isinstance(t.shape[0], Batch) for t in found]
        # Only their form counts from here on: the tensors would keep the whole graph alive.
        numbers = iter(range(len(found)))
        self._output = rebuilt(self._output, lambda _: _Fed(next(numbers)))
        self._begin(module, arrays, backend, outputs)

    def __call__(self, state: State, feeds: Feeds) -> Any:
        """All outputs with these weights for these rows, in the tuples of the module."""
        found = self._executable.run(state, feeds)

        def result(place: _Fed) -> np.ndarray:
            value = np.asarray(found[f"output{place.number}"])
            return value if self._rows[place.number] else value[0]

        return rebuilt(self._output, result)


_compiled: weakref.WeakKeyDictionary[Module, dict[tuple, CallEvaluator]] = (
    weakref.WeakKeyDictionary()
)


def evaluate_call(module: Module, inputs: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
    """What a module gives for inputs in tuples, or by name, in evaluation mode.

    Parameters
    ----------
    inputs : arrays whose first axis is rows, tuples of them, or None.
    options : likewise; those in the module's `fixed_options` are arrays without an axis of rows,
        and numbers, words and None are passed on.

    Returns
    -------
    Arrays, in the tuples in which `forward` gives its tensors.

    Raises
    ------
    DataError : the arrays differ in their number of rows.
    """
    arrays: list[np.ndarray] = []

    def feed(value: Any) -> Any:
        if value is None or isinstance(value, _Fed):
            return value
        arrays.append(dtypes.as_array(value))
        return _Fed(len(arrays) - 1)

    def arranged(value: Any) -> Any:
        holds_arrays = any(isinstance(x, np.ndarray | None) for x in leaves(value))
        return rebuilt(value, feed) if isinstance(value, tuple) and holds_arrays else feed(value)

    given = tuple(arranged(x) for x in inputs)
    named = {
        name: value
        if name in module.fixed_options or isinstance(value, bool | int | float | str)
        else arranged(value)
        for name, value in options.items()
    }
    if not arrays or any(a.ndim == 0 for a in arrays) or len({len(a) for a in arrays}) != 1:
        shapes = [a.shape for a in arrays]
        raise DataError(f"expected rows, as many in each input; got arrays of shapes {shapes}")
    backend = backends.get()
    held = dict(module.named_held())
    key = (
        backend.name,
        repr(rebuilt((given, named), _name)),
        tuple((a.shape[1:], a.dtype) for a in arrays),
        tuple((name, h.tensor) for name, h in held.items()),
    )
    kept = _compiled.setdefault(module, {})
    if key not in kept:
        kept[key] = CallEvaluator(_Arranged(module, given, named), arrays, backend)
    evaluator = kept[key]
    state = evaluator.state({name: h.value for name, h in held.items()})
    return evaluator(state, evaluator.feeds(arrays))


def _name(value: Any) -> Any:
    """What tells one fixed option from another in a key."""
    return (value.shape, value.dtype, value.tobytes()) if isinstance(value, np.ndarray) else value
