"""Greedy and beam search as a graph: one step, whose state is all that is known of a sentence."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..data.text import BEGIN, END, PADDING, UNKNOWN
from ..graph import (
    Tensor,
    argmax,
    cast,
    concatenate,
    constant,
    dtypes,
    equal,
    expand_dims,
    full_like,
    greater,
    greater_equal,
    input,
    iota,
    log_sum_exp,
    logical_or,
    matmul,
    max,
    minimum,
    reshape,
    stack,
    take,
    variable,
    where,
)
from .steps import Lanes

NEVER = -1e9
"""Added to the logits of what must not be written."""

GONE = -1e30
"""Score of a hypothesis that does not exist."""


def penalty(length: Any, alpha: float) -> Any:
    """What the log-probability of a hypothesis of so many tokens is divided by.

    Wu et al. 2016, "Google's neural machine translation system", equation 14: ((5 + n) / 6)^alpha.
    """
    return ((5.0 + length) / 6.0) ** alpha


class Search(NamedTuple):
    """The state of a search, each a variable.

    Attributes
    ----------
    token : int32 (rows,): what was written last.
    finished : bool (sentences, beam).
    score : (sentences, beam): of unfinished hypotheses, the sum of log-probabilities.
    rank : (sentences, beam), falling: scores over their `penalty`.
    own : (rows, length * beam): 1 for the slots that are a hypothesis's own, else 0; None for a
        beam of 1.
    """

    token: Tensor
    finished: Tensor
    score: Tensor
    rank: Tensor
    own: Tensor | None

    @classmethod
    def new(cls, lanes: Lanes, length: int) -> Search:
        """Variables for a search."""
        both = (lanes.sentences, lanes.beam)
        own = None
        if lanes.beam > 1:
            own = variable("own", (lanes.rows, length * lanes.beam))
        return cls(
            variable("token", (lanes.rows,), "int32"),
            variable("finished", both, "bool"),
            variable("score", both),
            variable("rank", both),
            own,
        )

    def beginning(self, empty: np.ndarray) -> dict[Tensor, np.ndarray]:
        """Values before the first step; of `empty` sentences (bool) nothing is to be written."""
        sentences, beam = empty.shape[0], self.score.shape[1]
        assert isinstance(beam, int)
        # All hypotheses are equal before the first token, so there is only one.
        score = np.full((sentences, beam), GONE, np.float32)
        score[:, 0] = 0
        values: dict[Tensor, np.ndarray] = {
            self.token: np.full(sentences * beam, BEGIN, np.int32),
            self.finished: np.repeat(empty[:, None], beam, 1),
            self.score: score,
            self.rank: score,
        }
        if self.own is not None:
            values[self.own] = np.zeros(self.own.shape, np.float32)  # type: ignore[arg-type]
        return values

    def hidden(self, position: Tensor, lanes: Lanes, length: int) -> Any:
        """See `Slots.hidden`."""
        if self.own is None:
            return reshape(greater_equal(iota(length), position), (1, 1, 1, length))
        shape = (lanes.sentences, 1, lanes.beam, length * lanes.beam)
        return reshape(equal(self.own, 0.0), shape)


class Chosen(NamedTuple):
    """What a step of a search did.

    Attributes
    ----------
    updates : new values of the search's variables.
    token : int32 (sentences, beam); padding for what was finished before.
    parent : int32 (sentences, beam): which hypothesis each goes on from.
    origin : int32 (rows,): the same as a row; None where each row goes on from itself.
    """

    updates: dict[Tensor, Any]
    token: Any
    parent: Any
    origin: Any


def choose(search: Search, logits: Any, position: Tensor, lanes: Lanes, length: int) -> Chosen:
    """The step: which tokens to write, given the logits (rows, tokens)."""
    tokens = logits.shape[1]
    never = np.zeros(tokens, np.float32)
    never[[PADDING, UNKNOWN, BEGIN]] = NEVER
    if search.own is None:
        return _greedy(search, logits + constant(never), lanes)
    return _beam(search, search.own, logits, constant(never), position, lanes, length)


def _greedy(search: Search, logits: Any, lanes: Lanes) -> Chosen:
    finished = reshape(search.finished, (lanes.rows,))
    best = argmax(logits)
    token = where(finished, full_like(best, PADDING), best)
    after = logical_or(finished, equal(token, constant(END, dtypes.int32)))
    both = (lanes.sentences, 1)
    updates = {search.token: token, search.finished: reshape(after, both)}
    return Chosen(updates, reshape(token, both), None, None)


def _beam(
    search: Search,
    own: Tensor,
    logits: Any,
    never: Any,
    position: Tensor,
    lanes: Lanes,
    length: int,
) -> Chosen:
    sentences, beam = lanes
    tokens = logits.shape[1]
    over = input("penalty", ())
    # Within a hypothesis the order of tokens is that of its logits, so only the best few of each
    # are looked at further.
    few = min(beam, tokens)
    logit, place = _best(logits, few, never)
    logs = logit - reshape(log_sum_exp(logits + never, -1), (lanes.rows, 1))
    each = (sentences, beam, few)
    going_on = (expand_dims(search.score, -1) + reshape(logs, each)) / over
    # A finished hypothesis has one continuation: itself.
    first = reshape(equal(iota(few), constant(0, dtypes.int32)), (1, 1, few))
    staying = where(first, expand_dims(search.rank, -1), constant(np.array(2 * GONE, np.float32)))
    ended = expand_dims(search.finished, -1)
    candidates = where(ended, staying, going_on)
    places = where(ended, constant(PADDING, dtypes.int32), reshape(place, each))
    flat = (sentences, beam * few)
    rank, chosen = _best(reshape(candidates, flat), beam)
    # Whole numbers have no division; there are few hypotheses to compare with.
    parent = full_like(chosen, 0)
    for number in range(1, beam):
        begin = constant(number * few, dtypes.int32)
        parent = parent + cast(greater_equal(chosen, begin), dtypes.int32)
    token = _picked(reshape(places, flat), chosen)
    origin = reshape(reshape(iota(sentences) * beam, (sentences, 1)) + parent, (lanes.rows,))
    was = reshape(take(reshape(search.finished, (lanes.rows,)), origin), (sentences, beam))
    finished = logical_or(was, equal(token, constant(END, dtypes.int32)))
    # When the best is finished a sentence is, whatever happens to those beside it.
    finished = logical_or(finished, finished[:, :1])
    # A product with ones and zeros takes the rows that each goes on from.
    came = cast(equal(expand_dims(parent, -1), reshape(iota(beam), (1, 1, beam))), own.dtype)
    before = matmul(came, reshape(own, (sentences, beam, length * beam)))
    before = reshape(before, (sentences, beam, length, beam))
    now = reshape(equal(iota(length), position), (1, 1, length, 1))
    kept = where(now, reshape(came, (sentences, beam, 1, beam)), before)
    updates = {
        search.token: reshape(token, (lanes.rows,)),
        search.finished: finished,
        search.score: rank * over,
        search.rank: rank,
        own: reshape(kept, own.shape),
    }
    return Chosen(updates, token, parent, origin)


BLOCK = 64
"""Values of which the largest is kept, so that the second largest is not looked for among all."""


def _best(values: Any, count: int, added: Any = None) -> tuple[Any, Any]:
    """The `count` largest of each row (rows, n), falling, and their places (int32).

    One pass finds the largest of each block; then only one block is looked at for each.

    Parameters
    ----------
    added : (n,): what is added to each row first. That sum is then never in memory as a whole.
    """
    rows, length = values.shape
    summed = values if added is None else values + added
    whole, rest = divmod(length, BLOCK)
    blocks = whole + bool(rest)
    if blocks <= count + 1:
        return _best_of_few(summed, count)
    gone = constant(np.array(4 * GONE, np.float32))
    tops = max(reshape(summed[:, : length - rest], (rows, whole, BLOCK)), -1)
    if rest:
        tops = concatenate([tops, max(summed[:, length - rest :], -1, keepdims=True)], 1)
    found: list[Any] = []
    places: list[Any] = []
    for _ in range(count):
        block = argmax(tops)
        at = expand_dims(block * BLOCK, -1) + reshape(iota(BLOCK), (1, BLOCK))
        within = minimum(at, length - 1)
        inside = _picked(values, within)
        if added is not None:
            inside = inside + take(added, within)
        inside = where(greater(at, length - 1), gone, inside)
        for place in places:
            inside = where(equal(at, expand_dims(place, -1)), gone, inside)
        best = argmax(inside)
        found.append(max(inside, -1))
        places.append(block * BLOCK + best)
        left = where(equal(at, expand_dims(places[-1], -1)), gone, inside)
        here = equal(reshape(iota(blocks), (1, blocks)), expand_dims(block, -1))
        tops = where(here, expand_dims(max(left, -1), -1), tops)
    return stack(found, 1), stack(places, 1)


def _best_of_few(values: Any, count: int) -> tuple[Any, Any]:
    """What `_best` gives, where there are so few values that all are looked at each time."""
    at = reshape(iota(values.shape[1]), (1, values.shape[1]))
    gone = constant(np.array(4 * GONE, np.float32))
    found, places = [], []
    for _ in range(count):
        place = argmax(values)
        found.append(max(values, -1))
        places.append(place)
        values = where(equal(at, expand_dims(place, -1)), gone, values)
    return stack(found, 1), stack(places, 1)


def _picked(values: Any, places: Any) -> Any:
    """The values (rows, n) at places (rows, few)."""
    rows, length = values.shape
    flat = reshape(values, (rows * length,))
    return take(flat, reshape(iota(rows) * length, (rows, 1)) + places)


def trace_back(tokens: np.ndarray, parents: np.ndarray) -> list[list[int]]:
    """The best hypothesis of each sentence, without <eos>.

    Parameters
    ----------
    tokens, parents : int32 (steps, sentences, beam), as the steps gave them; the best is the first.
    """
    steps, count, _ = tokens.shape
    every, lanes = np.arange(count), np.zeros(count, np.intp)
    written = np.empty((count, steps), tokens.dtype)
    for step in range(steps - 1, -1, -1):
        written[:, step] = tokens[step, every, lanes]
        lanes = parents[step, every, lanes]
    found = []
    for row in written.tolist():
        kept = row[: row.index(END)] if END in row else row
        found.append([token for token in kept if token != PADDING])
    return found


__all__ = ["Chosen", "Search", "choose", "penalty", "trace_back"]
