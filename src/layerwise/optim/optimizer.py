"""`Optimizer`: from parameters and gradients to the parameters' values after a step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..errors import OptionError
from ..graph import ShapeError, Tensor, as_tensor, show, variable
from ..graph.leaves import Variable
from .gradient import Gradient, WholeGradient, gradients_of


class Step(NamedTuple):
    """What an optimiser adds to a step's program and to its state."""

    updates: dict[Tensor, Tensor]
    """Each variable that changes, a parameter or one of the optimiser's own, with its new value."""

    initial: dict[Tensor, np.ndarray]
    """The optimiser's own variables with their values before the first step."""


@dataclass(frozen=True)
class Optimizer:
    """Base of optimisers: frozen options, and `step`, which builds the graph of an update.

    An optimiser holds no numbers that training changes: those are variables of the state, so that
    one program holds the whole step and a checkpoint holds the whole state.

    Of a sparse parameter, such as a large `layerwise.nn.Embedding`, only the rows that the step
    looked up change, and only these rows of the optimiser's variables (as in PyTorch's
    `SparseAdam`): momentum and moments of other rows stay as they are, and their weights do not
    decay. Adam's correction for its start is by the number of all steps.
    """

    learning_rate: float = 1e-3
    """The rate that schedules start from. A step gets its own rate as a fed scalar."""

    name: ClassVar[str]
    """The name in `OPTIMIZERS`, which begins the labels of the optimiser's variables."""

    def __post_init__(self) -> None:
        check_range(self.name, "learning_rate", self.learning_rate, 0.0, np.inf, open_low=True)

    def step(
        self,
        parameters: Sequence[Any],
        gradients: Sequence[Tensor | Gradient],
        learning_rate: Tensor,
        names: Sequence[str] | None = None,
    ) -> Step:
        """Build the graph of one update.

        Parameters
        ----------
        parameters : variables (or `layerwise.nn.Parameter`s), each listed once.
        gradients : for each parameter a tensor of its shape and dtype, or what
            `layerwise.optim.gradients_of` made of it.
        learning_rate : scalar float tensor, usually an input fed for every step.
        names : for each parameter a name, such as its path, for the labels of the optimiser's
            variables: ``adam.first_moment.0.weight``. By default the parameter's own label.

        Raises
        ------
        ShapeError : parameters and gradients do not fit together.
        """
        held, parameters = parameters, [as_tensor(p) for p in parameters]
        labels = list(names) if names is not None else _labels(parameters)
        if not len(parameters) == len(gradients) == len(labels):
            raise ShapeError(
                f"{self.name}: {len(parameters)} parameters, {len(gradients)} gradients and "
                f"{len(labels)} names; there must be as many of each"
            )
        found = gradients_of(held, gradients)
        for label, parameter, of in zip(labels, parameters, found, strict=True):
            gradient = of.values
            if not isinstance(of, WholeGradient):
                continue
            if (parameter.shape, parameter.dtype) != (gradient.shape, gradient.dtype):
                raise ShapeError(
                    f"{self.name}: the gradient of '{label}' must be {show(parameter.shape)} "
                    f"{parameter.dtype}, got {show(gradient.shape)} {gradient.dtype}"
                )
        return self._step(parameters, found, learning_rate, labels)

    def _step(
        self,
        parameters: list[Tensor],
        gradients: list[Gradient],
        learning_rate: Tensor,
        labels: list[str],
    ) -> Step:
        raise NotImplementedError

    def _zeros(
        self, initial: dict[Tensor, np.ndarray], kind: str, label: str, like: Tensor
    ) -> Tensor:
        """A new variable of a parameter's shape and dtype that begins at zero."""
        new = variable(f"{self.name}.{kind}.{label}", like.shape, like.dtype)
        initial[new] = np.zeros(new.shape, new.dtype)  # type: ignore[arg-type]
        return new


def _labels(parameters: Sequence[Tensor]) -> list[str]:
    """Labels of variables; those that occur more than once are numbered."""
    labels = [
        p.primitive.label if isinstance(p.primitive, Variable) else "parameter" for p in parameters
    ]
    count, seen = Counter(labels), Counter[str]()
    unique = []
    for label in labels:
        unique.append(f"{label}#{seen[label]}" if count[label] > 1 else label)
        seen[label] += 1
    return unique


def check_range(
    owner: str, option: str, value: float, low: float, high: float, open_low: bool = False
) -> None:
    """Raise `OptionError` unless low <= value < high (low < value where `open_low`)."""
    if not (low < value < high if open_low else low <= value < high):
        least = f"above {low:g}" if open_low else f"at least {low:g}"
        most = "finite" if high == np.inf else f"below {high:g}"
        raise OptionError(f"{owner}: expected {option} {least} and {most}, got {value!r}")
