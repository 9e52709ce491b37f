"""From lines of the op table to programs and their results.

Compiling costs more than running, so that all lines of a group are computed by one program. When
that cannot be compiled, each line gets a program of its own, so that failures name the line.
"""

from __future__ import annotations

import functools
import zlib
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from cases import CASES, FLOAT, Argument, Case

from layerwise import graph
from layerwise.compiler import Feeds, Program, State
from layerwise.graph.leaves import Input

ROWS = 5
"""Rows of the batch, unless a test varies them."""

TOLERANCES = {"float32": (1e-5, 3e-6), "float64": (1e-11, 1e-13)}
"""For results of each dtype: relative to the element, and to the largest element (or 1)."""

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Built:
    """A case as graphs: everything that is computed for it, by the kind of result."""

    case: Case
    inputs: dict[str, graph.Tensor]
    """All leaves: arguments, the cotangent, directions of second derivatives, extremes."""
    results: dict[str, graph.Tensor]


def _dtype(case_dtype: str, dtype: str) -> str:
    return dtype if case_dtype == FLOAT else case_dtype


def _is_float(dtype: str) -> bool:
    return dtype.startswith("float")


def _fed_shape(shape: graph.Shape) -> graph.Shape:
    """The shape with rows in front: (3*batch, 4) is fed as (batch, 3, 4)."""
    if shape and isinstance(shape[0], graph.Batch) and shape[0].multiple > 1:
        return (graph.batch, shape[0].multiple, *shape[1:])
    return shape


@functools.cache
def build(case: Case, dtype: str) -> Built:
    """Make the graphs of a case: output, gradients, second derivatives and extremes."""
    inputs: dict[str, graph.Tensor] = {}
    results: dict[str, graph.Tensor] = {}

    def leaf(name: str, shape: tuple, kind: str) -> graph.Tensor:
        # Every other value without batch is a variable of the state instead of a fed input.
        stays = all(isinstance(d, int) for d in shape) and len(inputs) % 2
        full = f"{case.name}/{name}"
        inputs[name] = (graph.variable if stays else graph.input)(full, shape, kind)
        return inputs[name]

    arguments = [
        leaf(f"argument{i}", a.shape, _dtype(a.dtype, dtype)) for i, a in enumerate(case.arguments)
    ]
    output = results["output"] = case.function(*arguments)
    if case.differentiable:
        floats = [x for x in arguments if _is_float(x.dtype.name)]
        cotangent = leaf("cotangent", _fed_shape(output.shape), output.dtype.name)
        cotangent = graph.reshape(cotangent, output.shape)
        loss = graph.sum(output * cotangent)
        _, gradients = graph.value_and_gradients(loss, floats)
        for i, gradient in enumerate(gradients):
            results[f"gradient{i}"] = gradient
        if case.smooth:
            slope: Any = 0.0
            for i, gradient in enumerate(gradients):
                direction = leaf(f"direction{i}", gradient.shape, gradient.dtype.name)
                slope = graph.sum(gradient * direction) + slope
            _, second = graph.value_and_gradients(slope, floats)
            for i, gradient in enumerate(second):
                results[f"second{i}"] = gradient
    for k, extreme in enumerate(case.extremes):
        given = [
            leaf(f"extreme{k}/{i}", np.shape(values), _dtype(a.dtype, dtype))
            for i, (a, values) in enumerate(
                zip(case.arguments, stretched(case, extreme.inputs), strict=True)
            )
        ]
        result = results[f"extreme{k}"] = case.function(*given)
        if extreme.gradients is not None:
            _, gradients = graph.value_and_gradients(graph.sum(result), given)
            for i, gradient in enumerate(gradients):
                results[f"extreme{k}/gradient{i}"] = gradient
    return Built(case, inputs, results)


def stretched(case: Case, lists: Any) -> list[np.ndarray]:
    """The lists of an extreme, repeated to 19 elements where that changes nothing else.

    So special values meet the vectorised part of a loop as well as its tail.
    """
    arrays = [np.asarray(values) for values in lists]
    if case.elementwise:
        return [np.resize(a, 19) if a.ndim == 1 else a for a in arrays]
    return arrays


def arrays_for(case: Case, dtype: str, rows: int = ROWS) -> Arrays:
    """Numbers for every leaf of a case, the same in every run; floats are exact in float32."""
    built = build(case, dtype)
    arrays: Arrays = {}
    for name, tensor in built.inputs.items():
        generator = np.random.default_rng(zlib.crc32(f"{case.name}/{name}".encode()))
        shape = graph.concrete(tensor.shape, rows)
        if name.startswith("extreme"):
            number, position = name.removeprefix("extreme").split("/")
            value = stretched(case, case.extremes[int(number)].inputs)[int(position)]
        elif name.startswith("argument"):
            value = _random(case.arguments[int(name.removeprefix("argument"))], shape, generator)
        else:
            value = generator.uniform(-1, 1, shape).astype("float32")
        arrays[name] = np.asarray(value).astype(tensor.dtype)
    return arrays


def _random(argument: Argument, shape: tuple[int, ...], generator: np.random.Generator) -> Any:
    if argument.values is not None:
        return np.asarray(argument.values)
    if argument.dtype == "bool":
        return generator.random(shape) < 0.5
    if not argument.dtype.startswith("float"):
        return generator.integers(int(argument.low), int(argument.high), shape)
    return generator.uniform(argument.low, argument.high, shape).astype("float32")


class Compiled:
    """One program for several cases, run for any number of rows."""

    def __init__(self, backend: Any, cases: tuple[Case, ...], dtype: str) -> None:
        self.built = [build(case, dtype) for case in cases]
        self.dtype = dtype
        outputs = {
            f"{b.case.name}/{name}": tensor
            for b in self.built
            for name, tensor in b.results.items()
        }
        self.executable = backend.compile(Program(outputs))
        self._runs: dict[int, dict[str, Arrays]] = {}

    def results(self, rows: int = ROWS) -> dict[str, Arrays]:
        """Results of every case by its name and theirs."""
        if rows not in self._runs:
            self._runs[rows] = self._run(rows)
        return self._runs[rows]

    def _run(self, rows: int) -> dict[str, Arrays]:
        state = State()
        fed: Arrays = {"a row of nothing": np.zeros(rows, "float32")}
        fixed: Arrays = {}
        for b in self.built:
            arrays = arrays_for(b.case, self.dtype, rows)
            for name, tensor in b.inputs.items():
                if not isinstance(tensor.primitive, Input):
                    state[tensor] = arrays[name]
                elif graph.batch in tensor.shape:
                    fed[tensor.primitive.label] = arrays[name]
                else:
                    fixed[tensor.primitive.label] = arrays[name]
        found = self.executable.run(state, Feeds(fed, rows, fixed=fixed))
        return {
            b.case.name: {
                name: self._one_step(found[f"{b.case.name}/{name}"], tensor)
                for name, tensor in b.results.items()
            }
            for b in self.built
        }

    @staticmethod
    def _one_step(array: np.ndarray, tensor: graph.Tensor) -> np.ndarray:
        leads = bool(tensor.shape) and not isinstance(tensor.shape[0], int)
        return array if leads else array[0]


_compiled: dict[tuple, Any] = {}


def results(backend: Any, case: Case, dtype: str, rows: int = ROWS) -> Arrays:
    """What a backend computes for a case."""
    key = (backend.name, case.group, dtype)
    if key not in _compiled:
        cases = tuple(c for c in CASES if c.group == case.group)
        try:
            _compiled[key] = Compiled(backend, cases, dtype)
            _compiled[key].results()
        except Exception as error:
            _compiled[key] = error
    group = _compiled[key]
    if isinstance(group, Compiled):
        return group.results(rows)[case.name]
    alone = (*key, case.name)
    if alone not in _compiled:
        _compiled[alone] = Compiled(backend, (case,), dtype)
    return _compiled[alone].results(rows)[case.name]


@functools.cache
def truth(case: Case, rows: int = ROWS) -> Arrays:
    """What the graph's own evaluation gives in double precision, for the same numbers."""
    built = build(case, "float64")
    arrays = arrays_for(case, "float64", rows)
    values = {tensor: arrays[name] for name, tensor in built.inputs.items()}
    found = graph.evaluate(built.results.values(), values, rows, stable=False)
    return dict(zip(built.results, found, strict=True))


@functools.cache
def oracle(group: str) -> dict[str, Arrays]:
    """JAX's output and gradients in double precision for every case of a group, compiled once."""
    cases = [c for c in CASES if c.group == group and c.oracle is not None]
    numbers = {c.name: arrays_for(c, "float64") for c in cases}

    def compute(numbers: dict[str, Arrays]) -> dict[str, dict[str, Any]]:
        return {c.name: _oracle_of(c, numbers[c.name]) for c in cases}

    found = jax.jit(compute)(numbers)
    return {name: {k: np.asarray(v) for k, v in part.items()} for name, part in found.items()}


def _oracle_of(case: Case, numbers: Arrays) -> dict[str, Any]:
    arguments = [jnp.asarray(numbers[f"argument{i}"]) for i in range(len(case.arguments))]
    assert case.oracle is not None
    if not case.differentiable:
        return {"output": jnp.asarray(case.oracle(*arguments))}
    floats = [i for i, x in enumerate(arguments) if jnp.issubdtype(x.dtype, jnp.floating)]

    def function(*chosen: Any) -> Any:
        full = list(arguments)
        for i, x in zip(floats, chosen, strict=True):
            full[i] = x
        return case.oracle(*full)

    output, pull_back = jax.vjp(function, *(arguments[i] for i in floats))
    cotangent = jnp.asarray(numbers["cotangent"], output.dtype).reshape(output.shape)
    gradients = pull_back(cotangent)
    return {"output": output, **{f"gradient{i}": g for i, g in enumerate(gradients)}}


def assert_close(got: np.ndarray, want: Any, tolerance: float = 1.0, message: str = "") -> None:
    """Same special values; numbers to within a few roundings of the result's dtype."""
    want = np.asarray(want)
    assert got.shape == want.shape, f"{message}: expected shape {want.shape}, got {got.shape}"
    if got.dtype.kind != "f":
        np.testing.assert_array_equal(got, want, message)
        return
    relative, absolute = TOLERANCES[got.dtype.name]
    if want.dtype == np.float32:
        relative, absolute = TOLERANCES["float32"]
    finite = np.abs(np.where(np.isfinite(want), want, 0).astype("float64"))
    scale = max(1.0, float(finite.max(initial=0)))
    np.testing.assert_allclose(
        got.astype("float64"),
        want.astype("float64"),
        rtol=relative * tolerance,
        atol=absolute * tolerance * scale,
        err_msg=message,
    )
