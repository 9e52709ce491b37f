"""`Classifier`: networks for tables, as an estimator of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score

from ..errors import DataError, OptionError
from ..nn.losses import Loss, find
from ..tabular import Task
from .base import TableEstimator
from .following import with_callbacks
from .labels import classes_of, codes_of, read_labels
from .weights import with_class_weights


class Classifier(ClassifierMixin, TableEstimator):
    """Tell classes apart, from a table of any columns; networks and linear models pooled.

    What happens in `fit`, in this order; each step has a parameter with a value that leaves it out:

    1. `roles`: each column is a number, a category, a date, or not used.
    2. `impute`: missing numbers are filled in, and a column says where.
    3. `encode`: categories become columns of 0 and 1, or learned vectors.
    4. `normalise`: numbers come on one scale.
    5. `members`: so many members of every kind are trained, each without a part of the rows, which
       chooses its best epoch; from 5 members on every row is held out by one of them.
    6. `pool`, `calibrate`: on the rows held out, how much each kind counts and how sure the whole
       may be.
    7. `refit`: each kind is trained once more, on all rows.

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
    members : of each kind; from 5 on they divide the rows into so many folds, fewer hold out
        `validation_fraction` of the rows each. 1 is a single split. "auto" follows `preset`.
    pool : whether kinds are weighed by their predictions for rows held out; else all count alike.
    calibrate : whether probabilities are made to fit the rows held out.
    refit : whether, at the end, each kind is trained anew on all rows, and only these are kept.
    hidden_layer_sizes : sizes such as (128, 64) for the kinds that are networks; () for none.
    activation : name, function in layerwise's graph functions, or one for each hidden layer.
    dropout : chance that a hidden unit is off, or one for each hidden layer; 0 for none.
    linear : whether the linear and the additive kind take part. "auto" follows `preset`, and means
        False when `hidden_layer_sizes` is given.
    numeric_embedding : what networks see of numbers: "piecewise" (bent lines), "periodic" (waves),
        None (the encoded columns as they are), or "auto", which follows `preset`.
    loss : "auto" is cross-entropy; or a name, a function (prediction, target) in graph functions
        that gives a number for each row, or a `Loss`.
    optimizer : "adamw", "adam", "sgd", or an object of `layerwise.optim`.
    learning_rate : "auto" is that of each kind.
    schedule : "cosine", "constant", "one_cycle", ..., or an object of `layerwise.optim`.
    epochs : at most so many; "auto" is fewer for more rows.
    batch_size : rows in a step; "all" takes every row in each; "auto" is more for more rows.
    weight_decay : "auto" is that of each kind.
    label_smoothing : part of the target that is spread over all classes.
    clip_norm : all gradients together are scaled down to at most this norm; None leaves them.
    early_stopping : so many epochs without a better one end a training; True is 12, below 2,000
        rows 20, False none. The best epoch is kept in any case, if rows are held out.
    validation_fraction : of the rows, held out by each of fewer than 5 members; with 0 a single
        member trains on every row.
    shuffle : whether rows come in a new order every epoch.
    class_weight : "balanced", or a dict from labels to weights; multiplied into `sample_weight`.
    warm_start : whether `fit` goes on from the weights, the encoder and the classes of the fit
        before.
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
    classes_ : (n_classes_,), the labels in sorted order; of several answers their numbers.
    n_classes_, n_outputs_ : how many classes; how many numbers a network gives for a row.
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
        members: Any = "auto",
        pool: bool = True,
        calibrate: bool = True,
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
        label_smoothing: float = 0.0,
        clip_norm: Any = None,
        early_stopping: Any = True,
        validation_fraction: float = 0.125,
        shuffle: bool = True,
        class_weight: Any = None,
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
        self.members = members
        self.pool = pool
        self.calibrate = calibrate
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
        self.label_smoothing = label_smoothing
        self.clip_norm = clip_norm
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.shuffle = shuffle
        self.class_weight = class_weight
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
    ) -> Classifier:
        """Train.

        Parameters
        ----------
        X : rows: an array of any dtype, a scipy sparse matrix, a frame of pandas, Polars or
            PyArrow, a `layerwise.data.tables.Table`.
        y : (n,) labels: text, whole numbers or bools; or (n, labels) of 0 and 1 where a row may
            have several.
        sample_weight : (n,) at least 0.
        validation_data : (X, y) or (X, y, sample_weight), to measure on instead of rows held out;
            every member then trains on all rows of X.
        groups : (n,): rows of one group are never in different folds.

        Raises
        ------
        ValueError, TypeError : data or parameters that make no sense; the message says what to do.
        TrainingDiverged : the loss became NaN at every learning rate that was tried.
        """
        found: Classifier = self._fit(X, y, sample_weight, validation_data, groups)
        return found

    def partial_fit(
        self,
        X: Any,
        y: Any,
        classes: Any = None,
        sample_weight: Any = None,
    ) -> Classifier:
        """Train one pass over some rows of a stream.

        The first call decides for good what each column becomes and, by `classes`, which classes
        there are. It begins a member of each kind (`members` of each, if that is a number); later
        calls, and calls after `fit`, go on from the members that there are. Each call is one pass
        over its rows for every member, with a constant learning rate and the optimiser's moments
        from zero; nothing is held out, so `pool`, `calibrate`, `refit` and `early_stopping` do
        nothing.

        Parameters
        ----------
        X, y, sample_weight : as in `fit`.
        classes : all labels that will ever come, for the first call; those of y when None.
        """
        found: Classifier = self._partial_fit(X, y, sample_weight, classes)
        return found

    def _read_target(self, y: Any) -> np.ndarray:
        return read_labels(y)

    def _learn_target(self, y: np.ndarray, weight: np.ndarray | None, classes: Any) -> LabelTarget:
        if y.ndim == 2:
            return LabelTarget("labels", np.arange(y.shape[1]), self._loss("labels", y.shape[1]))
        found = classes_of(y if classes is None else read_labels(classes))
        two = len(found) == 2 and self._loss_name() != "cross_entropy" and not self.label_smoothing
        kind = "binary" if two else "classes"
        return LabelTarget(kind, found, self._loss(kind, len(found)))

    def _loss_name(self) -> str:
        return (
            "auto" if isinstance(self.loss, str) and self.loss == "auto" else find(self.loss).name
        )

    def _loss(self, kind: str, classes: int) -> Loss:
        usual = find("cross_entropy" if kind == "classes" else "bce_with_logits")
        if self._loss_name() == "auto":
            return usual
        found = find(self.loss)
        if found.builtin and found != usual:
            raise OptionError(
                f"loss: '{found.name}' does not go with {classes} classes; expected 'auto', "
                f"'{usual.name}' or a function of your own"
            )
        return found

    def _weighted(
        self, target: Any, y: np.ndarray, weight: np.ndarray | None, stream: bool
    ) -> np.ndarray | None:
        if self.class_weight is None:
            return weight
        if target.kind == "labels":
            raise OptionError("class_weight: not for several labels of a row; use sample_weight")
        if stream and isinstance(self.class_weight, str):
            raise OptionError(
                "class_weight: 'balanced' needs all rows, so it is not for partial_fit; give a "
                "dict from labels to weights"
            )
        codes = codes_of(y, target.classes)
        return with_class_weights(self.class_weight, target.classes, codes, weight)

    # -- predicting --------------------------------------------------------------------------------

    def decision_function(self, X: Any) -> np.ndarray:
        """How much speaks for each class, before it becomes a probability.

        Returns
        -------
        float64 (n,) for two classes, above 0 for the second; (n, classes) or (n, labels) else.
        """
        raw = self._raw(X)
        if self._target.kind == "labels":
            return raw
        if self._target.kind == "binary":
            return raw[:, 0]
        return raw[:, 1] - raw[:, 0] if raw.shape[1] == 2 else raw

    def predict(self, X: Any) -> np.ndarray:
        """The most probable label of each row, (n,); or 0 and 1, (n, labels)."""
        scores = self.decision_function(X)
        if self._target.kind == "labels":
            return (scores > 0).astype(np.int64)
        codes = (scores > 0).astype(np.int64) if scores.ndim == 1 else scores.argmax(1)
        return np.asarray(self.classes_[codes])

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities, float64 (n, classes); of several answers that of each, (n, labels)."""
        raw = self._raw(X)
        if self._target.kind == "binary":
            return expit(raw * [-1.0, 1.0])
        return np.asarray(expit(raw) if self._target.kind == "labels" else softmax(raw, axis=1))

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of `predict_proba`; finite where those round to 0."""
        raw = self._raw(X)
        if self._target.kind == "binary":
            return log_expit(raw * [-1.0, 1.0])
        if self._target.kind == "labels":
            return np.asarray(log_expit(raw))
        return np.asarray(log_softmax(raw, axis=1))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Part of the rows that are right; with several labels, right in all of them."""
        truth = read_labels(y)
        return float(accuracy_score(truth, self.predict(X), sample_weight=sample_weight))

    def _model_options(self) -> dict[str, Any]:
        several = self._target.kind == "classes"
        return {
            "classes": None if self._target.kind == "labels" else self.classes_.tolist(),
            "output": "softmax" if several else "sigmoid",
            "target": "classes" if several else "binary",
        }

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn should know of this estimator."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class LabelTarget:
    """Labels, as networks take them.

    Attributes
    ----------
    kind : classes, binary or labels.
    classes : the labels, sorted.
    task : for the networks.
    """

    def __init__(self, kind: Any, classes: np.ndarray, loss: Loss) -> None:
        self.kind, self.classes = kind, classes
        self.task = Task(kind, 1 if kind == "binary" else len(classes), loss)

    def encode(self, y: np.ndarray) -> np.ndarray:
        """Labels as int32 (n,) for classes, else float32 (n, outputs) of 0 and 1."""
        if self.kind == "labels":
            if y.ndim != 2 or y.shape[1] != len(self.classes):
                raise DataError(f"y: expected (n, {len(self.classes)}) of 0 and 1, got {y.shape}")
            return y.astype(np.float32)
        if y.ndim != 1:
            raise DataError(f"y: expected one label for each row, shape (n,), got {y.shape}")
        codes = codes_of(y, self.classes)
        return codes if self.kind == "classes" else codes.astype(np.float32)[:, None]

    def attributes(self) -> dict[str, Any]:
        """Fitted attributes."""
        return {
            "classes_": self.classes,
            "n_classes_": len(self.classes),
            "n_outputs_": self.task.outputs,
        }
