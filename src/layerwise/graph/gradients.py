"""Backpropagation: from the graph of a loss to the graph of its gradients.

The chain rule is applied one node at a time from the loss back to the leaves; each node's rule
uses the values that the forward pass computed: dL/dx = dL/dy * dy/dx (Rumelhart, Hinton &
Williams 1986). The result is a graph again, so it can be differentiated once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import dtypes
from .accumulation import add_up
from .dimension import ShapeError, show
from .elementwise import Cast, zeros_like
from .leaves import constant
from .primitive import as_tensor
from .rewriting import rewrite
from .stable import stabilise
from .tensor import Tensor, topological_order


def gradients(loss: Tensor, parameters: Sequence[Any]) -> list[Tensor]:
    """Derivatives of a scalar loss with respect to tensors or parameters of its graph.

    Parameters
    ----------
    loss : tensor of shape () and floating dtype.
    parameters : tensors (inputs, variables or intermediate results) or `layerwise.nn.Parameter`s.

    Returns
    -------
    One tensor for each parameter, of its shape and dtype; zeros if the loss does not depend on it.
    With respect to an intermediate result such as p = softmax(x), the loss is differentiated as it
    was written: log(p) then has the derivative 1/p, and no stable form.

    Raises
    ------
    ShapeError : the loss is not a scalar.
    """
    return value_and_gradients(loss, parameters)[1]


def value_and_gradients(loss: Tensor, parameters: Sequence[Any]) -> tuple[Tensor, list[Tensor]]:
    """The loss in stable form, and its gradients; they share their forward pass."""
    loss = as_tensor(loss)
    if loss.shape != ():
        raise ShapeError(
            f"gradients: expected a scalar loss, got shape {show(loss.shape)}; reduce it with "
            "mean or sum"
        )
    if not dtypes.is_float(loss.dtype):
        raise dtypes.DTypeError(f"gradients: expected a float loss, got {loss.dtype}")
    targets = [as_tensor(p) for p in parameters]
    shielded = {t for t in targets if t.inputs}
    loss, *targets = _shield([loss, *targets], shielded)
    became = stabilise([loss, *targets])
    loss, targets = became[loss], [became[t] for t in targets]
    found = backpropagate({loss: constant(1.0, loss.dtype)}, targets)
    results = [loss, *(found.get(t, zeros_like(t)) for t in targets)]
    loss, *slopes = _unshield(results) if shielded else results
    return loss, slopes


def _shield(outputs: list[Tensor], shielded: set[Tensor]) -> list[Tensor]:
    """Put some nodes behind casts to their own dtype, which stable form does not look through."""
    if not shielded:
        return outputs
    became: dict[Tensor, Tensor] = {}
    for node in topological_order(outputs):
        made = Tensor(node.primitive, [became[i] for i in node.inputs])
        became[node] = Tensor(Cast(made.dtype), [made]) if node in shielded else made
    return [became[o] for o in outputs]


def _unshield(outputs: list[Tensor]) -> list[Tensor]:
    """Take away casts that change nothing."""

    def rule(node: Tensor) -> Tensor | None:
        is_cast = isinstance(node.primitive, Cast)
        return node.inputs[0] if is_cast and node.inputs[0].dtype == node.dtype else None

    became = rewrite(outputs, rule)
    return [became[o] for o in outputs]


def backpropagate(seeds: dict[Tensor, Tensor], targets: Sequence[Tensor]) -> dict[Tensor, Tensor]:
    """Gradients of every node between the seeds and the targets.

    `seeds` maps outputs to the gradients that arrive at them. The result maps each node on a path
    from a target to a seed to its gradient.
    """
    order = topological_order(seeds)
    needed = _depends_on(order, set(targets))
    arrived: dict[Tensor, list[Tensor]] = {node: [seed] for node, seed in seeds.items()}
    total: dict[Tensor, Tensor] = {}
    for node in reversed(order):
        if node not in arrived:
            continue
        # All that use a node come before it here, so no other part of its gradient will arrive.
        gradient = total[node] = add_up(arrived[node])
        if node not in needed or not node.primitive.differentiable:
            continue
        if not any(i in needed for i in node.inputs):
            continue
        parts = node.primitive.derivative(gradient, node, *node.inputs)
        for source, part in zip(node.inputs, parts, strict=True):
            if part is not None and source in needed:
                arrived.setdefault(source, []).append(part)
    return total


def _depends_on(order: list[Tensor], targets: set[Tensor]) -> set[Tensor]:
    needed: set[Tensor] = set()
    for node in order:
        if node in targets or any(i in needed for i in node.inputs):
            needed.add(node)
    return needed
