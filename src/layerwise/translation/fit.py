"""From pairs of sentences to a `TranslationModel`."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from .. import nn, optim
from ..errors import DataError
from ..training import Run, train
from .codec import TextCodec, usual_kind
from .loss import token_loss
from .measures import Quality, measure
from .model import TranslationModel, make_network
from .network import Sizes
from .recipe import Recipe
from .sequences import bucketed, choose_lengths, with_longest
from .texts import check_pairs, hold_out

Pairs = tuple[Sequence[str], Sequence[str]]


@dataclass
class Watch:
    """Who is told of a training as it goes; each may be None.

    Attributes
    ----------
    about : called with sentences that say what is being done.
    on_epoch : called with each `layerwise.training.Epoch`; returning False stops the training.
    on_quality : called with an epoch's number and the `Quality` on held-out pairs.
    progress : see `layerwise.train`.
    """

    about: Callable[[str], Any] | None = None
    on_epoch: Callable[[Any], Any] | None = None
    on_quality: Callable[[int, Quality], Any] | None = None
    progress: Callable[[Any], Any] | None = None

    def say(self, text: str) -> None:
        """Tell a sentence."""
        if self.about is not None:
            self.about(text)


@dataclass
class Fitted:
    """What `fit` gives.

    Attributes
    ----------
    model : the trained model.
    run : what `layerwise.train` did.
    recipe : with all choices made.
    quality : BLEU, chrF and exact matches on held-out pairs, by epoch.
    validation : the held-out pairs, as texts.
    """

    model: TranslationModel
    run: Run
    recipe: Recipe
    quality: dict[int, Quality] = field(default_factory=dict)
    validation: Pairs = ((), ())


def fit(
    sources: Any,
    targets: Any,
    recipe: Recipe | None = None,
    *,
    validation: Any = None,
    seed: int = 0,
    threads: int | None = None,
    backend: str | None = None,
    watch: Watch | None = None,
) -> Fitted:
    """Train a translator.

    1. Texts are composed (NFC) and have single spaces. Without `validation` a tenth of the pairs
       is held out; pairs of equal source stay together.
    2. Vocabularies are learned from the training pairs alone; see `codec.usual_kind`.
    3. Pairs of more than `max_length` tokens are left out, with a warning.
    4. The network trains on rows of few different lengths; the epoch with the lowest loss on the
       held-out pairs is kept, and they are translated a few times to measure BLEU and chrF.

    Parameters
    ----------
    sources, targets : texts, as many of both.
    validation : (sources, targets) to hold out in place of a part of the pairs.
    seed : of the division, the first weights, the order and dropout.

    Raises
    ------
    DataError : texts that cannot be learned from. OptionError : an option that makes no sense.
    """
    recipe, watch = recipe or Recipe(), watch or Watch()
    left, right = check_pairs(sources, targets)
    if validation is not None:
        if not isinstance(validation, tuple | list) or len(validation) != 2:
            raise DataError("validation: expected (sources, targets)")
        held = check_pairs(validation[0], validation[1], "validation")
    else:
        rows, out = hold_out(left, recipe.validation_fraction, seed)
        held = [left[i] for i in out], [right[i] for i in out]
        left, right = [left[i] for i in rows], [right[i] for i in rows]
    kind, why = recipe.vocabulary, "as asked"
    if kind == "auto":
        kind, why = usual_kind(left, right)
    source_codec, target_codec = _learn(kind, left, right, recipe)
    counts = f"{len(source_codec):,}"
    if source_codec is not target_codec:
        counts += f" and {len(target_codec):,}"
    watch.say(f"vocabulary: {why}; {counts} tokens")
    encoded = _within(source_codec, target_codec, left, right, recipe.max_length, "training")
    if not encoded[0]:
        raise DataError(
            f"every pair has more than {recipe.max_length} tokens; divide the texts into "
            "sentences, or raise max_length"
        )
    recipe = recipe.for_pairs(len(encoded[0]))
    checked = _within(source_codec, target_codec, *held, recipe.max_length, "validation")
    ratios = np.array([len(t) / len(s) for s, t in zip(*encoded, strict=True)])
    model = TranslationModel(
        _network(recipe, source_codec, target_codec, seed),
        source_codec,
        target_codec,
        ratio=float(np.quantile(ratios, 0.99)),
        backend=backend,
        threads=threads,
    )
    watch.say(
        f"{recipe.architecture}: {model.network.parameter_count:,} parameters; "
        f"{len(encoded[0]):,} pairs to train on, {len(checked[0]):,} held out"
    )
    fitted = Fitted(model, None, recipe, {}, held)  # type: ignore[arg-type]
    fitted.run = _train(fitted, encoded, checked, seed, threads, backend, watch)
    if held[0] and fitted.run.stopped != "interrupted":  # after Ctrl-C nobody waits for it
        epoch = fitted.run.best_epoch or len(fitted.run.history)
        fitted.quality[epoch] = _quality(fitted)
    model.summary = {
        **fitted.run.summary(),
        "recipe": asdict(recipe),
        "vocabulary": {"kind": kind, "why": why},
        "quality": [{"epoch": e, **q.as_json()} for e, q in sorted(fitted.quality.items())],
        "pairs": len(encoded[0]),
        "validation_pairs": len(checked[0]),
    }
    return fitted


def _learn(
    kind: Any, sources: Sequence[str], targets: Sequence[str], recipe: Recipe
) -> tuple[TextCodec, TextCodec]:
    """Vocabularies of both sides: one for both where pieces of words are shared."""
    if kind == "bpe":
        both = TextCodec.learn(kind, [*sources, *targets], recipe.vocabulary_size)
        return both, both
    return (
        TextCodec.learn(kind, sources, recipe.vocabulary_size),
        TextCodec.learn(kind, targets, recipe.vocabulary_size),
    )


def _within(
    source: TextCodec,
    target: TextCodec,
    sources: Sequence[str],
    targets: Sequence[str],
    most: int,
    what: str,
) -> tuple[list[list[int]], list[list[int]]]:
    """Numbers of the pairs that are short enough."""
    s, t = source.encode_all(sources), target.encode_all(targets)
    kept = [i for i in range(len(s)) if len(s[i]) <= most and len(t[i]) <= most]
    if len(kept) < len(s):
        warnings.warn(
            f"{len(s) - len(kept):,} of {len(s):,} {what} pairs have more than {most} tokens and "
            "are left out; raise max_length, or divide them into sentences",
            UserWarning,
            stacklevel=4,
        )
    return [s[i] for i in kept], [t[i] for i in kept]


def _network(recipe: Recipe, source: TextCodec, target: TextCodec, seed: int) -> Any:
    assert recipe.features is not None
    assert recipe.hidden is not None
    sizes = Sizes(
        source_tokens=len(source),
        target_tokens=len(target),
        features=recipe.features,
        heads=recipe.heads,
        layers=recipe.layers,
        hidden=recipe.hidden,
        dropout=float(recipe.dropout or 0.0),
        shared=source is target,
        max_length=recipe.max_length,
    )
    with nn.seed(seed):
        return make_network(recipe.architecture, sizes)


def _train(
    fitted: Fitted,
    encoded: tuple[list[list[int]], list[list[int]]],
    checked: tuple[list[list[int]], list[list[int]]],
    seed: int,
    threads: int | None,
    backend: str | None,
    watch: Watch,
) -> Run:
    recipe = fitted.recipe
    assert recipe.epochs is not None
    assert recipe.batch_size is not None
    lengths = choose_lengths(*encoded)
    if checked[0]:
        lengths = with_longest(lengths, *checked)
    every = max(1, math.ceil(recipe.epochs / (recipe.measures + 1))) if recipe.measures else 0

    def on_epoch(epoch: Any) -> Any:
        answer = watch.on_epoch(epoch) if watch.on_epoch is not None else None
        due = every and epoch.epoch % every == 0 and epoch.epoch < (recipe.epochs or 0)
        if due and fitted.validation[0] and answer is not False:
            found = fitted.quality[epoch.epoch] = _quality(fitted)
            if watch.on_quality is not None:
                watch.on_quality(epoch.epoch, found)
        return answer

    return train(
        fitted.model.network,
        bucketed(*encoded, lengths),
        validation=bucketed(*checked, lengths) if checked[0] else None,
        loss=token_loss(recipe.label_smoothing),
        optimizer=optim.Adam(betas=(0.9, 0.98), epsilon=1e-9),
        learning_rate=recipe.learning_rate,
        schedule=optim.CosineDecay(warmup=float(recipe.warmup), final=0.01),
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        seed=seed,
        clip_norm=recipe.clip_norm,
        early_stopping=recipe.patience if checked[0] else None,
        threads=threads,
        backend=backend,
        on_epoch=on_epoch,
        progress=watch.progress,
        probes=False,
    )


def _quality(fitted: Fitted) -> Quality:
    """On some held-out pairs, greedily: quick, and close enough to watch a training."""
    most = fitted.recipe.measured_pairs
    sources, targets = (list(side[:most]) for side in fitted.validation)
    return measure(fitted.model.translate(sources, beam=1), targets)
