"""`Translator`: networks that translate, with the manners of scikit-learn's estimators."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from ..training import History, Run
from ..translation import Alignment, Quality, Recipe, TranslationModel, Watch, fit
from ..translation.file import load
from .following import EpochWatch
from .options import seed_of, threads_of


class Translator(BaseEstimator):
    """Translate texts, learned from pairs of sentences.

    What happens in `fit`: white space is made even; a part of the pairs is held out; vocabularies
    are learned from the others, of pieces of words, or of characters where words say little; a
    small transformer is trained, and its epoch of the lowest loss on the held-out pairs is kept.
    Settings that are "auto" follow from the number of pairs.

    Parameters
    ----------
    architecture : "transformer" (Vaswani et al. 2017), or "gru" with additive attention (Bahdanau
        et al. 2015), which takes longer to train.
    vocabulary : "auto", "bpe" (pieces of words, shared by both languages), "words" or "characters".
    vocabulary_size : numbers of each vocabulary at most.
    features : of each position; an even multiple of `heads`.
    heads, layers : of the network; as many layers in the decoder as in the encoder.
    hidden : units inside of each layer; of "gru" those of its attention.
    dropout : chance that a value is off in training.
    max_length : tokens of a sentence at most, 8 to 1024. Longer pairs are left out of the training,
        and longer texts lose their end, both with a warning.
    epochs, batch_size : of the training; a batch is so many pairs.
    learning_rate : the highest. It rises first and then falls along a cosine.
    label_smoothing : part of the target that is spread over all tokens.
    clip_norm : all gradients together are scaled down to at most this norm; None leaves them.
    patience : epochs without a lower loss on held-out pairs that end the training.
    validation_fraction : of the pairs, held out; 0 trains on all and keeps the last epoch.
    measures : how often BLEU and chrF are measured on held-out pairs while it trains.
    random_state : decides what is held out, first weights, order and dropout.
    n_jobs : threads, at most; None is what the process may use, -1 all cores.
    backend : "native" or "reference"; None is native.
    callbacks : a function (training, epoch), or several, called when an epoch ends, with 0, as
        there is one training, and a `layerwise.training.Epoch`; returning False ends the fit, and
        what was best until then is kept.
    verbose : True prints what is chosen, each epoch and each measure.

    Attributes
    ----------
    model_ : the `layerwise.translation.TranslationModel`.
    run_ : the `layerwise.Run`; None after `load`.
    history_ : its epochs; the loss is that with label smoothing.
    quality_ : `layerwise.translation.Quality` on some held-out pairs by epoch; of the last, greedy.
    best_epoch_ : the epoch whose weights are kept, counted from 1; None without held-out pairs.
    vocabulary_ : the kind that was chosen.
    n_parameters_ : numbers that training has set.

    Examples
    --------
    >>> translator = lw.Translator(random_state=0).fit(english, french)  # doctest: +SKIP
    >>> translator.translate(["Open the file"])  # doctest: +SKIP
    ['Ouvrir le fichier']
    """

    def __init__(
        self,
        architecture: str = "transformer",
        *,
        vocabulary: str = "auto",
        vocabulary_size: Any = "auto",
        features: Any = "auto",
        heads: int = 4,
        layers: int = 2,
        hidden: Any = "auto",
        dropout: Any = "auto",
        max_length: int = 128,
        epochs: Any = "auto",
        batch_size: Any = "auto",
        learning_rate: Any = "auto",
        label_smoothing: float = 0.1,
        clip_norm: Any = 1.0,
        patience: Any = "auto",
        validation_fraction: float = 0.1,
        measures: int = 4,
        random_state: Any = None,
        n_jobs: Any = None,
        backend: Any = None,
        callbacks: Any = None,
        verbose: Any = False,
    ) -> None:
        self.architecture = architecture
        self.vocabulary = vocabulary
        self.vocabulary_size = vocabulary_size
        self.features = features
        self.heads = heads
        self.layers = layers
        self.hidden = hidden
        self.dropout = dropout
        self.max_length = max_length
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.label_smoothing = label_smoothing
        self.clip_norm = clip_norm
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.measures = measures
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.backend = backend
        self.callbacks = callbacks
        self.verbose = verbose

    def fit(self, sources: Any, targets: Any, validation: Any = None) -> Translator:
        """Learn from pairs of sentences.

        Parameters
        ----------
        sources, targets : texts, as many of both; none may be empty.
        validation : (sources, targets) to hold out, in place of a part of the pairs.

        Raises
        ------
        DataError : texts that cannot be learned from, with their row.
        OptionError : an option that makes no sense.
        """
        fitted = fit(
            sources,
            targets,
            self._recipe(),
            validation=validation,
            seed=seed_of(self.random_state),
            threads=threads_of(self.n_jobs),
            backend=self.backend,
            watch=self._watch(),
        )
        self.run_: Run | None = fitted.run
        self.quality_ = fitted.quality
        self.recipe_ = fitted.recipe
        self._take(fitted.model)
        return self

    def translate(
        self,
        texts: Sequence[str],
        beam: int = 4,
        length_penalty: float = 0.6,
        max_length: int | None = None,
    ) -> list[str]:
        """Translate texts; see `layerwise.translation.TranslationModel.translate`.

        Parameters
        ----------
        texts : an empty one gives an empty translation.
        beam : hypotheses that are followed for each text; 1 is greedy, and quickest.
        length_penalty : 0 prefers short translations, 1 long ones.
        max_length : tokens of a translation at most; by the source's length when None.

        Raises
        ------
        NotFittedError : nothing was learned yet. DataError, OptionError : texts or options.
        """
        return self._fitted().translate(texts, beam, length_penalty, max_length)

    predict = translate

    def align(
        self, texts: Sequence[str], translations: Any = None, **options: Any
    ) -> list[Alignment]:
        """Where each word of a translation looked in its source; the own ones when None are given.

        `layerwise.insight.drawing.draw_alignment` draws one.
        """
        return self._fitted().align(texts, translations, **options)

    def measure(self, sources: Any, targets: Any, beam: int = 4) -> Quality:
        """BLEU, chrF and the part that is exactly right, for pairs that did not train."""
        return self._fitted().measure(sources, targets, beam)

    def score(self, sources: Any, targets: Any) -> float:
        """The BLEU of translations of `sources` beside `targets`, 0 to 100."""
        return self.measure(sources, targets).bleu

    def save(self, path: str | Path) -> None:
        """Write the model to one safetensors file, for `load` and `layerwise.load`."""
        self._fitted().save(path)

    @classmethod
    def load(cls, path: str | Path) -> Translator:
        """Read what `save` wrote; raises `ModelFileError` for anything else."""
        model = load(path)
        recipe = model.summary.get("recipe")
        known = cls().get_params()
        given = {n: v for n, v in recipe.items() if n in known} if isinstance(recipe, dict) else {}
        made = cls(**given)
        made.run_ = None
        rows = model.summary.get("quality")
        made.quality_ = {}
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, dict) and {"epoch", *Quality._fields} <= row.keys():
                made.quality_[row["epoch"]] = Quality(*(row[name] for name in Quality._fields))
        made._take(model)
        return made

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: all but the training, which holds the pairs that it learned from."""
        state = dict(super().__getstate__())
        return state | {"run_": None} if "run_" in state else state

    # -- parts -------------------------------------------------------------------------------------

    def _fitted(self) -> TranslationModel:
        model: TranslationModel | None = getattr(self, "model_", None)
        if model is None:
            raise NotFittedError(
                "This Translator has not learned anything yet: call fit(sources, targets) first, "
                "or Translator.load(path)"
            )
        return model

    def _take(self, model: TranslationModel) -> None:
        self.model_ = model
        self.n_parameters_ = model.network.parameter_count
        self.vocabulary_ = model.source.kind
        self.best_epoch_ = model.summary.get("best_epoch")
        self.history_: History | None = None if self.run_ is None else self.run_.history

    def _recipe(self) -> Recipe:
        names = Recipe.__dataclass_fields__.keys() & self.get_params().keys()
        values = {name: getattr(self, name) for name in names}
        auto = {
            name
            for name, value in values.items()
            if isinstance(value, str) and value == "auto" and name != "vocabulary"
        }
        given: dict[str, Any] = {n: None if n in auto else v for n, v in values.items()}
        return Recipe(**given)

    def _watch(self) -> Watch:
        on_epoch = partial(EpochWatch(self.callbacks, self.verbose), 0)
        if not self.verbose:
            return Watch(on_epoch=on_epoch)

        def on_quality(epoch: int, quality: Quality) -> None:
            print(f"  BLEU {quality.bleu:.1f}, chrF {quality.chrf:.1f}", flush=True)

        return Watch(lambda text: print(text, flush=True), on_epoch, on_quality)


__all__ = ["Translator"]
