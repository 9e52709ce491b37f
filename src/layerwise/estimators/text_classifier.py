"""`TextClassifier`: networks for texts, as an estimator of scikit-learn."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..model import Model
from ..model.raw_texts import MOST_TOKENS, RawTexts
from ..nn.initialisation import seed as seeded
from ..text import FittedText, TextNetwork, TextRows, fit, join_vectors
from .following import EpochWatch
from .labels import labels_of_rows
from .one_network import OneNetworkClassifier
from .options import below_one, seed_of, threads_of, whole
from .text_options import (
    feature_kinds,
    fewest_texts,
    hidden_sizes,
    recipe_of,
    rows_of,
    word_vectors,
)

if TYPE_CHECKING:
    from ..doctor import Diagnosis
    from ..words import WordVectors

BESIDE = 50_000
"""Words with vectors that are kept beside those of the training texts."""


class TextClassifier(OneNetworkClassifier):
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

    _row = "text"
    _part = "texts"
    _training = "_fit"

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
        watch = EpochWatch(self.callbacks, self.verbose, several=True)
        texts, classes, codes, weight, _ = self._to_learn(X, y, sample_weight)
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
        vectors = word_vectors(self.vectors)
        if vectors is not None:
            joined = join_vectors(
                raw, counted, vectors.words, lambda rows: vectors.vectors[rows], BESIDE
            )
            raw, table = joined.texts, joined.table
            notes.append(f"{joined.known:.1%} of the words of the texts have a vector")
        self._say(notes)
        number = seed_of(self.random_state)
        with seeded(number):
            net = TextNetwork(
                len(raw.hashes),
                len(classes),
                whole("length", self.length, 0),
                hidden_sizes(self.hidden_layer_sizes),
                below_one("dropout", self.dropout),
                table,
                bool(self.train_vectors),
                self.pooling,  # type: ignore[arg-type]
                np.bincount(codes, weight, len(classes)),
            )
        validation = None
        if validation_data is not None:
            held_out, labels, weights = self._to_validate(validation_data, classes)
            validation = TextRows(raw.encode(held_out), labels, weights)
        fitted = fit(
            net,
            TextRows(raw.encode_counted(counted), codes, weight),
            recipe,
            validation=validation,
            seed=number,
            threads=threads,
            backend=self.backend,
            watch=watch,
            progress=progress,
        )
        self._take(fitted, raw, classes, notes, len(texts))
        return self

    def _take(
        self,
        fitted: FittedText,
        raw: RawTexts,
        classes: np.ndarray,
        notes: list[str],
        rows: int,
    ) -> None:
        self.texts_, self.notes_ = raw, notes
        self.net_: TextNetwork | None = fitted.net
        self.history_, self.best_epoch_ = fitted.histories, fitted.best_epoch
        self.validation_loss_, self.validation_accuracy_ = fitted.held_out
        self.n_features_ = len(raw.hashes)
        self._fit = fitted
        self._diagnosis: Diagnosis | None = None
        model = Model(
            fitted.net,
            texts=raw,
            classes=classes.tolist(),
            output="softmax",
            target="classes",
            summary=self._summary(fitted, raw, notes, rows),
        )
        self._keep(model, classes, fitted.net.parameter_count)

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

    def _labelled(self, X: Any, y: Any) -> tuple[list[str], np.ndarray, list[str]]:
        texts = rows_of(X)
        return texts, labels_of_rows(y, len(texts), self._row), []

    # -- predicting --------------------------------------------------------------------------------

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes, float64 (n, classes)."""
        self._fitted()
        return self._probabilities(rows_of(X))

    def explain(self, text: str, label: Any = None) -> Any:
        """How much each word of a text speaks for a class; see `layerwise.insight.explain_text`.

        Parameters
        ----------
        text : one.
        label : the class; the predicted one when None.
        """
        from ..insight.explain_text import explain_text

        return explain_text(self._fitted(), text, label)

    # -- as one model ------------------------------------------------------------------------------

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

    @classmethod
    def _of(cls, model: Model) -> Self:
        found = cls()
        assert model.texts is not None
        found.texts_, found.net_ = model.texts, None
        found.n_features_ = len(model.texts.hashes)
        found.notes_ = list(model.summary.get("notes") or [])
        return found

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn should know of this estimator."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.string = True
        return tags


def _notes(counted: Any, maximum: int) -> list[str]:
    cut = sum(part.tokens.cut for part in counted)
    if not cut:
        return []
    return [f"{cut:,} texts have more than {maximum:,} words; what follows those is not looked at"]
