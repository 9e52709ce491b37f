"""`TextClassifier`: networks for texts, as an estimator of scikit-learn."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score
from sklearn.utils import check_random_state

from .. import backends
from ..errors import DataError, ModelFileError, OptionError
from ..model import Model, load
from ..model.raw_texts import MOST_TOKENS, RawTexts
from ..nn.initialisation import seed as seeded
from ..text import FittedText, TextNetwork, TextRows, fit, join_vectors
from ..training import Epoch
from .labels import codes_of, read_labels
from .options import threads_of
from .text_options import feature_kinds, fewest_texts, hidden_sizes, recipe_of, rows_of, whole
from .weights import class_weights, on_scale, row_weights

if TYPE_CHECKING:
    from ..doctor import Diagnosis
    from ..words import WordVectors

BESIDE = 50_000
"""Words with vectors that are kept beside those of the training texts."""


class TextClassifier(ClassifierMixin, BaseEstimator):
    """Tell classes of texts apart.

    What happens in `fit`: texts are divided into words; single words, neighbouring words and, for
    short texts, n-grams of characters become features with the weights of TF-IDF. Every feature has
    a vote for each class and a learned vector; what the votes sum to, and a small network on the
    text's vector, say the class. A part of the rows is held out to choose the number of epochs;
    then a last training learns from all rows.

    Words may have vectors that were learned elsewhere, `vectors`: as a fixed table, or trained
    further, `train_vectors`. They help most where labelled texts are few.

    Parameters
    ----------
    vectors : `layerwise.words.WordVectors`, or the path of a file that `layerwise.words.load`
        reads; None for none. Words without a vector count by their features alone; a text of none
        but such words is, to this part of the network, a text like all others.
    train_vectors : whether they are trained further, from where they are; else they stay fixed.
    pooling : how the vectors of a text's words become one: "mean" (rare words weigh more), "max",
        "mean_max" (both side by side), or "attention" (weights that are learned).
    length : of a feature's learned vector; 0 leaves those out, which is logistic regression unless
        there are `vectors`.
    hidden_layer_sizes : sizes such as (64,) of layers behind the text's vector; () for none.
    dropout : chance that a number of the text's vector, or a hidden unit, is off in a step.
    word_ngrams : 1 for single words, 2 for neighbouring ones too, 3, ...; 0 for none.
    character_ngrams : (least, most) characters of n-grams inside words; None for none. "auto" is
        (2, 5) where half of the texts have at most 40 words, or where words are hardly divided.
    lowercase : whether upper and lower case are alike.
    min_texts : features in fewer training texts are left out; "auto" is 1 below 1,000 rows, else 2.
    max_features : so many are kept at most, those of most texts.
    max_tokens : words of a text that are looked at, the first; the rest of a longer one is cut off.
    learning_rate : "auto" is 0.002.
    optimizer : "adam", "adamw", "sgd", or an object of `layerwise.optim`.
    schedule : "cosine", "constant", "one_cycle", ..., or an object of `layerwise.optim`.
    epochs : at most so many; "auto" is fewer for more rows.
    batch_size : rows in a step; "auto" is more for more rows.
    label_smoothing : part of the target that is spread over all classes.
    clip_norm : all gradients together are scaled down to at most this norm; None leaves them.
    early_stopping : so many epochs without a better one end a training; True is fewer for more
        rows, False none. The best epoch decides in any case, if rows are held out.
    validation_fraction : of the rows, held out to choose the number of epochs; with 0 a single
        training on every row has all `epochs`.
    folds : trainings that choose, each with another part of the rows held out; "auto" is 5 below
        1,000 rows, else 1.
    refit : whether a last training learns from all rows; "auto" is True below 20,000 rows.
    shuffle : whether rows come in a new order every epoch.
    class_weight : "balanced", or a dict from labels to weights; multiplied into `sample_weight`.
    random_state : decides what is held out, first weights, order and dropout. The same number gives
        the same predictions, on any number of threads.
    n_jobs : threads, at most; None is what the process may use, -1 all cores.
    backend : "native" or "reference"; None is native.
    probes : whether what the layers do is recorded, for `doctor`; it changes no prediction.
    callbacks : a function (training, epoch), or several, called when an epoch ends, with the number
        of the training and a `layerwise.training.Epoch`; returning False ends the fit, and what was
        best until then is kept.
    verbose : True or 1 prints what was found and each epoch.

    Attributes
    ----------
    classes_ : (n_classes_,), the labels in sorted order.
    n_classes_ : how many.
    texts_ : `layerwise.model.raw_texts.RawTexts`: what becomes of a text.
    net_ : `layerwise.text.TextNetwork`; None after `load`.
    history_ : of each training its epochs, those that chose first.
    best_epoch_ : how many epochs were best.
    validation_loss_, validation_accuracy_ : of the best epoch on rows held out; None without.
    n_features_ : features that are known.
    n_parameters_ : numbers that training has set.
    notes_ : sentences on what was found in the texts: texts cut off, words without a vector.

    Notes
    -----
    Unknown words, those that no training text had: their vector is used if `vectors` has one, their
    character n-grams if there are any; else they count for nothing. An empty text gets what the
    network says of a text without features, about the shares of the classes.
    """

    def __init__(
        self,
        vectors: WordVectors | str | Path | None = None,
        *,
        train_vectors: bool = False,
        pooling: str = "mean",
        length: int = 32,
        hidden_layer_sizes: Any = (),
        dropout: float = 0.2,
        word_ngrams: int = 2,
        character_ngrams: Any = "auto",
        lowercase: bool = True,
        min_texts: Any = "auto",
        max_features: int = 200_000,
        max_tokens: int = MOST_TOKENS,
        learning_rate: Any = "auto",
        optimizer: Any = "adam",
        schedule: Any = "cosine",
        epochs: Any = "auto",
        batch_size: Any = "auto",
        label_smoothing: float = 0.0,
        clip_norm: Any = None,
        early_stopping: Any = True,
        validation_fraction: float = 0.125,
        folds: Any = "auto",
        refit: Any = "auto",
        shuffle: bool = True,
        class_weight: Any = None,
        random_state: Any = None,
        n_jobs: Any = None,
        backend: Any = None,
        probes: bool = True,
        callbacks: Any = None,
        verbose: Any = False,
    ) -> None:
        self.vectors = vectors
        self.train_vectors = train_vectors
        self.pooling = pooling
        self.length = length
        self.hidden_layer_sizes = hidden_layer_sizes
        self.dropout = dropout
        self.word_ngrams = word_ngrams
        self.character_ngrams = character_ngrams
        self.lowercase = lowercase
        self.min_texts = min_texts
        self.max_features = max_features
        self.max_tokens = max_tokens
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.schedule = schedule
        self.epochs = epochs
        self.batch_size = batch_size
        self.label_smoothing = label_smoothing
        self.clip_norm = clip_norm
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.folds = folds
        self.refit = refit
        self.shuffle = shuffle
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
        y: Any,
        sample_weight: Any = None,
        validation_data: Any = None,
        progress: Any = None,
    ) -> TextClassifier:
        """Train.

        Parameters
        ----------
        X : texts: a list, an array, a column of a frame. Empty texts are texts; None and NaN are
            not.
        y : (n,) labels: text, whole numbers or bools.
        sample_weight : (n,) at least 0; texts of weight 0 count as absent.
        validation_data : (X, y) or (X, y, sample_weight), to choose the number of epochs by, in
            place of rows held out; the one training then learns from all of X.
        progress : called with a `layerwise.training.Progress` several times a second.

        Raises
        ------
        ValueError, TypeError : data or parameters that make no sense; the message says what to do.
        TrainingDiverged : the loss became NaN.
        """
        recipe, threads = recipe_of(self), threads_of(self.n_jobs)
        watch = _Watch(self.callbacks, int(self.verbose))
        texts = rows_of(X)
        labels = _labels(y, len(texts))
        weight = row_weights(sample_weight, len(texts))
        if weight is not None and not weight.all():
            texts = [text for text, count in zip(texts, weight, strict=True) if count]
            labels, weight = labels[weight > 0], weight[weight > 0]
        classes = np.unique(labels)
        if len(classes) < 2:
            raise DataError(
                "expected texts of at least two classes, got one class only, "
                f"{classes.tolist()[0]!r}; is the data sorted, and were only the first rows taken?"
            )
        codes = codes_of(labels, classes)
        weight = self._weighted(classes, codes, weight)
        raw, counted = RawTexts.learn(
            texts,
            lowercase=bool(self.lowercase),
            maximum=whole("max_tokens", self.max_tokens, 1),
            kinds=feature_kinds(self, texts),
            min_texts=fewest_texts(self.min_texts, len(texts)),
            max_features=whole("max_features", self.max_features, 1),
        )
        notes = _notes(counted, raw.maximum)
        table = None
        if self.vectors is not None:
            known = _vectors(self.vectors)
            joined = join_vectors(
                raw, counted, known.words, lambda rows: known.vectors[rows], BESIDE
            )
            raw, table = joined.texts, joined.table
            notes.append(f"{joined.known:.1%} of the words of the texts have a vector")
        if self.verbose:
            for note in notes:
                print(f"note: {note}")
        number = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        with seeded(number):
            net = TextNetwork(
                len(raw.hashes),
                len(classes),
                whole("length", self.length, 0),
                hidden_sizes(self.hidden_layer_sizes),
                _share("dropout", self.dropout),
                table,
                bool(self.train_vectors),
                self.pooling,  # type: ignore[arg-type]
                np.bincount(codes, weight, len(classes)),
            )
        fitted = fit(
            net,
            TextRows(raw.encode_counted(counted), codes, weight),
            recipe,
            validation=self._validation(validation_data, raw, classes),
            seed=number,
            threads=threads,
            backend=self.backend,
            watch=watch,
            progress=progress,
        )
        self._keep(fitted, raw, classes, notes, len(texts))
        return self

    def _keep(
        self,
        fitted: FittedText,
        raw: RawTexts,
        classes: np.ndarray,
        notes: list[str],
        rows: int,
    ) -> None:
        self.classes_, self.n_classes_ = classes, len(classes)
        self.texts_, self.notes_ = raw, notes
        self.net_: TextNetwork | None = fitted.net
        self.history_, self.best_epoch_ = fitted.histories, fitted.best_epoch
        self.validation_loss_, self.validation_accuracy_ = fitted.held_out
        self.n_features_ = len(raw.hashes)
        self.n_parameters_ = fitted.net.parameter_count
        self._fit = fitted
        self._diagnosis: Diagnosis | None = None
        self._model = Model(
            fitted.net,
            texts=raw,
            classes=classes.tolist(),
            output="softmax",
            target="classes",
            summary=self._summary(fitted, raw, notes, rows),
        )

    def _summary(
        self, fitted: FittedText, raw: RawTexts, notes: list[str], rows: int
    ) -> dict[str, Any]:
        first = fitted.runs[0].summary()
        # The run describes the most common length alone.
        first["data"] = {**first["data"], "rows": rows}
        parts = {"words": raw.kinds.words, "characters": raw.kinds.characters}
        return first | {
            "estimator": type(self).__name__,
            "features": {**parts, "known": len(raw.hashes), "most_tokens": raw.maximum},
            "vectors": None
            if raw.vector_hashes is None
            else {"words": len(raw.vector_hashes), "trained": bool(self.train_vectors)},
            "best_epoch": fitted.best_epoch,
            "trainings": len(fitted.runs),
            "refit": fitted.kept > 0 and fitted.runs[fitted.kept].validation is None,
            "validation_loss": fitted.held_out[0],
            "validation_accuracy": fitted.held_out[1],
            "seconds": round(sum(run.seconds for run in fitted.runs), 3),
            "notes": notes,
        }

    def _weighted(
        self, classes: np.ndarray, codes: np.ndarray, weight: np.ndarray | None
    ) -> np.ndarray | None:
        by_class = class_weights(self.class_weight, classes, codes, weight)
        if by_class is not None:
            weight = by_class if weight is None else weight * by_class
        return on_scale(weight)

    def _validation(self, given: Any, raw: RawTexts, classes: np.ndarray) -> TextRows | None:
        if given is None:
            return None
        if not isinstance(given, tuple | list) or len(given) not in (2, 3):
            raise DataError(
                "validation_data: expected (X, y) or (X, y, sample_weight), got "
                f"{type(given).__name__}"
            )
        texts = rows_of(given[0])
        codes = codes_of(_labels(given[1], len(texts)), classes)
        weight = row_weights(given[2] if len(given) == 3 else None, len(texts))
        return TextRows(raw.encode(texts), codes, self._weighted(classes, codes, weight))

    # -- predicting --------------------------------------------------------------------------------

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes, float64 (n, classes)."""
        model = self._fitted()
        with backends.using(self.backend or backends.get().name):
            return np.asarray(model.predict_probabilities(rows_of(X)), np.float64)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable label of each text, (n,)."""
        best = self.predict_proba(X).argmax(1)
        return np.asarray(self.classes_[best])

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Part of the texts whose label is right."""
        return float(accuracy_score(read_labels(y), self.predict(X), sample_weight=sample_weight))

    def explain(self, text: str, label: Any = None) -> Any:
        """How much each word of a text speaks for a class; see `layerwise.insight.explain_text`.

        Parameters
        ----------
        text : one.
        label : the class; the predicted one when None.
        """
        from ..insight.explain_text import explain_text

        return explain_text(self._fitted(), text, label)

    def _fitted(self) -> Model:
        model: Model | None = self.__dict__.get("_model")
        if model is None:
            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet; call fit first"
            )
        return model

    # -- as one model ------------------------------------------------------------------------------

    def to_model(self) -> Model:
        """The network and what becomes of texts before it, as one `layerwise.Model`."""
        return self._fitted()

    def doctor(self) -> Diagnosis:
        """What went wrong in the last fit, why, and what to change; ``lw.doctor(estimator)`` too.

        It looks at the first training, which held rows out; nothing is trained beside the simple
        models to compare with.

        Raises
        ------
        OptionError : nothing was recorded: the estimator comes from a file without a record.
        """
        from ..doctor.consult import doctor

        model, fitted = self._fitted(), self.__dict__.get("_fit")
        if fitted is None:
            return doctor(model, trials=False)
        if self._diagnosis is None:
            run = copy.copy(fitted.runs[0])
            run.net = copy.deepcopy(fitted.net)
            run.net.load_state_dict(fitted.first)
            self._diagnosis = doctor(run, classes=[str(c) for c in self.classes_], trials=False)
            model.summary |= run.remarks
        return self._diagnosis

    def save(self, path: Any) -> None:
        """Write `to_model` to one safetensors file, for `TextClassifier.load` and `lw.load`."""
        self._fitted().save(path)

    @classmethod
    def load(cls, path: Any) -> TextClassifier:
        """A fitted estimator from a file that `save` wrote; it predicts, and cannot go on training.

        Raises
        ------
        ModelFileError : the file is missing, damaged, or holds no model of texts.
        """
        model = load(path)
        if not isinstance(model, Model) or model.texts is None or model.classes is None:
            raise ModelFileError(
                f"'{path}' holds no model that TextClassifier wrote; layerwise.load reads it"
            )
        found = cls()
        found.classes_ = np.array(model.classes)
        found.n_classes_ = len(model.classes)
        found.texts_ = model.texts
        found.net_ = None
        found.n_features_ = len(model.texts.hashes)
        found.n_parameters_ = model.parameter_count
        found.notes_ = list(model.summary.get("notes") or [])
        found._model = model
        return found

    def __sklearn_is_fitted__(self) -> bool:
        """For scikit-learn's `check_is_fitted`."""
        return "_model" in self.__dict__

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn should know of this estimator."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.string = True
        return tags


class _Watch:
    """What happens after each epoch."""

    def __init__(self, callbacks: Any, verbose: int) -> None:
        from .following import functions_of

        self.functions, self.verbose = functions_of(callbacks), verbose

    def __call__(self, training: int, epoch: Epoch) -> Any:
        if self.verbose:
            held = epoch.validation_loss
            text = "" if held is None else f", held out {held:.4f}"
            print(
                f"training {training + 1}, epoch {epoch.epoch}: training loss "
                f"{epoch.training_loss:.4f}{text}"
            )
        # All are told, whatever the first of them says.
        answers = [function(training, epoch) for function in self.functions]
        return False if any(answer is False for answer in answers) else None


def _labels(y: Any, rows: int) -> np.ndarray:
    if y is None:
        raise DataError("expected a label for each text, got y=None")
    found = read_labels(y)
    if found.ndim != 1:
        raise DataError(
            f"y: expected one label for each text, shape (n,), got {found.shape}; several labels "
            "of a text are not possible, so train a classifier for each"
        )
    if len(found) != rows:
        raise DataError(
            f"Found input variables with inconsistent numbers of samples: {rows} texts, "
            f"{len(found)} labels; expected as many of both"
        )
    return found


def _notes(counted: Any, maximum: int) -> list[str]:
    cut = sum(part.tokens.cut for part in counted)
    if not cut:
        return []
    return [f"{cut:,} texts have more than {maximum:,} words; what follows those is not looked at"]


def _vectors(given: Any) -> WordVectors:
    from .. import words

    if isinstance(given, str | Path):
        return words.load(given)
    if not isinstance(given, words.WordVectors):
        raise OptionError(
            "vectors: expected layerwise.words.WordVectors, the path of a file of word vectors, or "
            f"None, got {type(given).__name__}"
        )
    return given


def _share(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating | np.integer):
        raise OptionError(f"{name}: expected a number from 0 to below 1, got {value!r}")
    if not 0 <= value < 1:
        raise OptionError(f"{name}: expected a number from 0 to below 1, got {value!r}")
    return float(value)
