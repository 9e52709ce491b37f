"""`Module`: a part of a model, made of parameters and other modules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..graph import ShapeError, Tensor, dtypes
from .initialisation import generator_for
from .parameter import Buffer, Held, Parameter
from .structure import leaves
from .trace import Call, Trace, current_trace, tracing


class Module:
    """Base of layers and models; a subclass writes `forward` in graph functions.

    Parameters, buffers and modules are found among the instance's attributes, in lists, tuples
    and dicts too. Their names are their paths: ``layers.0.weight``.

    Calling a module on tensors builds a graph. Calling it on arrays, outside a trace, evaluates at
    once, in evaluation mode, and gives NumPy arrays.
    """

    least_rows = 1
    """Rows that a training step must have; batch normalisation needs more than one."""

    fixed_options: tuple[str, ...] = ()
    """Options whose arrays are the same for all rows of a batch, such as a mask of positions."""

    _gives_several = False

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """The output's graph for the inputs' graphs."""
        raise NotImplementedError(f"{type(self).__name__} has no forward(self, x)")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Build a graph for tensors; evaluate at once for arrays.

        What has a row for each row of the batch is an input, given by position or by name: an
        array, or a tuple of them. Other options, such as ``is_causal=True``, say what to build.
        """
        trace = current_trace()
        if trace is None and not any(isinstance(x, Tensor) for x in leaves((inputs, options))):
            return self._evaluate(*inputs, **options)
        if trace is None:
            with tracing(Trace()):
                return self(*inputs, **options)
        with trace.inside(self):
            try:
                output = self.forward(*inputs, **options)
            except ShapeError as error:
                if getattr(error, "layer", None) is not None:
                    raise
                named = ShapeError(f"in layer {self._place(trace)}: {error}")
                named.layer = trace.path or type(self).__name__  # type: ignore[attr-defined]
                raise named from error
            given = (*inputs, *(x for x in options.values() if isinstance(x, Tensor)))
            # Of several outputs the first is the layer's, the others stand beside it: a final
            # state, the weights of attention.
            main = output[0] if isinstance(output, tuple) and output else output
            trace.calls.append(Call(trace.path, self, given, main))
        return output

    def _place(self, trace: Trace) -> str:
        return f"'{trace.path}' ({self})" if trace.path else str(self)

    # -- names -----------------------------------------------------------------------------------

    def _attributes(self) -> dict[str, Any]:
        """Where parameters, buffers and modules are looked for, by name."""
        return vars(self)

    def children(self) -> Iterator[tuple[str, Module]]:
        """Direct submodules with their names."""
        for name, value in _walk(self._attributes()):
            if isinstance(value, Module):
                yield name, value

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """The module itself ('') and all below it with paths; a shared module comes once."""
        seen: set[int] = set()
        stack: list[tuple[str, Module]] = [(prefix, self)]
        while stack:
            path, module = stack.pop()
            if id(module) in seen:
                continue
            seen.add(id(module))
            yield path, module
            below = [(f"{path}.{n}" if path else n, m) for n, m in module.children()]
            stack.extend(reversed(below))

    def named_held(self) -> Iterator[tuple[str, Held]]:
        """All parameters and buffers with their paths; a shared one comes once."""
        seen: set[int] = set()
        for path, module in self.named_modules():
            for name, value in _walk(module._attributes()):
                if isinstance(value, Held) and id(value) not in seen:
                    seen.add(id(value))
                    yield (f"{path}.{name}" if path else name), value

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """All parameters with their paths."""
        return ((n, p) for n, p in self.named_held() if isinstance(p, Parameter))

    def named_buffers(self) -> Iterator[tuple[str, Buffer]]:
        """All buffers with their paths."""
        return ((n, b) for n, b in self.named_held() if isinstance(b, Buffer))

    def parameters(self) -> list[Parameter]:
        """All parameters."""
        return [p for _, p in self.named_parameters()]

    @property
    def parameter_count(self) -> int:
        """Numbers that training sets."""
        return sum(p.value.size for p in self.parameters())

    def initialise(self, generator: np.random.Generator) -> None:
        """Draw new initial values for this module's own parameters and buffers."""
        for name, value in _walk(self._attributes()):
            if isinstance(value, Held):
                raise NotImplementedError(
                    f"{type(self).__name__} holds '{name}' but does not say how it begins: give "
                    "the class a method initialise(self, generator) that sets its `.value`"
                )

    def reset_parameters(self, seed: int | None = None) -> None:
        """Draw new initial values for all layers, as if nothing had been trained.

        With a seed, a layer's values depend on the seed and on its path, not on the other layers.
        Raises NotImplementedError, before anything has changed, if a module does not know how.
        """
        modules = list(self.named_modules())
        before = [(held, held.value) for _, held in self.named_held()]
        try:
            for path, module in modules:
                module.initialise(generator_for(seed, path))
        except BaseException:
            for held, value in before:
                held.value = value
            raise

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of all parameters and buffers by path."""
        return {name: held.value.copy() for name, held in self.named_held()}

    def load_state_dict(self, values: dict[str, np.ndarray]) -> None:
        """Set all parameters and buffers; raises KeyError when names are missing or left over."""
        held = dict(self.named_held())
        missing, extra = sorted(held.keys() - values.keys()), sorted(values.keys() - held.keys())
        if missing or extra:
            raise KeyError(f"state does not fit the module: missing {missing}, left over {extra}")
        for name, item in held.items():
            item.name = name
            item.value = values[name]

    def save(self, path: Any, example: Any = None) -> None:
        """Write the module to one safetensors file, to be read by `layerwise.load`.

        Parameters
        ----------
        path : of the file; it is written beside and renamed into place.
        example : some rows, needed only when the module was neither trained nor evaluated yet.
        """
        from ..model import save

        save(self, path, example)

    # -- evaluation --------------------------------------------------------------------------------

    def _evaluate(self, *inputs: Any, **options: Any) -> Any:
        from .call import evaluate_call
        from .evaluation import SeveralOutputsError, evaluate_module

        if options or self._gives_several or any(isinstance(x, tuple | None) for x in inputs):
            return evaluate_call(self, inputs, options)
        try:
            return evaluate_module(self, *(dtypes.as_array(x) for x in inputs))
        except SeveralOutputsError:
            # Known only now, and remembered, as it takes a tracing to find out.
            self._gives_several = True
            return evaluate_call(self, inputs, options)

    def trace_forward(self, trace: Trace, *inputs: Tensor) -> Any:
        """The output's graph, recorded in a trace."""
        with tracing(trace):
            return self(*inputs)

    @property
    def dtype(self) -> np.dtype:
        """Type of the parameters; float32 when there are none."""
        return next((p.dtype for p in self.parameters()), dtypes.float32)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.extra_repr()})"

    def extra_repr(self) -> str:
        """What stands between the brackets when the module is printed."""
        return ""


def _walk(attributes: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in attributes.items():
        if isinstance(value, Held | Module):
            yield name, value
        elif isinstance(value, list | tuple):
            numbered = {str(i): x for i, x in enumerate(value)}
            yield from ((f"{name}.{k}", v) for k, v in _walk(numbered))
        elif isinstance(value, dict):
            yield from ((f"{name}.{k}", v) for k, v in _walk({str(k): x for k, x in value.items()}))
