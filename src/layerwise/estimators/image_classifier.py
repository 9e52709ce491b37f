"""`ImageClassifier`: networks for pictures, as an estimator of scikit-learn."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np

from ..data.held_out import hold_out
from ..data.pictures import PictureFiles, PictureKind, read_pictures, size_of
from ..data.pictures.arrays import as_pictures
from ..data.pictures.picture_files import LARGEST
from ..errors import DataError
from ..model import Model
from ..pictures import ARCHITECTURES, fit
from ..training import Run
from .following import EpochWatch
from .labels import labels_of_rows, read_labels
from .one_network import OneNetworkClassifier
from .options import seed_of, threads_of
from .picture_options import recipe_of


class ImageClassifier(OneNetworkClassifier):
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
    callbacks : a function (training, epoch), or several, called when an epoch ends, with 0, as
        there is one training, and a `layerwise.training.Epoch`; returning False ends the fit, and
        what was best until then is kept.
    verbose : True prints notes on the pictures and each epoch.

    Attributes
    ----------
    classes_ : (n_classes_,), the labels in sorted order.
    n_classes_ : how many.
    kind_ : `layerwise.data.pictures.PictureKind`: size, mode and scale that the network takes.
    notes_ : sentences on what was done to the pictures: resized, converted, left out.
    run_ : the `layerwise.Run`; None after `load` and unpickling.
    history_ : its epochs.
    best_epoch_ : the epoch whose weights are kept, counted from 1.
    n_parameters_ : numbers that training has set.
    """

    _row = "picture"
    _part = "pictures"
    _training = "run_"

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
        callbacks: Any = None,
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
        self.callbacks = callbacks
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
        recipe, threads = recipe_of(self), threads_of(self.n_jobs)
        watch = EpochWatch(self.callbacks, self.verbose)
        pictures, classes, codes, weight, notes = self._to_learn(X, y, sample_weight)
        kind = PictureKind.of(pictures).fitted(size_of(self.size))
        if self.mode != "auto":
            kind = PictureKind(kind.size, self.mode, kind.white)
        ready, more = kind.take(pictures)
        notes += more
        self._say(notes)
        seed = seed_of(self.random_state)
        validation: tuple[Any, ...] | None = None
        if validation_data is not None:
            x, *rest = self._to_validate(validation_data, classes)
            validation = (kind.take(x)[0], *(part for part in rest if part is not None))
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
            backend=self.backend, on_epoch=partial(watch, 0), progress=progress,
        )  # fmt: skip
        self.kind_, self.notes_ = kind, notes
        self.run_: Run | None = fitted.run
        self.history_ = fitted.run.history
        self.best_epoch_ = fitted.run.best_epoch or len(fitted.run.history)
        model = fitted.model(
            classes.tolist(),
            {"estimator": type(self).__name__, "architecture": _name(self.architecture),
             "notes": notes},
        )  # fmt: skip
        self._keep(model, classes, fitted.net.parameter_count)
        return self

    def _labelled(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray, list[str]]:
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
        pictures, notes = _any_pictures(X, size_of(self.size), self.mode)
        return pictures, labels_of_rows(y, len(pictures), self._row), notes

    def _divided(self, codes: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        nothing = np.empty(0, np.int64)
        if not self.validation_fraction or len(codes) < 10:
            return np.arange(len(codes)), nothing
        held, _ = hold_out(len(codes), float(self.validation_fraction), seed, classes=codes)
        return held.rest, held.test

    # -- predicting --------------------------------------------------------------------------------

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities, float64 (n, classes).

        Parameters
        ----------
        X : pictures: an array as in `fit`, the path of a picture or of a folder of pictures, or a
            list of paths. Other sizes are resized, and grey and colour become each other; a warning
            says so of arrays.
        """
        self._fitted()
        ready, notes = self.kind_.take(X)
        if notes and isinstance(X, np.ndarray):
            warnings.warn("; ".join(notes), UserWarning, stacklevel=2)
        found = self._probabilities(ready)
        return found / found.sum(1, keepdims=True)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Accuracy; without y, X is a path whose folders or files have the labels."""
        self._fitted()
        if y is None and isinstance(X, str | Path):
            found = read_pictures(X, self.kind_.size, self.kind_.mode)
            X, y = found.pictures, found.named_labels
        return super().score(X, y, sample_weight)

    # -- as one model ------------------------------------------------------------------------------

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

    @classmethod
    def _of(cls, model: Model) -> Self:
        architecture = model.summary.get("architecture")
        found = cls(architecture if architecture in ARCHITECTURES else "convolution")
        assert model.pictures is not None
        found.kind_, found.notes_, found.run_ = model.pictures, [], None
        return found

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
