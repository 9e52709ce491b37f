"""`Experiment`: one training in full, and `train`, which makes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

import layerwise as lw
from benchmarks.doctor.architectures import Architecture
from benchmarks.doctor.split import Split
from layerwise.errors import TrainingDiverged
from layerwise.nn.losses import OUTPUTS


@dataclass(frozen=True)
class Experiment:
    """What a training is made of.

    Attributes
    ----------
    data
        Name of the data set.
    target
        One of `benchmarks.doctor.targets`.
    options
        Of `layerwise.train`.
    damage
        What happens to the initial weights, given the network and a generator.
    """

    data: str
    split: Split
    architecture: Architecture
    target: Any
    options: Mapping[str, Any]
    seed: int
    damage: Callable[[lw.nn.Module, np.random.Generator], None] | None = field(default=None)

    def using(self, **options: Any) -> "Experiment":
        """With other options of the training."""
        return replace(self, options={**self.options, **options})

    def shaped(self, **changes: Any) -> "Experiment":
        """With another architecture."""
        return replace(self, architecture=replace(self.architecture, **changes))


class Trained(NamedTuple):
    """A training that has ended.

    Attributes
    ----------
    predicted
        Of the validation rows: probabilities ``(rows, classes)``, or numbers ``(rows,)``.
    """

    run: lw.Run
    diverged: bool
    predicted: np.ndarray


def train(experiment: Experiment) -> Trained:
    """Train, on one thread; a training that diverges is a result like any other."""
    split, target = experiment.split, experiment.target
    net = experiment.architecture.build(split.x.shape[1], target.outputs(split), experiment.seed)
    if experiment.damage is not None:
        experiment.damage(net, np.random.default_rng([experiment.seed, 1]))
    data = (split.x, target.given(split, split.y))
    validation = (split.validation_x, target.given(split, split.validation_y))
    diverged = False
    try:
        run = lw.train(
            net, data, validation=validation, seed=experiment.seed, threads=1, probes=True,
            **experiment.options,
        )  # fmt: skip
    except TrainingDiverged as error:
        run, diverged = error.run, True
    with np.errstate(all="ignore"):
        predicted = OUTPUTS[run.output](net(split.validation_x))
        return Trained(run, diverged, target.read(split, np.asarray(predicted)))
