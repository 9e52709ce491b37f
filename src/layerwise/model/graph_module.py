"""A module made of a graph: what a saved model becomes without the code of its classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..graph import DTypeError, ShapeError, Tensor, show, substitute
from ..graph.leaves import Input
from ..nn.module import Module
from ..nn.parameter import Held
from ..nn.trace import Call, Trace, current_trace, tracing
from .layers import Layer


class GraphModule(Module):
    """A graph whose inputs are the module's and whose variables are its parameters and buffers.

    Parameters
    ----------
    inputs : the graph's inputs, in the order of the forward function's.
    output : what it computes.
    held : parameters and buffers by name; their tensors are the graph's variables.
    layers : the layers whose outputs are nodes of the graph, in the order of the forward pass, with
        those nodes. A trace notes them as if they had been called.
    """

    def __init__(
        self,
        inputs: Sequence[Tensor],
        output: Tensor,
        held: Mapping[str, Held],
        layers: Sequence[tuple[Layer, Tensor]] = (),
    ) -> None:
        self._held = dict(held)
        variables = {n: h.tensor for n, h in held.items()}
        self._graph = _Graph(tuple(inputs), output, variables, tuple(t for _, t in layers))
        self._layers = [SavedLayer(layer, held) for layer, _ in layers]
        for name, item in self._held.items():
            item.name = name

    @property
    def row_shapes(self) -> list[tuple[Any, ...]]:
        """Shape of one row of each input."""
        return [tuple(i.shape[1:]) for i in self._graph.inputs]

    def named_held(self) -> Iterator[tuple[str, Held]]:
        """The parameters and buffers under the names of the file."""
        return iter(self._held.items())

    def children(self) -> Iterator[tuple[str, Module]]:
        """The layers of the network that was saved, as far as the file says where they are."""
        return ((layer.path, layer) for layer in self._layers)

    def forward(self, *inputs: Any) -> Any:
        """The graph, applied to other inputs."""
        wanted = self._graph.inputs
        if len(inputs) != len(wanted):
            raise TypeError(f"the model takes {len(wanted)} inputs, got {len(inputs)}")
        for given, want in zip(inputs, wanted, strict=True):
            label = want.primitive.label if isinstance(want.primitive, Input) else "x"
            if given.shape != want.shape:
                raise ShapeError(
                    f"the model takes '{label}' of shape {show(want.shape)}, got "
                    f"{show(given.shape)}"
                )
            if given.dtype != want.dtype:
                raise DTypeError(f"the model takes '{label}' as {want.dtype}, got {given.dtype}")
        replaced = dict(zip(wanted, inputs, strict=True))
        # A deep copy holds other variables than the graph was built with.
        replaced |= {old: self._held[n].tensor for n, old in self._graph.variables.items()}
        output, *layers = substitute([self._graph.output, *self._graph.layers], replaced)
        trace = current_trace()
        if trace is not None:
            for layer, tensor in zip(self._layers, layers, strict=True):
                path = ".".join(part for part in (trace.path, layer.path) if part)
                trace.calls.append(Call(path, layer, (), tensor))
        return output

    def __reduce__(self) -> tuple:
        from .file import about_graph

        named = {item.tensor: name for name, item in self._held.items()}
        inputs, trace = self._graph.inputs, Trace()
        with tracing(trace):
            output = self.forward(*inputs)
        found = [c.output for c in trace.calls]
        about, constants = about_graph(inputs, output, named, found)
        layers = [layer.layer for layer in self._layers]
        return _rebuild, (about, constants, self._held, layers)

    def extra_repr(self) -> str:
        """Shapes."""
        shapes = ", ".join(show(i.shape) for i in self._graph.inputs)
        return f"{shapes} -> {show(self._graph.output.shape)}"


class _Graph:
    """Tensors, kept where `Module` does not look for parameters."""

    def __init__(
        self,
        inputs: tuple[Tensor, ...],
        output: Tensor,
        variables: dict[str, Tensor],
        layers: tuple[Tensor, ...],
    ) -> None:
        self.inputs, self.output, self.variables, self.layers = inputs, output, variables, layers


class SavedLayer(Module):
    """A layer of a saved network: what it was called, without its code.

    Parameters
    ----------
    layer : its row in the table of layers.
    held : parameters and buffers of the whole network by name; those of the layer are its own too.
    """

    def __init__(self, layer: Layer, held: Mapping[str, Held]) -> None:
        self.layer, self.path = layer, layer.path
        for name, item in held.items():
            owner, _, own = name.rpartition(".")
            # A file may call its tensors what it likes; no name may hide a method.
            if owner == layer.path and not hasattr(self, own):
                setattr(self, own, item)

    def forward(self, *inputs: Any) -> Any:
        """Not possible: the graph of the whole network has what the layer computes."""
        raise NotImplementedError(
            f"layer '{self.path}' of a loaded model cannot be called by itself; call the model, or "
            "load its weights into a network of your own with load(path, into=net)"
        )

    def initialise(self, generator: np.random.Generator) -> None:
        """Not possible: how a layer begins is in its code, which is not in the file."""
        raise NotImplementedError(f"layer '{self.path}' of a loaded model cannot begin anew")

    def __repr__(self) -> str:
        return self.layer.layer


def _rebuild(
    about: dict[str, Any],
    constants: dict[str, Any],
    held: dict[str, Held],
    layers: Sequence[Layer] = (),
) -> GraphModule:
    from .file import graph_of

    inputs, output, found = graph_of(about, constants, {n: h.tensor for n, h in held.items()})
    pairs = [(layer, t) for layer, t in zip(layers, found, strict=True) if t is not None]
    return GraphModule(inputs, output, held, pairs)
