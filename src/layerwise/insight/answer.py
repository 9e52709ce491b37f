"""`Answer`: the one number of a prediction that is explained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import OptionError, unknown
from ..graph import Tensor, concatenate, log, log_sum_exp
from ..model import Model
from ..nn.losses import OUTPUTS

SCALES = ("log-odds", "probability", "prediction", "score")

LEAST = 1e-7
"""No probability that a network gives as such counts as less, so that log-odds stay finite."""


@dataclass(frozen=True)
class Answer:
    """One number of a row: how much speaks for a class, or a predicted number.

    Attributes
    ----------
    scale : what the number is. "log-odds": log(p / (1 - p)) of the probability p of a class;
        "probability": p itself; "prediction": a number in the target's units; "score": the
        network's output for a class, where that is no probability.
    place : which class or output, from 0.
    label : its name for people; "" where there is only one output.
    name : the class as the model names it, or the number of the output.
    output : name in `layerwise.nn.losses.OUTPUTS`.
    single : whether one output stands for two classes.
    """

    scale: str
    place: int
    label: str
    name: Any
    output: str
    single: bool = False

    def of(self, raw: Any) -> Any:
        """The number for each row: (n, outputs) raw output to (n,), a graph or an array."""
        if self.scale == "log-odds":
            return self._log_odds(raw)
        if self.scale == "score":
            return raw[:, self.place]
        found = OUTPUTS[self.output](raw)
        if not self.single:
            return found[:, self.place]
        return found[:, 0] if self.place else 1.0 - found[:, 0]

    def probability(self, raw: np.ndarray) -> np.ndarray | None:
        """The probability of the class for each row; None where there is none."""
        if self.scale not in ("log-odds", "probability"):
            return None
        found = np.asarray(OUTPUTS[self.output](raw))
        if not self.single:
            return found[:, self.place]
        return found[:, 0] if self.place else 1.0 - found[:, 0]

    def _log_odds(self, raw: Any) -> Any:
        own = raw[:, 0 if self.single else self.place]
        if self.output == "sigmoid":
            odds = own
        elif self.output == "identity":
            # The network gives the probability itself.
            if not isinstance(raw, Tensor):
                own = np.clip(own, LEAST, 1 - LEAST)
            odds = log(own) - log(1.0 - own)
        else:
            # A softmax takes logarithms that lack a constant, "exp" takes those of probabilities;
            # in a difference the constant is gone.
            count = raw.shape[1]
            others = [raw[:, i : i + 1] for i in range(count) if i != self.place]
            return own - log_sum_exp(concatenate(others, 1), 1)
        return -odds if self.single and not self.place else odds


def answer_for(
    model: Model, raw: np.ndarray, class_name: Any = None, output: int = 0, scale: str | None = None
) -> Answer:
    """The answer that is to be explained.

    Parameters
    ----------
    model : the model.
    raw : float (1, outputs), its raw output for the row; the most probable class is taken when no
        class is named.
    class_name : a class, as the model names it; for models of classes only.
    output : which number, for models that predict several, or several yes-or-no answers.
    scale : one of those of `Answer` that the model has; None is log-odds for classes where there
        are probabilities.

    Raises
    ------
    OptionError : a class, an output or a scale that the model does not have.
    """
    count = raw.shape[1]
    single = model.target == "binary" and count == 1
    if model.target == "numbers" or (model.target == "binary" and not single):
        if class_name is not None:
            what = "numbers" if model.target == "numbers" else "several yes-or-no answers"
            raise OptionError(
                f"this model predicts {what}, so there is no class '{class_name}' to explain"
            )
        if not 0 <= output < count:
            raise OptionError(f"expected an output from 0 to {count - 1}, got {output}")
        label = f"output {output}" if count > 1 else ""
        known = ("prediction",) if model.target == "numbers" else ("log-odds", "probability")
        return Answer(_scale(scale, known), output, label, output, model.output)
    if output:
        raise OptionError("output: this model predicts one class; name the class instead")
    classes = model.classes or tuple(range(2 if single else count))
    if class_name is None:
        # One output above 0 (a logit), or above a half (a probability), is the second class.
        second = float(raw[0, 0]) > (0.0 if model.output == "sigmoid" else 0.5)
        place = int(second) if single else int(raw[0].argmax())
    else:
        by_name = {str(name): number for number, name in enumerate(classes)}
        if str(class_name) not in by_name:
            raise unknown("class", class_name, by_name)
        place = by_name[str(class_name)]
    known = ("log-odds", "probability")
    if model.target == "classes" and (model.output == "identity" or count < 2):
        known = ("score",)
    name = classes[place]
    return Answer(_scale(scale, known), place, f"'{name}'", name, model.output, single)


def _scale(given: str | None, known: tuple[str, ...]) -> str:
    if given is None:
        return known[0]
    if given not in known:
        raise unknown("scale of this model's answers", given, known)
    return given
