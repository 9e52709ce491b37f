"""The kinds of member: from a straight line to a deep network.

What a table supports is not known beforehand: often a regularised linear model has the best
likelihood on a few hundred rows, and a network on many. So members of several kinds are trained,
and how much each counts is decided by their predictions for rows that they have not seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class MemberKind:
    """How a member is made and trained.

    Attributes
    ----------
    name : linear (a weighted sum of the encoded columns), additive (a weighted sum of pieces of
        each column: bent lines, no interactions), piecewise (a smooth network on pieces),
        rectified (one with sharp bends and dropout), periodic (a network on waves of each column)
        or plain (a network on the encoded columns).
    embedding : None, pieces or waves: what numbers become first.
    hidden : sizes of the hidden layers.
    activation : after each hidden layer: a name, a function of a tensor, or one for each layer.
    dropout : chance that a hidden unit is off, for all hidden layers or for each.
    learning_rate, weight_decay : of the optimiser.
    for_classes : whether it is left out, beside others, where numbers are predicted.
    """

    name: str
    embedding: str | None
    hidden: tuple[int, ...] = ()
    activation: Any = "relu"
    dropout: Any = 0.0
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    for_classes: bool = False

    @property
    def is_network(self) -> bool:
        """Whether there is a hidden layer."""
        return bool(self.hidden)

    def changed(self, **changes: Any) -> MemberKind:
        """The same kind with other settings; None leaves a setting as it is."""
        return replace(self, **{k: v for k, v in changes.items() if v is not None})


KINDS: dict[str, MemberKind] = {
    kind.name: kind
    for kind in (
        MemberKind("linear", None, learning_rate=1e-2),
        MemberKind("additive", "pieces", learning_rate=1e-2),
        MemberKind("piecewise", "pieces", (128, 128), "silu", learning_rate=3e-3),
        # Dropout is for classes that overlap; beside a smooth network on the same pieces it gains
        # numbers to predict less than half a percent, for a third of the time.
        MemberKind(
            "rectified", "pieces", (128, 128), "relu", 0.1, learning_rate=3e-3, for_classes=True
        ),
        MemberKind(
            "periodic", "waves", (128, 128), "silu", 0.2, learning_rate=2e-3, weight_decay=0.1
        ),
        MemberKind("plain", None, (256, 256), "relu", 0.1, learning_rate=2e-3),
    )
}

IN_WORDS = {
    "linear": "straight lines",
    "additive": "additive curves",
    "plain": "networks",
    "piecewise": "networks on pieces",
    "rectified": "networks with sharp bends",
    "periodic": "networks on waves",
}
"""The kinds of member for people."""
