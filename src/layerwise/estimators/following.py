"""How a fit is followed: functions of the user's, lines on the screen, scikit-learn's callbacks.

scikit-learn 1.9 has a protocol for callbacks (`sklearn.callback`); earlier ones do without. Its
tree of tasks is here: the fit, in it the members, in each of them its epochs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..errors import OptionError
from ..tabular import KINDS, Ensemble, Member, TabularNet, Watch
from ..training import Epoch, History

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # before scikit-learn 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing: this scikit-learn has no callbacks."""

    def with_callbacks(method: Any) -> Any:
        """The method as it is."""
        return method


class Follower:
    """What happens after each epoch of each member.

    Parameters
    ----------
    estimator : what is fitted.
    given : X, y and other arguments of the fit, for scikit-learn's callbacks.
    reconstruct : from an `Ensemble` to the attributes of a fitted estimator.
    epochs : of each member, at most.
    """

    def __init__(
        self,
        estimator: Any,
        given: Mapping[str, Any],
        reconstruct: Callable[[TabularNet], dict[str, Any]],
        epochs: int | None,
    ) -> None:
        self.estimator, self.given, self.reconstruct = estimator, given, reconstruct
        self.epochs = epochs
        self.functions = functions_of(estimator.callbacks)
        self.verbose = int(estimator.verbose)
        self.root: Any = None
        self._members: dict[int, Any] = {}
        self._opened: list[Any] = []
        if hasattr(estimator, "set_callbacks"):
            self.root = estimator._init_callback_context(
                max_subtasks=None, sequential_subtasks=False
            )
            self.root.call_on_fit_task_begin(estimator=estimator, **self.given)
            if not estimator.__dict__.get("_skl_callbacks"):
                self.root = None

    def watch(self) -> Watch:
        """For `layerwise.tabular.fit`."""
        followed = self.functions or self.verbose > 1 or self.root is not None
        found = Watch(self.epoch_ended) if followed else Watch()
        for function in self.functions:
            if hasattr(function, "watch"):  # it wants to know how many members there are
                function.watch = found
        return found

    def epoch_ended(self, member: int, epoch: Epoch, net: TabularNet) -> Any:
        """Tell everybody; False stops the fit, "member" that of this member."""
        if self.verbose > 1:
            print(f"member {member + 1}, {_line(epoch)}")
        for function in self.functions:
            if function(member, epoch) is False:
                return False
        if self.root is not None and self._tell(member, epoch, net):
            return "member"
        return None

    def _tell(self, member: int, epoch: Epoch, net: TabularNet) -> bool:
        if epoch.epoch == 1:
            # The number of a member comes again when all are trained anew on all rows.
            self._members[member] = self.root.subcontext(
                task_name="member", task_id=len(self._opened), max_subtasks=self.epochs
            ).call_on_fit_task_begin(estimator=self.estimator, **self.given)
            self._opened.append(self._members[member])
        task = self._members[member].subcontext(task_name="epoch")
        task.call_on_fit_task_begin(estimator=self.estimator, **self.given)
        return bool(
            task.call_on_fit_task_end(
                estimator=self.estimator,
                reconstruction_attributes=lambda: self.reconstruct(net),
                **self.given,
            )
        )

    def finish(self, fitted: dict[str, Any], ensemble: Ensemble) -> None:
        """The fit has ended."""
        if self.verbose:
            print(report(ensemble))
        if self.root is None:
            return
        for task in self._opened:
            task.call_on_fit_task_end(estimator=self.estimator, **self.given)
        self.root.call_on_fit_task_end(
            estimator=self.estimator, reconstruction_attributes=lambda: fitted, **self.given
        )


def ensemble_of(net: TabularNet, task: Any) -> Ensemble:
    """An ensemble of the one member that a network is at this moment."""
    member = Member(0, 0, net.state_dict(), None, None, History(), 0)
    # What its kind is called is of no matter for predicting.
    return Ensemble(task, net.columns, [KINDS["plain"]], [net], [member], np.ones(1))


class EpochWatch:
    """Who is told when an epoch of a network ends: the screen, then the user's functions.

    Parameters
    ----------
    callbacks : functions (training, epoch), as `functions_of` takes them.
    verbose : whether a line is printed.
    several : whether a fit may have several trainings, so that the line says which.
    """

    def __init__(self, callbacks: Any, verbose: Any, several: bool = False) -> None:
        self.functions = functions_of(callbacks, "training")
        self.verbose, self.several = bool(verbose), several

    def __call__(self, training: int, epoch: Epoch) -> bool | None:
        """Tell everybody; False ends the fit."""
        if self.verbose:
            which = f"training {training + 1}, " if self.several else ""
            accuracy = epoch.validation_accuracy
            right = "" if accuracy is None else f", accuracy {accuracy:.2%}"
            print(f"{which}{_line(epoch)}{right} ({epoch.seconds:.1f} s)", flush=True)
        # All are told, whatever the first of them says.
        answers = [function(training, epoch) for function in self.functions]
        return False if any(answer is False for answer in answers) else None


def functions_of(callbacks: Any, first: str = "member") -> list[Callable[..., Any]]:
    """The functions that a parameter `callbacks` holds.

    Parameters
    ----------
    callbacks : None, a function, or a list or tuple of functions.
    first : what the first argument of the functions is the number of.

    Raises
    ------
    OptionError : it holds something that cannot be called.
    """
    if callbacks is None:
        return []
    found = list(callbacks) if isinstance(callbacks, list | tuple) else [callbacks]
    for each in found:
        if not callable(each):
            raise OptionError(
                f"callbacks: expected functions ({first}, epoch), got {each!r}; where an estimator "
                "takes callbacks of scikit-learn, they are set by set_callbacks"
            )
    return found


def report(ensemble: Ensemble) -> str:
    """A line for each member, and how much each kind counts."""
    lines = []
    for number, member in enumerate(ensemble.members):
        kind, history = ensemble.kinds[member.kind], member.history
        best = history[member.best_epoch - 1] if member.best_epoch else history[-1]
        lines.append(
            f"member {number + 1} of {len(ensemble.members)}, {kind.name}: {len(history)} epochs, "
            f"kept {_line(best)}"
        )
    weights = zip(ensemble.kinds, ensemble.weights, strict=True)
    lines.append("weights: " + ", ".join(f"{kind.name} {weight:.3f}" for kind, weight in weights))
    return "\n".join(lines)


def _line(epoch: Epoch) -> str:
    text = f"epoch {epoch.epoch}: training loss {epoch.training_loss:.4f}"
    if epoch.validation_loss is not None:
        text += f", held out {epoch.validation_loss:.4f}"
    return text
