"""A network too small for its task."""

from __future__ import annotations

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule
from ..signs import still_falling

NARROW = 8


class Underfitting(Rule):
    """The training rows are not learned either, though the loss has settled."""

    name = "underfitting"
    title = "the network is too small for its task"
    cause = (
        "a layer of few units passes on few numbers; what does not fit through them is lost, for "
        "the training rows too"
    )
    guide = "dense-layer"
    source = 'Goodfellow, Bengio & Courville 2016, "Deep Learning", section 5.2'

    def look(self, case: Case) -> Finding | None:
        """A narrow hidden layer, and a training loss that is far from 0 and falls no more."""
        linear = case.graph.of_kind("linear")
        hidden = linear[:-1]
        if not hidden:
            return None
        narrowest = min(hidden, key=lambda layer: layer.units)
        outcome = case.outcome
        unlearned = outcome.training.loss / max(outcome.constant.loss, 1e-30)
        if narrowest.units > NARROW or not unlearned > 0.05:
            return None
        return self.found(
            "warning",
            f"layer '{narrowest.path}' has {narrowest.units} units, and {unlearned:.0%} of the "
            "loss of a constant prediction is left on the training rows; the training loss fell by "
            f"{still_falling(case):.1%} in the last third of the epochs",
            Remedy(
                "give the hidden layers more units",
                flag="--hidden 64,64",
                python="nn.Linear(..., 64)",
                changes={"width": 64},
            ),
            layer=narrowest.path,
            numbers={"units": narrowest.units, "unlearned": unlearned},
            sure=False,
        )
