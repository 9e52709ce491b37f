"""`Ensemble`: trained members and how much each kind counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import backends
from ..compiler import State
from ..nn import Module
from ..nn.evaluation import Evaluator
from ..training import Run
from .kinds import MemberKind
from .members import Member
from .network import TabularNet
from .record import HeldOut
from .rows import Columns, Rows
from .task import Task


class Ensemble:
    """What a fit gives.

    Attributes
    ----------
    task, columns : what is predicted from what.
    kinds : the kinds of member; those whose weight is 0 are left out.
    networks : for each kind a network, whose own weights mean nothing.
    members : all members; `Member.kind` is a place in `kinds`.
    weights : float64 (kinds,): how much each kind counts; their sum is an inverse temperature.
    folds : members of each kind in a division of the rows.
    runs : by the place of the kind, the training of its first member, with a sample of its rows.
    held_out : what the whole said of rows that it had not seen; None if there were none.

    The last two hold rows of the table; they stay in this process.
    """

    def __init__(
        self,
        task: Task,
        columns: Columns,
        kinds: Sequence[MemberKind],
        networks: Sequence[TabularNet],
        members: Sequence[Member],
        weights: np.ndarray,
    ) -> None:
        self.task, self.columns = task, columns
        self.kinds, self.networks = list(kinds), list(networks)
        self.members, self.weights = list(members), weights
        self.folds = 1
        self.runs: dict[int, Run] = {}
        self.held_out: HeldOut | None = None
        self._evaluators: dict[tuple, Evaluator] = {}
        self._states: dict[tuple, State] = {}

    def __getstate__(self) -> dict[str, Any]:
        # Compiled programs and rows belong to this process.
        own: dict[str, Any] = {"_evaluators": {}, "_states": {}, "runs": {}, "held_out": None}
        return {**self.__dict__, **own}

    def predict(self, rows: Rows) -> np.ndarray:
        """Pooled raw outputs, float32 (n, outputs).

        For classes log-probabilities up to a constant in each row, for binary and labels logits,
        else numbers on the target's own scale.
        """
        pooled: Any = 0.0
        for kind, weight in enumerate(self.weights):
            each = self.of_kind(kind, rows)
            pooled = pooled + each.dtype.type(weight) * each
        return pooled

    def of_kind(self, kind: int, rows: Rows) -> np.ndarray:
        """The mean of the members of one kind, float32 (n, outputs)."""
        return np.asarray(self.task.mean(self._raws(kind, self._of_kind(kind), rows)))

    def raw(self, member: Member, rows: Rows) -> np.ndarray:
        """One member's own raw outputs, float32 (n, outputs)."""
        return self._raws(member.kind, [member], rows)[0]

    def _of_kind(self, kind: int) -> list[Member]:
        return [member for member in self.members if member.kind == kind]

    def _raws(self, kind: int, members: Sequence[Member], rows: Rows) -> list[np.ndarray]:
        """Raw outputs of members of one kind."""
        backend = backends.get()
        key = (kind, backend.name, tuple((a.shape[1:], a.dtype) for a in rows.inputs))
        evaluator = self._evaluators.get(key)
        if evaluator is None:
            evaluator = Evaluator(self.networks[kind], rows.inputs, backend)
            self._evaluators[key] = evaluator
        feeds = evaluator.feeds(rows.inputs)
        found = []
        for member in members:
            # The weights are handed over, not put into the network: threads may predict at once.
            state = self._states.get((id(member), key))
            if state is None:
                state = self._states[id(member), key] = evaluator.state(member.values)
            found.append(evaluator(state, feeds))
        return found

    def module(self) -> EnsembleNet:
        """All members as one module, to be saved."""
        return EnsembleNet(self)

    @property
    def parameter_count(self) -> int:
        """Numbers that training has set, in all members."""
        counts = [net.parameter_count for net in self.networks]
        return sum(counts[member.kind] for member in self.members)


class EnsembleNet(Module):
    """The members of an ensemble as one network, from encoded columns to pooled outputs."""

    def __init__(self, ensemble: Ensemble) -> None:
        import copy

        self._task, self._weights = ensemble.task, [float(w) for w in ensemble.weights]
        self.kinds: list[list[TabularNet]] = [[] for _ in ensemble.kinds]
        for member in ensemble.members:
            net = copy.deepcopy(ensemble.networks[member.kind])
            net.load_state_dict(member.values)
            self.kinds[member.kind].append(net)

    def forward(self, *inputs: Any) -> Any:
        """(batch, d), and (batch, k) where there are codes, to (batch, outputs)."""
        pooled: Any = 0.0
        for weight, nets in zip(self._weights, self.kinds, strict=True):
            pooled = pooled + weight * self._task.mean([net(*inputs) for net in nets])
        return pooled
