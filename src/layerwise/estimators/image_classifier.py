"""`ImageClassifier`: networks for pictures, as an estimator of scikit-learn."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score
from sklearn.utils import check_random_state

from .. import backends
from ..data.held_out import hold_out
from ..data.pictures import Augmentation, PictureFiles, PictureKind, read_pictures, size_of
from ..data.pictures.arrays import as_pictures
from ..data.pictures.picture_files import LARGEST
from ..errors import DataError, OptionError, unknown
from ..model import Model, load
from ..pictures import ARCHITECTURES, PictureRecipe, fit
from ..training.history import Epoch
from .labels import codes_of, read_labels
from .options import _number, _whole, threads_of
from .weights import class_weights, on_scale, row_weights


class ImageClassifier(ClassifierMixin, BaseEstimator):
    """Tell pictures apart.

    What happens in `fit`: pictures are brought to one size and mode; a part of them is held out to
    choose the best epoch; pixels are put on one scale, by mean and deviation of each channel; and
    one network is trained, with pictures that are changed a little in every epoch.

    Parameters
    ----------
    architecture : "convolution" (usually the most accurate), "attention" (patches and a small
        transformer, which can show where it looked) or "dense"; or a function of (channels, height,
        width) and the number of classes that gives a `layerwise.nn.Module`.
    augmentation : "auto" shifts pictures of "convolution" by up to a fourteenth of their side; an
        `layerwise.data.Augmentation`; None leaves pictures as they are.
    size : "auto", or (height, width), or one number: what pictures are resized to. "auto" keeps
        arrays of at most 64 pixels a side, makes larger ones smaller, and takes the size that most
        pictures of a folder have, likewise.
    mode : "auto", "grey" or "colour".
    epochs : "auto" is fewer for more pictures.
    batch_size : pictures in a step; "auto" is 64, fewer for few pictures.
    learning_rate : the highest of the schedule; "auto" is that of the architecture.
    schedule : "one_cycle", "cosine", "constant", ..., or an object of `layerwise.optim`.
    optimizer : "adamw", "adam", "sgd", or an object of `layerwise.optim`.
    weight_decay : of "adamw"; "auto" is that of the architecture.
    dropout : "auto", or a chance from 0 to below 1.
    label_smoothing : part of the target that is spread over all classes.
    clip_norm : all gradients together are scaled down to at most this norm; None leaves them.
    validation_fraction : of the pictures, held out to choose the best epoch; 0 trains on all and
        keeps the last.
    early_stopping : so many epochs without a better one end the training; True is 5, False none.
    class_weight : "balanced", or a dict from labels to weights; multiplied into `sample_weight`.
    random_state : decides what is held out, first weights, order, dropout and augmentation. The
        same number gives the same predictions, on any number of threads.
    n_jobs : threads, at most; None is what the process may use, -1 all cores.
    backend : "native" or "reference"; None is native.
    probes : whether what the layers do is recorded, for `layerwise.doctor`.
    on_epoch : called with an `layerwise.training.Epoch` when it ends; returning False ends the fit,
        and the best epoch until then is kept.
    verbose : True prints notes on the pictures and each epoch.

    Attributes
    ----------
    classes_ : (n_classes_,), the labels in sorted order.
    n_classes_ : how many.
    kind_ : `layerwise.data.pictures.PictureKind`: size, mode and scale that the network takes.
    notes_ : sentences on what was done to the pictures: resized, converted, left out.
    run_ : the `layerwise.Run`; None after `load`.
    history_ : its epochs.
    best_epoch_ : the epoch whose weights are kept, counted from 1.
    n_parameters_ : numbers that training has set.
    """

    def __init__(
        self,
        architecture: Any = "convolution",
        *,
        augmentation: Any = "auto",
        size: Any = "auto",
        mode: str = "auto",
        epochs: Any = "auto",
        batch_size: Any = "auto",
        learning_rate: Any = "auto",
        schedule: Any = "one_cycle",
        optimizer: Any = "adamw",
        weight_decay: Any = "auto",
        dropout: Any = "auto",
        label_smoothing: float = 0.0,
        clip_norm: Any = 1.0,
        validation_fraction: float = 0.1,
        early_stopping: Any = False,
        class_weight: Any = None,
        random_state: Any = None,
        n_jobs: Any = None,
        backend: Any = None,
        probes: bool = True,
        on_epoch: Callable[[Epoch], Any] | None = None,
        verbose: Any = False,
    ) -> None:
        self.architecture = architecture
        self.augmentation = augmentation
        self.size = size
        self.mode = mode
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.optimizer = optimizer
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.label_smoothing = label_smoothing
        self.clip_norm = clip_norm
        self.validation_fraction = validation_fraction
        self.early_stopping = early_stopping
        self.class_weight = class_weight
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.backend = backend
        self.probes = probes
        self.on_epoch = on_epoch
        self.verbose = verbose

    # -- fitting -----------------------------------------------------------------------------------

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        validation_data: Any = None,
        progress: Callable[..., Any] | None = None,
    ) -> ImageClassifier:
        """Train.

        Parameters
        ----------
        X : pictures: an array (n, height, width), (n, height, width, channels) or (n, channels,
            height, width); or a path, as `layerwise.data.read_pictures` takes it: a folder with a
            sub-folder for each class, IDX files, an .npz file.
        y : (n,) labels: text, whole numbers or bools; None where X is a path.
        sample_weight : (n,) at least 0; pictures of weight 0 count as absent.
        validation_data : (X, y) or (X, y, sample_weight), to choose the best epoch by, in place of
            pictures held out.
        progress : called with a `layerwise.training.Progress` several times a second.

        Raises
        ------
        ValueError, TypeError : data or parameters that make no sense; the message says what to do.
        TrainingDiverged : the loss became NaN.
        """
        recipe, threads = self._recipe(), threads_of(self.n_jobs)
        pictures, labels, notes = self._labelled(X, y)
        weight = row_weights(sample_weight, len(labels))
        if weight is not None and not weight.all():
            pictures, labels, weight = pictures[weight > 0], labels[weight > 0], weight[weight > 0]
        classes = np.unique(labels)
        if len(classes) < 2:
            raise DataError(
                "expected pictures of at least two classes, got one class only, "
                f"{classes.tolist()[0]!r}"
            )
        codes = codes_of(labels, classes)
        if self.class_weight is not None:
            by_class = class_weights(self.class_weight, classes, codes, weight)
            weight = by_class if weight is None or by_class is None else weight * by_class
        weight = on_scale(weight)
        kind = PictureKind.of(pictures).fitted(size_of(self.size))
        if self.mode != "auto":
            kind = PictureKind(kind.size, self.mode, kind.white)
        ready, more = kind.take(pictures)
        notes += more
        if self.verbose:
            for note in notes:
                print(f"note: {note}")
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        validation: tuple[Any, ...] | None = None
        if validation_data is not None:
            validation = self._validation(validation_data, kind, classes)
        else:
            kept, held = self._divided(codes, seed)
            if len(held):
                own = () if weight is None else (weight[held],)
                validation = (ready[held], codes[held], *own)
                ready, codes = ready[kept], codes[kept]
                weight = None if weight is None else weight[kept]
        fitted = fit(
            ready, codes, kind, len(classes), recipe,
            weight=weight, validation=validation, seed=seed, threads=threads,
            backend=self.backend, on_epoch=self._follow(), progress=progress,
        )  # fmt: skip
        self.classes_, self.n_classes_ = classes, len(classes)
        self.kind_, self.notes_, self.run_ = kind, notes, fitted.run
        self.history_ = fitted.run.history
        self.best_epoch_ = fitted.run.best_epoch or len(fitted.run.history)
        self.n_parameters_ = fitted.net.parameter_count
        self._model = fitted.model(
            classes.tolist(),
            {"estimator": type(self).__name__, "architecture": _name(self.architecture),
             "notes": notes},
        )  # fmt: skip
        return self

    def _recipe(self) -> PictureRecipe:
        if not callable(self.architecture) and self.architecture not in ARCHITECTURES:
            raise unknown("architecture", self.architecture, ARCHITECTURES)
        if self.mode not in ("auto", "grey", "colour"):
            raise unknown("mode", self.mode, ("auto", "grey", "colour"))
        size_of(self.size)
        augmentation = self.augmentation
        if augmentation is None:
            augmentation = Augmentation()
        elif isinstance(augmentation, str) and augmentation == "auto":
            augmentation = None
        elif not isinstance(augmentation, Augmentation):
            raise OptionError(
                "augmentation: expected 'auto', None or a layerwise.data.Augmentation, got "
                f"{augmentation!r}"
            )
        fraction = self.validation_fraction
        if isinstance(fraction, bool) or not isinstance(fraction, int | float | np.number):
            raise OptionError(f"validation_fraction: expected a number, got {fraction!r}")
        if not 0 <= fraction < 1:
            raise OptionError(
                f"validation_fraction: expected a number from 0 to below 1, got {fraction!r}"
            )
        patience = self.early_stopping
        if isinstance(patience, bool | np.bool_) or patience is None:
            patience = 5 if patience else None
        dropout = _number("dropout", self.dropout)
        if dropout is not None and dropout >= 1:
            raise OptionError(f"dropout: expected a chance below 1, got {self.dropout!r}")
        return PictureRecipe(
            architecture=self.architecture,
            augmentation=augmentation,
            epochs=_whole("epochs", self.epochs, 1, None),
            batch_size=_whole("batch_size", self.batch_size, 1, None),
            learning_rate=_number("learning_rate", self.learning_rate, above=True),
            weight_decay=_number("weight_decay", self.weight_decay),
            dropout=dropout,
            optimizer=self.optimizer,
            schedule=self.schedule,
            label_smoothing=_number("label_smoothing", self.label_smoothing) or 0.0,
            clip_norm=None if self.clip_norm is None else _number("clip_norm", self.clip_norm),
            patience=None if patience is None else _whole("early_stopping", patience, 1, None),
            probes=bool(self.probes),
        )

    def _labelled(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """Pictures, labels by name, and notes."""
        if isinstance(X, str | Path):
            if y is not None:
                raise DataError(
                    "y: expected None beside a path, whose folders or files have the labels; or "
                    "give a list of paths with a label for each"
                )
            mode = None if self.mode == "auto" else self.mode
            found = read_pictures(X, size_of(self.size), mode)
            return found.pictures, read_labels(found.named_labels), list(found.notes)
        if y is None:
            raise DataError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y "
                "is None; only a path has its own labels"
            )
        labels = read_labels(y)
        if labels.ndim != 1:
            raise DataError(f"y: expected one label for each picture, got shape {labels.shape}")
        pictures, notes = _any_pictures(X, size_of(self.size), self.mode)
        if len(pictures) != len(labels):
            raise DataError(
                f"Found input variables with inconsistent numbers of samples: {len(pictures)} "
                f"pictures, {len(labels)} labels; expected as many of both"
            )
        return pictures, labels, notes

    def _divided(self, codes: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        nothing = np.empty(0, np.int64)
        if not self.validation_fraction or len(codes) < 10:
            return np.arange(len(codes)), nothing
        held, _ = hold_out(len(codes), float(self.validation_fraction), seed, classes=codes)
        return held.rest, held.test

    def _validation(
        self, given: Any, kind: PictureKind, classes: np.ndarray
    ) -> tuple[np.ndarray, ...]:
        if not isinstance(given, tuple | list) or len(given) not in (2, 3):
            raise DataError(
                "validation_data: expected (X, y) or (X, y, sample_weight), got "
                f"{type(given).__name__}"
            )
        pictures, labels, _ = self._labelled(given[0], given[1])
        codes = codes_of(labels, classes)
        weight = row_weights(given[2] if len(given) == 3 else None, len(codes))
        ready, _ = kind.take(pictures)
        return (ready, codes) if weight is None else (ready, codes, weight)

    def _follow(self) -> Callable[[Epoch], Any] | None:
        if not self.verbose:
            return self.on_epoch

        def follow(epoch: Epoch) -> Any:
            shown = f"epoch {epoch.epoch}: training loss {epoch.training_loss:.4f}"
            if epoch.validation_loss is not None:
                shown += (
                    f", validation loss {epoch.validation_loss:.4f}, accuracy "
                    f"{epoch.validation_accuracy:.2%}"
                )
            print(f"{shown} ({epoch.seconds:.1f} s)", flush=True)
            return None if self.on_epoch is None else self.on_epoch(epoch)

        return follow

    # -- predicting --------------------------------------------------------------------------------

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities, float64 (n, classes).

        Parameters
        ----------
        X : pictures: an array as in `fit`, the path of a picture or of a folder of pictures, or a
            list of paths. Other sizes are resized, and grey and colour become each other; a warning
            says so of arrays.
        """
        model = self._fitted()
        ready, notes = self.kind_.take(X)
        if notes and isinstance(X, np.ndarray):
            warnings.warn("; ".join(notes), UserWarning, stacklevel=2)
        with backends.using(self.backend or backends.get().name):
            found = model.predict_probabilities(ready).astype(np.float64)
        return found / found.sum(1, keepdims=True)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable label of each picture, (n,); X as for `predict_proba`."""
        best = self.predict_proba(X).argmax(1)
        return np.asarray(self.classes_[best])

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Accuracy; without y, X is a path whose folders or files have the labels."""
        self._fitted()
        if y is None and isinstance(X, str | Path):
            found = read_pictures(X, self.kind_.size, self.kind_.mode)
            X, y = found.pictures, found.named_labels
        return float(accuracy_score(y, self.predict(X), sample_weight=sample_weight))

    def _fitted(self) -> Model:
        model: Model | None = self.__dict__.get("_model")
        if model is None:
            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet; call fit first"
            )
        return model

    # -- as one model ------------------------------------------------------------------------------

    def to_model(self) -> Model:
        """The network and what becomes of pictures before it, as one `layerwise.Model`."""
        return self._fitted()

    def doctor(self) -> Any:
        """What went wrong in the last fit, why, and what to change; ``lw.doctor(estimator)`` too.

        Returns
        -------
        `layerwise.doctor.Diagnosis`. Nothing is trained.
        """
        from ..doctor.consult import doctor

        model = self._fitted()
        if self.run_ is None:
            return doctor(model, trials=False)
        found = doctor(self.run_, trials=False)
        model.summary |= self.run_.remarks  # `save` writes it, for `layerwise doctor`
        return found

    def save(self, path: Any) -> None:
        """Write `to_model` to one safetensors file, for `ImageClassifier.load` and `lw.load`."""
        self._fitted().save(path)

    @classmethod
    def load(cls, path: Any) -> ImageClassifier:
        """A fitted estimator from a file that `save` wrote; it predicts, and cannot go on training.

        Raises
        ------
        ModelFileError : the file is missing, damaged, or holds no model of pictures.
        """
        from ..errors import ModelFileError

        model = load(path)
        if model.pictures is None or model.classes is None:
            raise ModelFileError(
                f"'{path}' holds no model that ImageClassifier wrote; layerwise.load reads it"
            )
        architecture = model.summary.get("architecture")
        found = cls(architecture if architecture in ARCHITECTURES else "convolution")
        found.classes_ = np.array(model.classes)
        found.n_classes_ = len(model.classes)
        found.kind_, found.notes_, found.run_ = model.pictures, [], None  # type: ignore[assignment]
        found.n_parameters_ = model.parameter_count
        found._model = model
        return found

    def __sklearn_is_fitted__(self) -> bool:
        """For scikit-learn's `check_is_fitted`."""
        return "_model" in self.__dict__

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn should know of this estimator."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.target_tags.required = False
        return tags


def _any_pictures(
    given: Any, size: tuple[int, int] | None, mode: str
) -> tuple[np.ndarray, list[str]]:
    """Pictures from an array or from several paths."""
    from ..data.pictures.kind import files_of
    from ..data.pictures.picture_files import read_files

    files = files_of(given)
    if files is not None:
        read = read_files(files, size, None if mode == "auto" else mode, LARGEST)
        return read.pictures, read.notes
    if isinstance(given, PictureFiles):
        return given.pictures, list(given.notes)
    return as_pictures(given), []


def _name(architecture: Any) -> str:
    return architecture if isinstance(architecture, str) else "given"
