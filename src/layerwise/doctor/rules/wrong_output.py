"""A last activation that cannot give what the target asks for."""

from __future__ import annotations

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule

RANGES = {"relu": (0.0, float("inf")), "sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}

REMOVE = Remedy(
    "take the activation away from the last layer, and let the loss do the rest",
    python="nn.Sequential(..., nn.Linear(...))  # nothing after it",
    changes={"remove_last_activation": True},
)


def _logarithms(ends: str) -> Remedy:
    return Remedy(
        "give the plain numbers of the last layer to cross-entropy, which takes the softmax and "
        "the logarithm itself",
        python="loss='cross_entropy', and nothing after the last nn.Linear",
        changes={"loss": "cross_entropy"} | ({"remove_last_activation": True} if ends else {}),
    )


BEYOND = 0.02
"""How far the target must go beyond the range, as part of its own range."""


class WrongOutput(Rule):
    """What no weights can give cannot be learned."""

    name = "wrong_output"
    stage = 1
    title = "the last activation does not suit the target"
    cause = (
        "an activation limits what a layer can give; behind the last layer it must leave open all "
        "that the loss and the target ask for"
    )
    guide = "losses"
    source = "AutoTrainer (ICSE 2021), improper last activation; NeuraLint (arXiv 2105.08095)"

    def look(self, case: Case) -> Finding | None:
        """Compare the output's range with the target's, or with what the loss takes."""
        ends = case.graph.ends_in
        if case.target.kind == "numbers" and case.output == "identity":
            return self._numbers(case, ends)
        if case.graph.softmaxes > 1:
            return self.found(
                "warning",
                "a softmax is applied to the output of a softmax, whose numbers of 0 to 1 leave "
                "it next to nothing to tell apart",
                REMOVE,
            )
        if not case.outcome.sums_to_one and case.target.kind == "classes":
            return self.found(
                "error",
                f"the loss {case.loss} takes logarithms of probabilities, and what the network "
                "gives is none: the probabilities of a row's classes do not sum to 1",
                _logarithms(ends),
            )
        takes_logits = case.loss in ("cross_entropy", "bce_with_logits") and case.output in (
            "softmax",
            "sigmoid",
        )
        if takes_logits and ends in ("relu", "sigmoid", "tanh", "softmax"):
            return self.found(
                "warning",
                f"the network ends in {ends}, and its output goes through a {case.output} after "
                "that, which takes numbers of any size",
                REMOVE,
            )
        return None

    def _numbers(self, case: Case, ends: str) -> Finding | None:
        target = case.target
        if ends == "softmax":
            low, high = 0.0, 1.0
        elif ends in RANGES:
            low, high = RANGES[ends]
        else:
            return None
        slack = BEYOND * (target.high - target.low)
        if low - slack <= target.low and target.high <= high + slack:
            return None
        given = f"{low:g} and above" if high == float("inf") else f"{low:g} to {high:g}"
        return self.found(
            "warning",
            f"the network ends in {ends} and gives numbers of {given}; the target goes from "
            f"{target.low:.4g} to {target.high:.4g}",
            REMOVE,
        )
