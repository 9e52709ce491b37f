"""`fit_stream`: an estimator fitted to more rows than the memory holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..tabular import Rows
from ..tabular.stream import fit_stream as fit_blocks
from .columns import columns_of, encoded_rows
from .following import Follower, ensemble_of
from .inputs import known_table, parts_of, training_table
from .options import recipe_of, threads_of
from .weights import counted, on_scale, row_weights

if TYPE_CHECKING:
    from .base import TableEstimator

Block = tuple[Any, ...]
"""(X, y), or (X, y, sample_weight)."""


def fit_stream(
    estimator: TableEstimator,
    blocks: Callable[[], Iterable[Block]],
    *,
    rows: int,
    sample: Block,
    block_rows: int,
    classes: Any = None,
    validation_data: Any = None,
) -> Any:
    """Fit an estimator; see `TableEstimator.fit_stream`."""
    recipe = recipe_of(estimator)
    x, y, weight = parts_of("sample", sample)
    table, numeric = training_table(estimator, x)
    labels = estimator._checked_target(y, len(table))
    table, labels, weight = counted(table, labels, row_weights(weight, len(table)))
    target = estimator._learn_target(labels, weight, classes)
    weight = estimator._weighted(target, labels, weight, True)
    known = estimator._learn_columns(table, numeric, weight)
    raw = known["_columns"]
    known |= {**target.attributes(), "_target": target}

    def read() -> Iterator[Rows]:
        for block in blocks():
            x, y, weight = parts_of("blocks", block)
            table = known_table(estimator, x, raw.names)
            labels = estimator._checked_target(y, len(table))
            table, labels, weight = counted(table, labels, row_weights(weight, len(table)))
            weight = estimator._weighted(target, labels, weight, True)
            yield encoded_rows(raw, table, target.encode(labels), on_scale(weight))

    follower = Follower(
        estimator,
        {"X": sample[0], "y": sample[1], "metadata": {"sample_weight": None}},
        lambda net: {**known, **estimator._of(ensemble_of(net, target.task))},
        max(1, -(-rows // block_rows)),
    )
    ensemble = fit_blocks(
        read,
        encoded_rows(raw, table, target.encode(labels), on_scale(weight)),
        columns_of(raw.encoder),
        target.task,
        recipe,
        rows=rows,
        block_rows=block_rows,
        validation=estimator._validation(validation_data, raw, target),
        seed=estimator._draw_seed(),
        threads=threads_of(estimator.n_jobs),
        backend=estimator.backend,
        watch=follower.watch(),
    )
    fitted = {**known, **estimator._of(ensemble)}
    for name, value in fitted.items():
        setattr(estimator, name, value)
    estimator._keep_record(ensemble, raw, table, target, labels)
    follower.finish(fitted, ensemble)
    return estimator
