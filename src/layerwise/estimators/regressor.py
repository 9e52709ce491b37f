"""`Regressor`: networks for tables, as an estimator of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import d2_pinball_score
from sklearn.utils import check_array, column_or_1d

from ..data.encoders import NumberTarget
from ..errors import DataError, OptionError
from ..nn.losses import Loss, find
from ..tabular import Task
from .base import TableEstimator
from .following import with_callbacks


class Regressor(RegressorMixin, TableEstimator):
    """Predict numbers, from a table of any columns; networks and linear models pooled.

    What happens in `fit`, in this order; each step has a parameter with a value that leaves it out:

    1. `roles`: each column is a number, a category, a date, or not used.
    2. `impute`: missing numbers are filled in, and a column says where.
    3. `encode`: categories become columns of 0 and 1, or learned vectors.
    4. `normalise`: numbers come on one scale.
    5. `members`: so many members of every kind are trained, each without a part of the rows, which
       chooses its best epoch; from 5 members on every row is held out by one of them.
    6. `pool`: on the rows held out, how much each kind counts.
    7. `refit`: each kind is trained once more, on all rows.

    Before all of them, `normalise_target` gives each number to predict mean 0 and deviation 1;
    predictions come back on its own scale.

    A row of weight 0 counts as absent in all of them. Missing values (NaN) are allowed; infinite
    ones are not. Values of a category that training did not see are no error.

    Parameters
    ----------
    preset : "fast", "default" or "best": what settings that are "auto" become. "fast" is one
        network; "default" is several members of every kind, fewer of them for more rows; "best" is
        twice as many. Time, and the size of the model, grow with the members.
    roles : "auto" decides by the values, and warns of columns with words that it leaves out. A dict
        from columns (names, or places) to "number", "category", "date" or "dropped" overrules it.
        None uses every column as what it holds. Columns of an array of numbers are numbers.
    impute : "median" or "mean" for missing numbers; None makes them an error.
    encode : "auto" makes columns of 0 and 1 of categories with few values and learned vectors of
        others; "one_hot", "embedding"; None makes words an error.
    normalise : "robust" (median and quartiles, smoothly clipped), "standard", "quantile" or None.
    normalise_target : whether the numbers to predict come on one scale for training. Counts (the
        loss "poisson") are divided by their mean instead, or not at all.
    members : of each kind; from 5 on they divide the rows into so many folds, fewer hold out
        `validation_fraction` of the rows each. 1 is a single split. "auto" follows `preset`.
    pool : whether kinds are weighed by their predictions for rows held out; else all count alike.
    refit : whether, at the end, each kind is trained anew on all rows, and only these are kept.
    hidden_layer_sizes : sizes such as (128, 64) for the kinds that are networks; () for none.
    activation : name, function in layerwise's graph functions, or one for each hidden layer.
    dropout : chance that a hidden unit is off, or one for each hidden layer; 0 for none.
    linear : whether the linear and the additive kind take part. "auto" follows `preset`, and means
        False when `hidden_layer_sizes` is given.
    numeric_embedding : what networks see of numbers: "piecewise" (bent lines), "periodic" (waves),
        None (the encoded columns as they are), or "auto", which follows `preset`.
    loss : "auto" is "mse"; or "mae", "huber", "poisson" (counts: the networks predict logarithms,
        and `predict` gives their exponentials), "quantile(0.9)", "quantile(0.1, 0.5, 0.9)" (a
        prediction for each), a function (prediction, target) in graph functions that gives a number
        for each row, or a `Loss`. It sees targets on the scale of `normalise_target`, so huber's
        delta of 1 is one deviation.
    optimizer : "adamw", "adam", "sgd", or an object of `layerwise.optim`.
    learning_rate : "auto" is that of each kind.
    schedule : "cosine", "constant", "one_cycle", ..., or an object of `layerwise.optim`.
    epochs : at most so many; "auto" is fewer for more rows.
    batch_size : rows in a step; "all" takes every row in each; "auto" is more for more rows.
    weight_decay : "auto" is that of each kind.
    clip_norm : all gradients together are scaled down to at most this norm; None leaves them.
    early_stopping : so many epochs without a better one end a training; True is 12, below 2,000
        rows 20, False none. The best epoch is kept in any case, if rows are held out.
    validation_fraction : of the rows, held out by each of fewer than 5 members; with 0 a single
        member trains on every row.
    shuffle : whether rows come in a new order every epoch.
    warm_start : whether `fit` goes on from the weights, the encoder and the target's scale of the
        fit before.
    random_state : decides folds, first weights, order and dropout. The same number gives the same
        predictions, on any number of threads.
    n_jobs : members trained at once, at most; None is what the process may use, -1 all cores.
    backend : "native" or "reference"; None is native.
    dtype : "float32" or, slower, "float64".
    probes : whether what the layers of one member of each kind do is recorded, for `doctor`; it
        changes no prediction.
    callbacks : a function (member, epoch), or several, called when an epoch of a member ends;
        returning False ends the fit, and what was best until then is kept. Callbacks of
        scikit-learn 1.9 are set by `set_callbacks`.
    verbose : True or 1 prints what became of each member, 2 each epoch too.

    Attributes
    ----------
    n_outputs_ : how many numbers a network gives for a row.
    target_ : `layerwise.data.encoders.NumberTarget`: the scale of the numbers to predict.
    n_features_in_, feature_names_in_ : columns of X; names where they have some.
    decisions_ : the role of each column, and why.
    encoder_ : `layerwise.data.encoders.TableEncoder`: what became of each column.
    ensemble_ : `layerwise.tabular.Ensemble`: the members and how much each kind counts.
    history_ : of each member its epochs, `layerwise.training.History`.
    best_epoch_ : of each member the epoch whose weights are kept, counted from 1.
    n_iter_ : the most epochs that a member was trained for.
    n_parameters_ : numbers that training has set, in all members.
    loss_ : name of the loss.

    Notes
    -----
    Ctrl-C ends `fit` with `KeyboardInterrupt`, after the threads have ended; the members stay those
    of the fit before. To end it and keep what was learned, let a callback return False.
    """

    def __init__(
        self,
        preset: str = "default",
        *,
        roles: Any = "auto",
        impute: Any = "median",
        encode: Any = "auto",
        normalise: Any = "robust",
        normalise_target: bool = True,
        members: Any = "auto",
        pool: bool = True,
        refit: bool = False,
        hidden_layer_sizes: Any = "auto",
        activation: Any = "auto",
        dropout: Any = "auto",
        linear: Any = "auto",
        numeric_embedding: Any = "auto",
        loss: Any = "auto",
        optimizer: Any = "adamw",
        learning_rate: Any = "auto",
        schedule: Any = "cosine",
        epochs: Any = "auto",
        batch_size: Any = "auto",
        weight_decay: Any = "auto",
        clip_norm: Any = None,
        early_stopping: Any = True,
        validation_fraction: float = 0.125,
        shuffle: bool = True,
        warm_start: bool = False,
        random_state: Any = None,
        n_jobs: Any = None,
        backend: Any = None,
        dtype: str = "float32",
        probes: bool = True,
        callbacks: Any = None,
        verbose: Any = False,
    ) -> None:
        self.preset = preset
        self.roles = roles
        self.impute = impute
        self.encode = encode
        self.normalise = normalise
        self.normalise_target = normalise_target
        self.members = members
        self.pool = pool
        self.refit = refit
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.linear = linear
        self.numeric_embedding = numeric_embedding
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.epochs = epochs
        self.batch_size = batch_size
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.shuffle = shuffle
        self.warm_start = warm_start
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.backend = backend
        self.dtype = dtype
        self.probes = probes
        self.callbacks = callbacks
        self.verbose = verbose

    # -- fitting -----------------------------------------------------------------------------------

    @with_callbacks
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        validation_data: Any = None,
        groups: Any = None,
    ) -> Regressor:
        """Train.

        Parameters
        ----------
        X : rows: an array of any dtype, a scipy sparse matrix, a frame of pandas, Polars or
            PyArrow, a `layerwise.data.tables.Table`.
        y : numbers, (n,) or (n, outputs).
        sample_weight : (n,) at least 0.
        validation_data : (X, y) or (X, y, sample_weight), to measure on instead of rows held out;
            every member then trains on all rows of X.
        groups : (n,): rows of one group are never in different folds.

        Raises
        ------
        ValueError, TypeError : data or parameters that make no sense; the message says what to do.
        TrainingDiverged : the loss became NaN at every learning rate that was tried.
        """
        found: Regressor = self._fit(X, y, sample_weight, validation_data, groups)
        return found

    def partial_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
    ) -> Regressor:
        """Train one pass over some rows of a stream.

        The first call decides for good what each column becomes, and the scale of the target. It
        begins a member of each kind (`members` of each, if that is a number); later calls, and
        calls after `fit`, go on from the members that there are. Each call is one pass over its
        rows for every member, with a constant learning rate and the optimiser's moments from zero;
        nothing is held out, so `pool`, `refit` and `early_stopping` do nothing.

        Parameters
        ----------
        X, y, sample_weight : as in `fit`.
        """
        found: Regressor = self._partial_fit(X, y, sample_weight, None)
        return found

    def _read_target(self, y: Any) -> np.ndarray:
        if not hasattr(y, "shape"):
            y = np.asarray(y)
        found = check_array(
            y, ensure_2d=False, dtype=np.float64, ensure_min_samples=0, input_name="y"
        )
        if found.ndim == 2 and found.shape[1] == 1:
            found = column_or_1d(found, warn=True)
        if found.ndim not in (1, 2):
            raise DataError(f"y: expected numbers (n,) or (n, outputs), got shape {found.shape}")
        return np.asarray(found)

    def _learn_target(self, y: np.ndarray, weight: np.ndarray | None, classes: Any) -> Numbers:
        auto = isinstance(self.loss, str) and self.loss == "auto"
        loss = find("mse" if auto else self.loss)
        if loss.target != "numbers":
            raise OptionError(
                f"loss: '{loss.name}' is for classes; expected one for numbers, such as 'mse', "
                "'mae', 'huber', 'poisson' or 'quantile(0.9)', or use Classifier"
            )
        if len(loss.levels) > 1 and y.ndim == 2:
            raise OptionError(
                f"loss: '{loss.name}' is for one number to predict, y has {y.shape[1]}; give one "
                "level, or train a regressor for each"
            )
        if loss.lowest is not None and y.min() < loss.lowest:
            row = int((y < loss.lowest).reshape(len(y), -1).any(1).argmax())
            raise DataError(
                f"y: '{loss.name}' takes numbers of at least {loss.lowest:g}, got {y[row].min():g} "
                f"in row {row}; use 'mse', 'mae' or 'huber'"
            )
        standardise = self.normalise_target and loss.lowest is None
        scale = NumberTarget.fit(y, sample_weight=weight, standardise=standardise)
        if self.normalise_target and loss.lowest is not None:
            # Rates relative to the mean: the same optimum, from where the networks begin.
            table = y.reshape(len(y), -1)
            mean = np.average(table, axis=0, weights=weight)
            scale = NumberTarget(
                np.zeros(table.shape[1]), np.where(mean > 0, mean, 1.0), y.ndim == 1
            )
        return Numbers(loss, scale)

    # -- predicting --------------------------------------------------------------------------------

    def predict(self, X: Any) -> np.ndarray:
        """Numbers, float64: (n,), or (n, outputs) as y was; (n, levels) for several quantiles."""
        raw = self._raw(X)
        found: np.ndarray = self._target.decode(raw)
        return found

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R2; for quantiles the part of the pinball loss of constant quantiles that is saved.

        Both are 1 at best and 0 for the best constant guess; of several quantiles it is the mean.
        """
        levels = self._target.task.loss.levels if hasattr(self, "_target") else ()
        if not levels:
            return float(super().score(X, y, sample_weight))
        found = self.predict(X).reshape(len(y), -1)
        scores = [
            d2_pinball_score(y, column, sample_weight=sample_weight, alpha=level)
            for level, column in zip(levels, found.T, strict=True)
        ]
        return float(np.mean(scores))

    def _model_options(self) -> dict[str, Any]:
        loss, scale = self._target.task.loss, self.target_
        if self.n_outputs_ > scale.outputs:
            each = np.ones(self.n_outputs_)
            scale = NumberTarget(each * scale.mean, each * scale.deviation, False)
        return {"output": loss.output, "target": "numbers", "scale": scale}

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn should know of this estimator."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


class Numbers:
    """Numbers to predict, as networks take them.

    Attributes
    ----------
    scale : from numbers to what networks are trained on, and back.
    task : for the networks.
    """

    def __init__(self, loss: Loss, scale: NumberTarget) -> None:
        self.scale = scale
        self.task = Task("numbers", max(scale.outputs, len(loss.levels)), loss)

    def encode(self, y: np.ndarray) -> np.ndarray:
        """Numbers on the scale, float32 (n, outputs)."""
        return self.scale.transform(y)

    def decode(self, raw: np.ndarray) -> np.ndarray:
        """Predictions for raw outputs (n, outputs)."""
        found = np.asarray(self.task.loss.prediction(raw), np.float64)
        if self.task.outputs > self.scale.outputs:
            return found * self.scale.deviation + self.scale.mean
        return self.scale.inverse(found)

    def attributes(self) -> dict[str, Any]:
        """Fitted attributes."""
        return {"n_outputs_": self.task.outputs, "target_": self.scale}
