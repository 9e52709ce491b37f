"""Rewriting a graph bottom-up with local rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from .tensor import Tensor, topological_order

Rule = Callable[[Tensor], Tensor | None]


def rewrite(
    outputs: Iterable[Tensor],
    rule: Rule,
    start: Mapping[Tensor, Tensor] | None = None,
) -> dict[Tensor, Tensor]:
    """What every node of a graph becomes.

    Nodes are visited after their inputs. A node whose inputs changed is made anew, then `rule` is
    applied until it gives None. `start` fixes what some nodes become, whatever the rule says.

    Returns a mapping from old nodes to new ones, for every node reachable from the outputs.
    """
    became: dict[Tensor, Tensor] = dict(start or {})
    for node in topological_order(outputs):
        if node not in became:
            became[node] = _normal_form(_rebuilt(node, became), rule, became)
    return became


def _rebuilt(node: Tensor, became: Mapping[Tensor, Tensor]) -> Tensor:
    inputs = tuple(became[i] for i in node.inputs)
    if all(a is b for a, b in zip(inputs, node.inputs, strict=True)):
        return node
    return Tensor(node.primitive, inputs)


def _normal_form(node: Tensor, rule: Rule, became: dict[Tensor, Tensor]) -> Tensor:
    for _ in range(100):
        changed = rule(node)
        if changed is None or changed is node:
            return node
        # A rule may build several new nodes, each of which deserves the rule too. Below those that
        # are known all is known, so a long graph is not walked through again for each rule.
        for fresh in topological_order([changed], became):
            if fresh not in became and fresh is not changed:
                became[fresh] = _normal_form(_rebuilt(fresh, became), rule, became)
        node = became[changed] if changed in became else _rebuilt(changed, became)
    raise RuntimeError(f"rewriting {node!r} does not end; two rules undo each other")


def substitute(outputs: Iterable[Tensor], replacements: Mapping[Tensor, Tensor]) -> list[Tensor]:
    """The outputs with some nodes replaced."""
    outputs = list(outputs)
    became = rewrite(outputs, lambda node: None, replacements)
    return [became[o] for o in outputs]
