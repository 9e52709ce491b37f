"""Signs that several rules read off a case: how the loss falls, how rough it is, and others."""

from __future__ import annotations

import numpy as np

from .case import Case

BLOWN = 3.0
"""The last epoch's loss by the first minibatches'."""

USUAL_RATES = {"adam": 1e-3, "adamw": 1e-3, "sgd": 1e-2}


def known(values: list[float | None]) -> np.ndarray:
    """The values that were measured."""
    return np.array([v for v in values if v is not None], np.float64)


def losses(case: Case) -> np.ndarray:
    """The validation losses by epoch, or the training losses where there are none."""
    validation = known(case.history["validation_loss"])
    return validation if len(validation) else known(case.history["training_loss"])


def still_falling(case: Case) -> float:
    """How much the training loss fell in the last third of the epochs, by all that it has left.

    0 is a plateau; 0.5 means that the loss halved in the last third.
    """
    found = known(case.history["training_loss"])
    if len(found) < 3:
        return float("nan")
    third = max(1, len(found) // 3)
    before, after = np.median(found[-2 * third : -third]), np.median(found[-third:])
    return float((before - after) / max(abs(before), 1e-30))


def roughness(case: Case) -> float:
    """The usual jump of the loss from epoch to epoch, in the second half, by the loss itself."""
    found = losses(case)
    half = found[len(found) // 2 :]
    if len(half) < 4:
        return float("nan")
    # Second differences: a loss that falls steadily is not rough.
    jumps = np.abs(np.diff(half, 2)) / 2
    return float(np.median(jumps) / max(np.median(np.abs(half)), 1e-30))


def update_ratio(case: Case, late: bool = False) -> float:
    """The largest of the weight matrices' usual update ratios; of the last third, if `late`."""
    probes = case.probes
    if probes is None or not len(probes):
        return float("nan")
    ratios = probes.update_ratio()
    if late:
        ratios = ratios[-max(1, len(ratios) // 3) :]
    matrices = [i for i, name in enumerate(probes.parameters) if name.endswith("weight")]
    columns = ratios[:, matrices or slice(None)].T
    usual = [float(np.median(c[np.isfinite(c)])) for c in columns if np.isfinite(c).any()]
    return max(usual, default=float("nan"))


def at_the_end(case: Case) -> bool:
    """Whether the loss was lowest in the last tenth of the epochs, or just about."""
    found = losses(case)
    if not len(found):
        return False
    best = case.best_epoch or int(found.argmin()) + 1
    return best >= len(found) - max(1, len(found) // 10)


def early_jump(case: Case) -> float:
    """The highest loss of a minibatch in the first epoch, by the first of all."""
    probes = case.probes
    if probes is None or len(probes) < 3 or probes.steps[0] != 0:
        return float("nan")
    found = probes.values["loss"][probes.epochs == 1]
    with np.errstate(all="ignore"):
        # Not the very highest: one odd minibatch is no sign.
        high = np.sort(found)[-max(1, len(found) // 10)]
        return float(high / max(found[0], 1e-30))


def gains(case: Case) -> list[tuple[str, float]]:
    """How much each linear layer's first weights make of their inputs, by path.

    The root of the mean square of the weights times that of the number of inputs: the size of a
    unit's sum for inputs of size 1. Kaiming's initialisation gives 1.4, and a plain one 0.6.
    """
    probes = case.probes
    if probes is None or not len(probes) or probes.steps[0] != 0:
        return []
    norms = dict(zip(probes.parameters, probes.values["weight"][0], strict=True))
    sizes = dict(zip(probes.parameters, probes.sizes, strict=True))
    found = []
    for layer in case.graph.of_kind("linear"):
        name = f"{layer.path}.weight" if layer.path else "weight"
        if name in norms and layer.inputs:
            size = float(norms[name]) / np.sqrt(sizes[name])
            found.append((layer.path, size * float(np.sqrt(layer.inputs))))
    return found


def amplification(case: Case) -> float:
    """How much more the first weights of all layers make of a signal than Kaiming's would."""
    return float(np.prod([gain / np.sqrt(2) for _, gain in gains(case)]))


def usual_rate(case: Case) -> float:
    """The learning rate that the optimiser has by default; its own where that is not known."""
    return USUAL_RATES.get(case.optimizer, case.learning_rate)


def is_as_good_as_simple(case: Case) -> bool:
    """Whether the network does as well as a linear model and nearest neighbours, but for noise."""
    score, reference = case.outcome.validation.score, case.reference_score
    return bool(score >= reference - case.score_noise)


def blown_up(case: Case) -> bool:
    """Whether the loss became NaN, or ended far above its first and a constant prediction's."""
    if case.divergence is not None:
        return True
    last = known(case.history["training_loss"][-1:])
    probes = case.probes
    if case.skill > -1 or not len(last) or probes is None or not len(probes):
        return False
    return not last[0] < BLOWN * float(np.median(probes.values["loss"][:5]))


def arriving_gradients(case: Case, first: int | None = None) -> list[tuple[str, float]]:
    """What arrives at a unit of each linear layer, in the median over all, or the first, probes."""
    probes = case.probes
    if probes is None or not len(probes):
        return []
    kinds = {layer.path: layer.kind for layer in case.graph.layers}
    found = []
    for number, layer in enumerate(probes.layers):
        if kinds.get(layer.path) != "linear":
            continue
        values = probes.values["output_gradient"][:first, number] / np.sqrt(layer.units)
        finite = values[np.isfinite(values)]
        if len(finite):
            found.append((layer.path, float(np.median(finite))))
    return found


__all__ = [
    "amplification", "arriving_gradients", "at_the_end", "blown_up",
    "early_jump", "gains", "is_as_good_as_simple", "known", "losses",
    "roughness", "still_falling", "update_ratio", "usual_rate",
]  # fmt: skip
