"""From rows and options to a fitted estimator and the model that is saved."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ...data.tables import Decision, decide_roles
from ...errors import DataError
from ...model import Model
from ...tabular import Ensemble
from ...training import Epoch
from .options import Options
from .rows import Part, Rows
from .streaming import Streamed

OnEpoch = Callable[[int, Epoch], Any]


@dataclass(frozen=True, eq=False)
class Fitted:
    """What came out of a fit.

    Attributes
    ----------
    model : ready to predict from raw rows and to be saved.
    ensemble : its members.
    classes : of the training rows, in the order of the probabilities; () for numbers.
    estimator : what was fitted; it can be asked for a diagnosis.
    """

    model: Model
    ensemble: Ensemble
    classes: tuple[Any, ...]
    estimator: Any


def decide(rows: Rows, part: Part, options: Options) -> list[Decision]:
    """What each column is good for, as the rows to learn from show it.

    Raises
    ------
    DataError : a name that is that of no column, or none is left to predict from.
    """
    sides = options.side_columns.values()
    training = rows.table.take(part.training)
    decisions = decide_roles(
        training,
        categorical=options.categorical,
        drop=[name for name in options.drop if name not in sides],
        columns=options.columns or None,
    )
    if not any(decision.used for decision in decisions):
        reasons = "; ".join(f"'{d.name}': {d.role}, {d.reason}" for d in decisions[:5])
        raise DataError(
            f"{rows.table.source}: no column is left to predict '{options.target}' from "
            f"({reasons or 'there is no other'}); name some with --columns or --categorical"
        )
    return decisions


def fit(
    rows: Rows,
    part: Part,
    decisions: list[Decision],
    options: Options,
    rate: float | None,
    on_epoch: OnEpoch | None,
    streamed: Streamed | None = None,
) -> Fitted:
    """Fit an estimator of `layerwise.estimators` on the training rows of a part.

    Parameters
    ----------
    rate : the learning rate; None leaves it to the recipe.
    on_epoch : called with the number of a member and its epoch; False stops the fit.
    streamed : the file, where it is read in parts; the training rows are a sample of it then.
    """
    estimator = _estimator(rows, decisions, options, rate, on_epoch)
    given: dict[str, Any] = {}
    if rows.weight is not None:
        given["sample_weight"] = rows.weight[part.training]
    if part.validation is not None:
        weight = () if rows.weight is None else (rows.weight[part.validation],)
        given["validation_data"] = (
            rows.table.take(part.validation), rows.y[part.validation], *weight
        )  # fmt: skip
    elif rows.groups is not None:
        given["groups"] = rows.groups[part.training]
    table = rows.table.take(part.training)
    with warnings.catch_warnings(), _threads(options.threads):
        # What there is to be said of columns is said from the decisions.
        warnings.simplefilter("ignore", UserWarning)
        if streamed is None:
            estimator.fit(table, rows.y[part.training], **given)
        else:
            weight = (given["sample_weight"],) if "sample_weight" in given else ()
            estimator.fit_stream(
                streamed.blocks,
                rows=streamed.learned,
                block_rows=streamed.source.rows_per_batch,
                sample=(table, rows.y[part.training], *weight),
                classes=streamed.classes,
                validation_data=given["validation_data"],
            )
    classes = tuple(getattr(estimator, "classes_", ()))
    return Fitted(estimator.to_model(), estimator.ensemble_, classes, estimator)


@contextmanager
def _threads(most: int | None) -> Iterator[None]:
    """Let everything inside use so many threads at most."""
    if most is None:
        yield
        return
    from threadpoolctl import threadpool_limits

    with threadpool_limits(most):
        yield


def _estimator(
    rows: Rows,
    decisions: list[Decision],
    options: Options,
    rate: float | None,
    on_epoch: OnEpoch | None,
) -> Any:
    from ...estimators import Classifier, Regressor

    settings: dict[str, Any] = {
        "members": options.members,
        "hidden_layer_sizes": options.hidden,
        "activation": options.activation,
        "dropout": options.dropout,
        "epochs": options.epochs,
        "batch_size": options.batch_size,
        "optimizer": options.optimizer,
        "learning_rate": rate,
        "schedule": options.schedule,
        "weight_decay": options.weight_decay,
        "early_stopping": options.patience,
        "n_jobs": options.threads,
    }
    if rows.goal.goal == "regression":
        settings["loss"] = options.loss
    else:
        settings["class_weight"] = options.class_weight
        settings["label_smoothing"] = options.label_smoothing
    kind = Regressor if rows.goal.goal == "regression" else Classifier
    return kind(
        preset=options.preset,
        roles={d.name: d.role if d.used else "dropped" for d in decisions},
        random_state=options.seed,
        backend=options.backend,
        probes=options.probes,
        callbacks=on_epoch,
        **{name: value for name, value in settings.items() if value is not None},
    )
