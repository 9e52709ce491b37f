"""`fit_stream`: an ensemble of one network, trained on rows that do not fit the memory.

With so many rows one network is enough: what members of several kinds are for, not to be misled by
few rows, is no danger here, and every further member would read the file once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from ..nn.evaluation import evaluate_module
from ..training import Epoch, Run
from ..training.run import Rows as FedRows
from ..training.stream import Block, train_stream
from .ensemble import Ensemble
from .fit import held_out_of, kinds_for, member_seed, weights_of_kinds
from .members import Member, Watch, optimizer_for
from .network import Bins, TabularNet
from .recipe import Recipe
from .record import kept_run
from .rows import Columns, Rows
from .task import Task

KIND = "piecewise"


def fit_stream(
    blocks: Callable[[], Iterable[Rows]],
    sample: Rows,
    columns: Columns,
    task: Task,
    recipe: Recipe | None = None,
    *,
    rows: int,
    block_rows: int,
    validation: Rows | None = None,
    seed: int = 0,
    threads: int | None = None,
    backend: str | None = None,
    watch: Watch | None = None,
) -> Ensemble:
    """Fit one network to blocks of rows.

    Parameters
    ----------
    blocks : gives the blocks of one pass over the rows, none of them empty.
    sample : some of the rows, which stand for all where columns are cut into pieces.
    columns, task, recipe : as for `fit`; of the recipe's kinds the first network is taken, and
        `Recipe.epochs` passes are made, one by default.
    rows, block_rows : about how many rows there are in all and in a block.
    validation : rows to measure on: the best weights are kept, and probabilities calibrated.
    """
    given = recipe or Recipe()
    passes = given.epochs or 1
    settled = replace(given, folds=1).for_rows(rows)
    watch = watch or Watch()
    bins = Bins(sample, columns)
    kinds = kinds_for(replace(settled, kinds=_network_of(given)), columns, bins, task)[:1]
    net = TabularNet(kinds[0], columns, bins, task.outputs)
    net.reset_parameters(member_seed(seed, 0))
    watch.planned += 1

    def block_ended(epoch: Epoch) -> bool:
        return watch.epoch_ended(0, epoch, net)

    run = train_stream(
        net,
        lambda: _given(blocks()),
        rows=rows,
        block_rows=block_rows,
        passes=passes,
        batch_size=int(settled.batch_size or 512),
        validation=None if validation is None else validation.given,
        loss=task.loss,
        optimizer=optimizer_for(settled.optimizer, kinds[0]),
        schedule=settled.schedule,
        label_smoothing=settled.label_smoothing,
        clip_norm=settled.clip_norm,
        seed=member_seed(seed, 0),
        threads=threads,
        backend=backend,
        on_block=block_ended,
        probes=settled.probes,
    )
    watch.trained += 1
    if run.stopped == "interrupted":
        watch.stopped = True
    member = Member(
        kind=0,
        repeat=0,
        values=net.state_dict(),
        validation=None,
        held_out=None if validation is None else evaluate_module(net, *validation.inputs),
        history=run.history,
        best_epoch=run.best_epoch or len(run.history),
    )
    weights = weights_of_kinds([member], kinds, sample, validation, task, settled)
    ensemble = Ensemble(task, columns, kinds, [net], [member], weights)
    ensemble.runs = {0: kept_run(_on(run, sample), net)}
    ensemble.held_out = held_out_of([member], weights, sample, validation, task)
    return ensemble


def _on(run: Run, rows: Rows) -> Run:
    """A run as if its rows had been the sample; the blocks that it had are gone."""
    assert rows.target is not None
    return replace(run, data=FedRows(rows.inputs, rows.target, rows.weight))


def _network_of(recipe: Recipe) -> tuple[str, ...]:
    networks = [name for name in recipe.kinds if name not in ("linear", "additive")]
    return (networks[0] if networks else recipe.kinds[0],)


def _given(blocks: Iterable[Rows]) -> Iterator[Block]:
    for block in blocks:
        yield (*block.given[:2], block.weight)
