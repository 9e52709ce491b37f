"""`examine`: from a training to its case."""

from __future__ import annotations

from collections.abc import Sequence

from ..training.run import Run
from .case import Case
from .examine_data import examine_data, examine_target
from .examine_graph import examine_graph, trace
from .examine_outcome import examine_outcome


def examine(run: Run, names: Sequence[str] = (), classes: Sequence[str] = ()) -> Case:
    """All that the rules read about a training: its data, network, history, probes and outcome.

    Only the rows are looked at that the training was given: to learn from, and to validate.

    Parameters
    ----------
    run : what `layerwise.train` returned, or the `run` of a `TrainingDiverged`.
    names : of the input's columns.
    classes : what the classes are called, in the order of their numbers.
    """
    traced = trace(run.net, run.data.inputs)
    steps = -(-len(run.data) // int(run.config["batch_size"]))
    return Case(
        loss=run.loss,
        output=run.output,
        options=run.config,
        steps_per_epoch=steps,
        stopped=run.stopped,
        best_epoch=run.best_epoch,
        restored=run.restored,
        data=examine_data(run, names),
        target=examine_target(run, classes),
        graph=examine_graph(run, traced),
        outcome=examine_outcome(run, traced),
        divergence=run.divergence,
        history=run.history,
        probes=run.probes,
    )


__all__ = ["examine"]
