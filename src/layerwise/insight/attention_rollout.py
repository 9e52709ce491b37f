"""Attention roll-out: which tokens what stands at each place was made of, through all layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import OptionError
from ..model import Model
from ..nn.module import Module
from .layer_outputs import LayerGraph, layer_graph, rows_of, run_rows

ROWS_AT_ONCE = 128
"""Rows whose attention is in memory together: it grows with the square of the tokens."""


def attention_rollout(net: Module | Model, inputs: Any, residual: float = 0.5) -> np.ndarray:
    """How much each token of the input is in each token of the last layer.

    A layer passes on its input (the shortcut beside attention) and what attention gathers, so a
    layer's weights are taken as ``residual * 1 + (1 - residual) * attention``, with the mean of its
    heads, and those of all layers are multiplied. Abnar & Zuidema 2020, "Quantifying attention flow
    in transformers", section 3. It is a summary: what the layers do to the vectors on the way is
    not in it.

    Parameters
    ----------
    net : a network with self-attention, or a model, loaded or not.
    inputs : rows as the network takes them.
    residual : share of the shortcut, from 0 to 1.

    Returns
    -------
    float32 (n, tokens, tokens); each row sums to 1. The row of the class token, [:, 0], says where
    a vision transformer looked.

    Raises
    ------
    OptionError : a network without self-attention, or a share beyond 0 to 1.
    """
    if not 0 <= residual <= 1:
        raise OptionError(f"residual: expected a share from 0 to 1, got {residual!r}")
    rows = rows_of(net, inputs)
    graph = layer_graph(rows)
    names = attention_layers(graph)
    if not names:
        raise OptionError(
            "attention_rollout: expected a network with self-attention, got one without; saliency "
            "is for every network"
        )
    found: list[np.ndarray] = []
    count = len(rows.arrays[0])
    for start in range(0, count, ROWS_AT_ONCE):
        part = rows._replace(arrays=tuple(a[start : start + ROWS_AT_ONCE] for a in rows.arrays))
        weights = run_rows(part, {n: graph.calls[n].output for n in names}, ROWS_AT_ONCE)
        total: np.ndarray | None = None
        for name in names:
            mean = weights[name].mean(1, dtype=np.float64)
            mixed = residual * np.eye(mean.shape[-1]) + (1 - residual) * mean
            total = mixed if total is None else mixed @ total
        assert total is not None
        found.append(total.astype(np.float32))
    return np.concatenate(found)


def attention_layers(graph: LayerGraph) -> list[str]:
    """Names of the layers that give weights of self-attention, (batch, heads, tokens, tokens).

    Those of the first one's number of tokens: attention to something else is no part of a roll-out.
    """
    found: list[str] = []
    tokens = None
    for name, call in graph.calls.items():
        if not graph.describe(name).startswith("AttentionWeights"):
            continue
        shape = call.output.shape
        tokens = tokens or shape[-1]
        if len(shape) == 4 and shape[-2] == shape[-1] == tokens:
            found.append(name)
    return found


__all__ = ["attention_rollout"]
