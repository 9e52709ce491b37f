"""From probabilities back to the numbers that they were made of."""

from __future__ import annotations

from ..graph import Tensor, log_softmax, softmax
from ..graph.elementwise import Sigmoid
from ..graph.stable import is_softmax


def logits_of(tensor: Tensor) -> Tensor:
    """What a softmax, its logarithm or a sigmoid was applied to; any other tensor as it is.

    A class's probability also rises when other classes lose, and its slope vanishes where the
    network is sure; its logit says what speaks for this class (Simonyan, Vedaldi & Zisserman 2013,
    section 2).
    """
    if isinstance(tensor.primitive, Sigmoid):
        return tensor.inputs[0]
    # Equal nodes are the same object, so what a function gives for a candidate tells.
    for function, depth in ((softmax, 3), (log_softmax, 2)):
        candidate = tensor
        for _ in range(depth):
            candidate = candidate.inputs[0] if candidate.inputs else candidate
        fits = tensor.rank > 1 and candidate.shape == tensor.shape and candidate is not tensor
        if fits and function(candidate) is tensor:
            return candidate
    if is_softmax(tensor):
        return tensor.inputs[0].inputs[0]
    return tensor


__all__ = ["logits_of"]
