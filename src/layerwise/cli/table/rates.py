"""`--lr find` on a table: a range test for one of the networks that will be trained."""

from __future__ import annotations

import numpy as np

from ... import optim
from ...data.encoders import ClassTarget, NumberTarget, TableEncoder
from ...data.tables import Decision
from ...estimators.columns import columns_of, encoded_rows
from ...model.raw_columns import RawColumns
from ...nn.losses import find
from ...tabular import Recipe, TabularNet
from ...tabular.network import Bins
from ...training.range_test import RangeTest, find_learning_rate
from .options import Options
from .rows import Part, Rows


def find_rate(rows: Rows, part: Part, decisions: list[Decision], options: Options) -> RangeTest:
    """Find a learning rate for a network on the rows to learn from.

    It is the network on pieces of numbers, with the hidden layers and the optimiser asked for.
    """
    table = rows.table.take(part.training)
    weight = None if rows.weight is None else rows.weight[part.training]
    encoder = TableEncoder.fit(table, decisions, sample_weight=weight)
    target: NumberTarget | ClassTarget
    if rows.labels is None:
        loss = options.loss or "mse"
        # Counts stay counts: a rate below 0 has no meaning.
        target = NumberTarget.fit(rows.y[part.training], standardise=loss != "poisson")
    else:
        target, loss = ClassTarget.fit(rows.y[part.training]), "cross_entropy"
    y = target.transform(rows.y[part.training])
    given = encoded_rows(RawColumns.of(encoder, table), table, y)
    recipe = Recipe(
        kinds=("piecewise",), hidden=options.hidden, activation=options.activation,
        dropout=options.dropout, batch_size=options.batch_size,
        optimizer=options.optimizer or "adamw",
    ).for_rows(len(table))  # fmt: skip
    columns = columns_of(encoder)
    outputs = target.outputs if isinstance(target, NumberTarget) else len(target.classes)
    net = TabularNet(recipe.members()[0], columns, Bins(given, columns), outputs)
    net.reset_parameters(options.seed)
    inputs = given.inputs if given.codes is not None else given.numbers
    return find_learning_rate(
        net,
        (inputs, given.target),
        loss=find(loss),
        optimizer=optim.optimizer(recipe.optimizer),
        batch_size=min(int(recipe.batch_size or 32), len(table)),
        seed=options.seed,
        sample_weight=None if weight is None else weight.astype(np.float32),
        label_smoothing=(options.label_smoothing or 0.0) if rows.labels is not None else 0.0,
        threads=options.threads,
        backend=options.backend,
    )
