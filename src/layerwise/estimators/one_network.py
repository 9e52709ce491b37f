"""What classifiers of texts and of pictures have in common: one network, saved as one `Model`."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score

from .. import backends
from ..errors import ModelFileError
from ..model import Model, load
from .inputs import parts_of
from .labels import classes_of, codes_of, read_labels
from .weights import counted, on_scale, row_weights, with_class_weights


class ToLearn(NamedTuple):
    """Rows to learn from.

    Attributes
    ----------
    rows : without those of weight 0.
    classes : the labels that there are, sorted.
    codes : int32 (n,): the place of each row's label among them.
    weight : float64 (n,) with the weights of classes, or None.
    notes : sentences on what was found in the rows.
    """

    rows: Any
    classes: np.ndarray
    codes: np.ndarray
    weight: np.ndarray | None
    notes: list[str]


class OneNetworkClassifier(ClassifierMixin, BaseEstimator):
    """Base of `TextClassifier` and `ImageClassifier`.

    A fit ends with `_keep`; from there on all that predicts is the model, as after `load`.
    """

    _row: ClassVar[str]
    """What one row is called in messages."""

    _part: ClassVar[str]
    """The attribute of a `Model` that makes of raw rows what the network takes."""

    _training: ClassVar[str]
    """The attribute of the estimator that holds the training, with all of its rows."""

    # -- what differs ------------------------------------------------------------------------------

    @abstractmethod
    def _labelled(self, X: Any, y: Any) -> tuple[Any, np.ndarray, list[str]]:
        """Rows, a label of each, (n,), and notes."""

    @abstractmethod
    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes, float64 (n, classes)."""

    @classmethod
    @abstractmethod
    def _of(cls, model: Model) -> Self:
        """An estimator with the attributes of its own that a model knows, for `load`."""

    # -- fitting -----------------------------------------------------------------------------------

    def _to_learn(self, X: Any, y: Any, sample_weight: Any) -> ToLearn:
        rows, labels, notes = self._labelled(X, y)
        weight = row_weights(sample_weight, len(labels))
        rows, labels, weight = counted(rows, labels, weight)
        classes = classes_of(labels, f"{self._row}s")
        codes = codes_of(labels, classes)
        return ToLearn(rows, classes, codes, self._weighted(classes, codes, weight), notes)

    def _to_validate(
        self, given: Any, classes: np.ndarray
    ) -> tuple[Any, np.ndarray, np.ndarray | None]:
        """Rows, codes and weights of a parameter `validation_data`."""
        x, y, weight = parts_of("validation_data", given)
        rows, labels, _ = self._labelled(x, y)
        rows, labels, weight = counted(rows, labels, row_weights(weight, len(labels)))
        codes = codes_of(labels, classes)
        return rows, codes, self._weighted(classes, codes, weight)

    def _weighted(
        self, classes: np.ndarray, codes: np.ndarray, weight: np.ndarray | None
    ) -> np.ndarray | None:
        return on_scale(with_class_weights(self.class_weight, classes, codes, weight))

    def _say(self, notes: list[str]) -> None:
        if self.verbose:
            for note in notes:
                print(f"note: {note}", flush=True)

    def _keep(self, model: Model, classes: np.ndarray, parameters: int) -> None:
        self.classes_, self.n_classes_ = classes, len(classes)
        self.n_parameters_ = parameters
        self._model = model

    # -- predicting --------------------------------------------------------------------------------

    def _probabilities(self, rows: Any) -> np.ndarray:
        """Of rows as the model takes them, float64 (n, classes)."""
        model = self._fitted()
        with backends.using(self.backend or backends.get().name):
            return np.asarray(model.predict_probabilities(rows), np.float64)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable label of each row, (n,); X as for `predict_proba`."""
        best = self.predict_proba(X).argmax(1)
        return np.asarray(self.classes_[best])

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of `predict_proba`; -inf where a probability is rounded to 0."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Part of the rows whose label is right."""
        return float(accuracy_score(read_labels(y), self.predict(X), sample_weight=sample_weight))

    def _fitted(self) -> Model:
        model: Model | None = self.__dict__.get("_model")
        if model is None:
            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet; call fit first"
            )
        return model

    # -- as one model ------------------------------------------------------------------------------

    def to_model(self) -> Model:
        """The network and what becomes of raw rows before it, as one `layerwise.Model`."""
        return self._fitted()

    def save(self, path: Any) -> None:
        """Write `to_model` to one safetensors file, for `load` and `layerwise.load`."""
        self._fitted().save(path)

    @classmethod
    def load(cls, path: Any) -> Self:
        """A fitted estimator from a file that `save` wrote; it predicts, and cannot go on training.

        Raises
        ------
        ModelFileError : the file is missing, damaged, or holds no model of this kind.
        """
        model = load(path)
        fits = isinstance(model, Model) and getattr(model, cls._part) is not None
        if not fits or model.classes is None:
            raise ModelFileError(
                f"'{path}' holds no model that {cls.__name__} wrote; layerwise.load reads it"
            )
        found = cls._of(model)
        found._keep(model, np.array(model.classes), model.parameter_count)
        return found

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: all but the training, whose rows may be larger than all else."""
        state = dict(super().__getstate__())
        if self._training in state:
            state[self._training] = None
        return state

    def __sklearn_is_fitted__(self) -> bool:
        """For scikit-learn's `check_is_fitted`."""
        return "_model" in self.__dict__


__all__ = ["OneNetworkClassifier", "ToLearn"]
