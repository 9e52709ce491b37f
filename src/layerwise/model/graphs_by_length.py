"""A loaded network for rows of several lengths: a graph for each, one set of weights.

A graph has static shapes. Its nodes are small beside the weights, so a file holds the graph of
every length that rows are filled up to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..errors import ShapeError
from ..graph import show
from ..nn.module import Module
from ..nn.parameter import Held
from .graph_module import GraphModule


class GraphsByLength(Module):
    """Graphs of one network; the length of the first input's rows says which is meant.

    Parameters
    ----------
    graphs : of the same parameters and buffers; that of the shortest rows stands for all where
        layers are looked at.
    """

    def __init__(self, graphs: Sequence[GraphModule]) -> None:
        # In a dictionary of another kind than `Module` looks into: parameters are listed once.
        self._graphs = _Graphs({graph.row_shapes[0]: graph for graph in graphs})

    @property
    def row_shapes(self) -> list[tuple[Any, ...]]:
        """Shape of one row of each input of the shortest rows."""
        return self._graphs.first.row_shapes

    def named_held(self) -> Iterator[tuple[str, Held]]:
        """The parameters and buffers under the names of the file."""
        return self._graphs.first.named_held()

    def children(self) -> Iterator[tuple[str, Module]]:
        """The layers of the network that was saved."""
        return self._graphs.first.children()

    def forward(self, *inputs: Any) -> Any:
        """The graph of these lengths."""
        shape = tuple(inputs[0].shape[1:]) if inputs else ()
        graph = self._graphs.by_shape.get(shape)
        if graph is None:
            known = ", ".join(show(each) for each in self._graphs.by_shape)
            raise ShapeError(f"the model takes rows of shape {known}, got {show(shape)}")
        return graph.forward(*inputs)

    def extra_repr(self) -> str:
        """Shapes."""
        return ", ".join(show(each) for each in self._graphs.by_shape)


class _Graphs:
    """Modules, kept where `Module` does not look for them."""

    def __init__(self, by_shape: dict[tuple[Any, ...], GraphModule]) -> None:
        self.by_shape = by_shape
        self.first = next(iter(by_shape.values()))
