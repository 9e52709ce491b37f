"""Linear layers with nothing nonlinear between them."""

from __future__ import annotations

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule


class NoNonlinearity(Rule):
    """Two weighted sums in a row are one weighted sum."""

    name = "no_nonlinearity"
    stage = 1
    title = "linear layers with nothing nonlinear between them"
    cause = "a weighted sum of weighted sums is one weighted sum, so the second layer adds nothing"
    guide = "nonlinear-activations"
    source = (
        'Schoop, Huang & Hartmann 2021, "UMLAUT", missing activations; NeuraLint '
        "(arXiv 2105.08095), rule on missing activations"
    )

    def look(self, case: Case) -> Finding | None:
        """List the pairs."""
        pairs = case.graph.stacked
        if not pairs:
            return None
        sizes = {layer.path: layer for layer in case.graph.layers}
        first, second = sizes.get(pairs[0][0]), sizes.get(pairs[0][1])
        # A narrow layer between two wide ones is a matrix of low rank, which some want.
        if first is not None and second is not None:
            bottleneck = first.units * 4 <= min(first.inputs, second.units)
        else:
            bottleneck = False
        named = ", ".join(f"'{a}' and '{b}'" for a, b in pairs[:4])
        return self.found(
            "note" if bottleneck and len(pairs) == 1 else "warning",
            f"between layers {named}",
            Remedy(
                "put an activation between them",
                flag="--activation relu",
                python="nn.Sequential(nn.Linear(...), nn.ReLU(), nn.Linear(...))",
                changes={"insert_activations": "relu"},
            ),
            layer=pairs[0][1],
            numbers={"pairs": len(pairs)},
        )
