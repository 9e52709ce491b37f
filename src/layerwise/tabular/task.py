"""What is predicted: the kind of target, its loss, and how outputs of networks are averaged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..graph import log_softmax, log_sum_exp, softplus, stack
from ..graph import mean as average
from ..nn.losses import Loss

TargetKind = Literal["classes", "binary", "labels", "numbers"]


@dataclass(frozen=True)
class Task:
    """A target and its loss.

    Attributes
    ----------
    kind : one of several classes; one of two (a single output); several answers of yes or no
        (multilabel); or numbers.
    outputs : how many numbers a network gives for a row.
    loss : what training lowers.
    """

    kind: TargetKind
    outputs: int
    loss: Loss

    @property
    def has_classes(self) -> bool:
        """Whether the outputs stand for probabilities."""
        return self.kind != "numbers"

    def mean(self, raws: Sequence[Any]) -> Any:
        """The output for several networks' raw outputs: the mean of what they predict.

        Parameters
        ----------
        raws : tensors or arrays (batch, outputs).

        Returns
        -------
        Shape (batch, outputs). For classes log-probabilities, for binary and labels logits, those
        of the mean of the networks' probabilities; else the mean of the outputs.
        """
        if self.kind == "classes":
            every = log_softmax(stack(raws, 1))
            return log_sum_exp(every, 1) - math.log(len(raws))
        every = stack(raws, 1)
        if self.kind == "numbers":
            return average(every, 1)
        # log of the mean of sigmoid(z), less log of the mean of sigmoid(-z).
        return log_sum_exp(-softplus(-every), 1) - log_sum_exp(-softplus(every), 1)
