"""What `Classifier` and `Regressor` have in common: from X and y to an ensemble."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .. import backends, tabular
from ..data.encoders import TableEncoder
from ..data.tables import Table
from ..errors import DataError, OptionError
from ..model import Model
from ..model.raw_columns import RawColumns
from ..tabular import Ensemble, Rows, Task
from ..training import History
from . import hidden
from .columns import columns_of, decisions_for, encoded_rows
from .following import CallbackSupportMixin, Follower, ensemble_of
from .inputs import known_table, parts_of, training_table
from .options import recipe_of, seed_of, stream_recipe, threads_of
from .weights import counted, on_scale, row_weights

if TYPE_CHECKING:
    from ..doctor import Diagnosis
    from .record import Record


class Target(Protocol):
    """What is learned from y before training."""

    task: Task

    def encode(self, y: np.ndarray) -> np.ndarray:
        """As networks take it."""

    def attributes(self) -> dict[str, Any]:
        """Fitted attributes of the estimator."""


class TableEstimator(CallbackSupportMixin, BaseEstimator):
    """Base of the estimators."""

    # -- what differs ------------------------------------------------------------------------------

    @abstractmethod
    def _read_target(self, y: Any) -> np.ndarray:
        """Y as an array, checked."""

    @abstractmethod
    def _learn_target(self, y: np.ndarray, weight: np.ndarray | None, classes: Any) -> Target:
        """What to predict; `classes` are known beforehand in a stream."""

    def _weighted(
        self, target: Target, y: np.ndarray, weight: np.ndarray | None, stream: bool
    ) -> np.ndarray | None:
        """Weights of rows with those of their classes."""
        return weight

    # -- fitting -----------------------------------------------------------------------------------

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        validation_data: Any,
        groups: Any,
    ) -> Any:
        recipe = recipe_of(self)
        threads = threads_of(self.n_jobs)
        table, numeric = training_table(self, X)
        labels = self._checked_target(y, len(table))
        weight = row_weights(sample_weight, len(table))
        groups = _groups(groups, len(table))
        if groups is not None and weight is not None:
            groups = groups[weight > 0]
        table, labels, weight = counted(table, labels, weight)
        if len(table) < 2:
            raise DataError("expected at least 2 rows to train on, got 1 sample that counts")
        before = self._before() if self.warm_start else None
        if before is None:
            target = self._learn_target(labels, weight, None)
            weight = self._weighted(target, labels, weight, False)
            known = self._learn_columns(table, numeric, weight)
        else:
            target = self._target
            weight = self._weighted(target, labels, weight, False)
            known = {name: getattr(self, name) for name in ("decisions_", "encoder_", "_columns")}
        raw: RawColumns = known["_columns"]
        known |= {**target.attributes(), "_target": target}
        rows = encoded_rows(raw, table, target.encode(labels), on_scale(weight))
        follower = Follower(
            self,
            {"X": X, "y": y, "metadata": {"sample_weight": sample_weight}},
            lambda net: {**known, **self._of(ensemble_of(net, target.task))},
            recipe.for_rows(len(rows)).epochs,
        )
        ensemble = tabular.fit(
            rows,
            columns_of(raw.encoder),
            target.task,
            recipe,
            validation=self._validation(validation_data, raw, target),
            groups=groups,
            seed=self._draw_seed(),
            threads=threads,
            backend=self.backend,
            watch=follower.watch(),
            start=before,
        )
        fitted = {**known, **self._of(ensemble)}
        for name, value in fitted.items():
            setattr(self, name, value)
        self.__dict__.pop("_stream", None)
        self._keep_record(ensemble, raw, table, target, labels)
        follower.finish(fitted, ensemble)
        return self

    def _checked_target(self, y: Any, rows: int) -> np.ndarray:
        if y is None:
            raise DataError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y "
                "is None"
            )
        found = self._read_target(y)
        if len(found) != rows:
            raise DataError(
                f"Found input variables with inconsistent numbers of samples: {rows} rows of X, "
                f"{len(found)} of y; expected as many of both"
            )
        return found

    def _learn_columns(
        self, table: Table, numeric: bool, weight: np.ndarray | None
    ) -> dict[str, Any]:
        decisions = decisions_for(table, self.roles, numeric, self.encode)
        encoder = TableEncoder.fit(
            table,
            decisions,
            sample_weight=weight,
            impute=self.impute,
            normalise=self.normalise,
            encode=self.encode or "auto",
        )
        raw = RawColumns.of(encoder, table, self.dtype)
        return {"decisions_": decisions, "encoder_": encoder, "_columns": raw}

    def _validation(self, given: Any, raw: RawColumns, target: Target) -> Rows | None:
        if given is None:
            return None
        x, y, weight = parts_of("validation_data", given)
        table = known_table(self, x, raw.names)
        labels = self._checked_target(y, len(table))
        weight = row_weights(weight, len(table))
        table, labels, weight = counted(table, labels, weight)
        weight = self._weighted(target, labels, weight, False)
        return encoded_rows(raw, table, target.encode(labels), on_scale(weight))

    def _before(self) -> Ensemble | None:
        """The ensemble of the fit before, if there was one."""
        return self.__dict__.get("ensemble_")

    def _draw_seed(self) -> int:
        return seed_of(self.random_state)

    def _of(self, ensemble: Ensemble) -> dict[str, Any]:
        """The fitted attributes that an ensemble has."""
        histories = [member.history for member in ensemble.members]
        return {
            "ensemble_": ensemble,
            "history_": histories,
            "best_epoch_": [member.best_epoch for member in ensemble.members],
            "n_iter_": max((len(history) for history in histories), default=0),
            "n_parameters_": ensemble.parameter_count,
            "loss_": ensemble.task.loss.name,
        }

    # -- the doctor --------------------------------------------------------------------------------

    def doctor(self) -> Diagnosis:
        """What went wrong in the last fit, why, and what to change; ``lw.doctor(estimator)`` too.

        It looks at the raw columns and the target, at the training of one member of each kind, and
        at what the whole says of rows that its members had not seen. Nothing is trained.

        Returns
        -------
        `layerwise.doctor.Diagnosis` : findings, the alarms first. The first call works them out.

        Raises
        ------
        OptionError : the last call was `partial_fit`, of which nothing is recorded.
        """
        check_is_fitted(self, "ensemble_")
        record: Record | None = self.__dict__.get("_record")
        if record is None:
            raise OptionError(
                "doctor: partial_fit records nothing and holds no rows out; expected an estimator "
                "after fit"
            )
        return record.diagnosis

    def _keep_record(
        self, ensemble: Ensemble, raw: RawColumns, table: Table, target: Any, labels: np.ndarray
    ) -> None:
        from .record import Record

        weight = getattr(self, "class_weight", None)
        usual = type(self)().get_params(deep=False)
        values = self.get_params(deep=False)
        options = {
            "class_weight": weight if weight is None or isinstance(weight, str) else "given",
            "label_smoothing": float(getattr(self, "label_smoothing", 0.0)),
            "given": [name for name, value in values.items() if value is not usual[name]],
        }
        self._record = Record(ensemble, raw, table, target, labels, options)

    # -- streams -----------------------------------------------------------------------------------

    def fit_stream(
        self,
        blocks: Any,
        *,
        rows: int,
        sample: Any,
        block_rows: int = 65_536,
        classes: Any = None,
        validation_data: Any = None,
    ) -> Any:
        """Fit one network to rows that come block by block, as all of them do not fit the memory.

        Blocks are read and encoded by another thread while the network trains on the last. A
        table of millions of rows needs neither folds nor members of several kinds, so there is one
        network, and `epochs` passes over the rows, one where it is "auto".

        Parameters
        ----------
        blocks : a function that gives the blocks of one pass: (X, y) or (X, y, sample_weight).
        rows, block_rows : about how many rows there are in all, and in a block.
        sample : (X, y) or (X, y, sample_weight): some rows, drawn from all blocks, by which columns
            are encoded and the target is scaled. A hundred thousand are plenty.
        classes : all classes, where the sample may lack one; of a `Classifier` only.
        validation_data : rows to measure on about 20 times: the best weights are kept, and
            probabilities are calibrated by them.

        Returns
        -------
        The estimator.
        """
        from .stream import fit_stream

        return fit_stream(
            self, blocks, rows=rows, sample=sample, block_rows=block_rows, classes=classes,
            validation_data=validation_data,
        )  # fmt: skip

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, classes: Any) -> Any:
        recipe = recipe_of(self)
        before = self._before()
        if before is None:
            table, numeric = training_table(self, X)
        else:
            table = known_table(self, X, self._columns.names)
        labels = self._checked_target(y, len(table))
        weight = row_weights(sample_weight, len(table))
        table, labels, weight = counted(table, labels, weight)
        if before is None:
            target = self._learn_target(labels, weight, classes)
            weight = self._weighted(target, labels, weight, True)
            known = self._learn_columns(table, numeric, weight)
            for name, value in {**known, **target.attributes(), "_target": target}.items():
                setattr(self, name, value)
            members = recipe.folds or 1
        else:
            target = self._target
            weight = self._weighted(target, labels, weight, True)
            members = len(before.members) // len(before.kinds)
        self.__dict__.pop("_record", None)
        stream = self.__dict__.setdefault("_stream", _Stream(self._draw_seed()))
        rows = encoded_rows(self._columns, table, target.encode(labels), on_scale(weight))
        ensemble = tabular.fit(
            rows,
            columns_of(self.encoder_),
            target.task,
            stream_recipe(recipe, members),
            seed=stream.next_seed(),
            # Most parts are small, and one thread finds every network compiled.
            threads=threads_of(self.n_jobs) or 1,
            backend=self.backend,
            start=before,
            stream=True,
        )
        if before is not None:
            ensemble.weights = before.weights
            for member, old in zip(ensemble.members, before.members, strict=True):
                _continue_history(member, old.history)
        for name, value in self._of(ensemble).items():
            setattr(self, name, value)
        return self

    # -- predicting --------------------------------------------------------------------------------

    def _rows(self, X: Any) -> Rows:
        """Rows to predict, as networks take them."""
        check_is_fitted(self, "ensemble_")
        return encoded_rows(self._columns, known_table(self, X, self._columns.names))

    def _raw(self, X: Any) -> np.ndarray:
        """Pooled raw outputs, float64 (n, outputs)."""
        rows = self._rows(X)
        with backends.using(self.backend or backends.get().name):
            return np.asarray(self.ensemble_.predict(rows), np.float64)

    def hidden_activations(
        self,
        X: Any,
        layer: int = -1,
        member: int = 0,
    ) -> np.ndarray:
        """The values of a hidden layer's units, after its activation: concepts of the network.

        Parameters
        ----------
        X : rows, as for `predict`.
        layer : which hidden layer, counted from 0, or from the last one backwards by -1.
        member : which of the members that have hidden layers, counted from 0.

        Returns
        -------
        float of shape (n, units).

        Raises
        ------
        OptionError : there is no such layer or member.
        """
        check_is_fitted(self, "ensemble_")
        net, values = hidden.layer_of(self.ensemble_, layer, member)
        return hidden.evaluate(net, self._rows(X), values)

    def as_transformer(self, layer: int = -1, member: int = 0) -> hidden.HiddenLayers:
        """A transformer that gives `hidden_activations`, of this estimator as it is fitted."""
        check_is_fitted(self, "ensemble_")
        return hidden.HiddenLayers(self, layer=layer, member=member, prefit=True).fit(None)

    # -- as one model ------------------------------------------------------------------------------

    @abstractmethod
    def _model_options(self) -> dict[str, Any]:
        """What `to_model` must know of the target."""

    def to_model(self) -> Model:
        """All members and what becomes of the columns as one `layerwise.Model`.

        Its predictions are those of this estimator, up to rounding.
        """
        check_is_fitted(self, "ensemble_")
        columns = [{"name": d.name, "role": d.role, "reason": d.reason} for d in self.decisions_]
        record: Record | None = self.__dict__.get("_record")
        return Model(
            self.ensemble_.module(),
            columns=self._columns,
            summary={
                "estimator": type(self).__name__,
                "loss": self.loss_,
                "members": len(self.ensemble_.members),
                "columns": columns,
                # Before somebody asked the doctor, it would take a moment.
                **(record.to_summary() if record is not None and record.is_examined else {}),
            },
            **self._model_options(),
        )

    def save(self, path: Any) -> None:
        """Write `to_model` to one safetensors file, to be read by `layerwise.load`.

        It carries what the doctor read and found: `lw.doctor(lw.load(path))`.
        """
        if self.__dict__.get("_record") is not None:
            self.doctor()
        self.to_model().save(path)

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn should know of this estimator."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.impute is not None
        tags.input_tags.sparse = True
        tags.input_tags.string = self.encode is not None
        tags.input_tags.categorical = self.encode is not None
        tags.target_tags.required = True
        return tags


class _Stream:
    """Where a stream is: each part of it gets its own order of rows."""

    def __init__(self, seed: int) -> None:
        self.seed, self.parts = seed, 0

    def next_seed(self) -> int:
        self.parts += 1
        return int(np.random.SeedSequence([self.seed, self.parts]).generate_state(1)[0])


def _continue_history(member: Any, old: History) -> None:
    done = len(old)
    later = [replace(epoch, epoch=epoch.epoch + done) for epoch in member.history]
    member.history = History([*old, *later])
    member.best_epoch = len(member.history)


def _groups(groups: Any, rows: int) -> np.ndarray | None:
    if groups is None:
        return None
    found = np.asarray(groups)
    if found.shape != (rows,):
        raise DataError(
            f"groups: expected one for each of {rows} rows, shape ({rows},), got {found.shape}"
        )
    return np.unique(found, return_inverse=True)[1]


__all__ = ["TableEstimator", "Target"]
