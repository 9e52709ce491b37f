"""From the parameters of a `TextClassifier` to what they mean, each checked first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import optim
from ..data.text import check_texts
from ..errors import DataError, OptionError
from ..model.text_features import FeatureKinds
from ..text import TextRecipe
from .options import below_one, is_whole, number_or_auto, whole, whole_or_auto

if TYPE_CHECKING:
    from ..words import WordVectors

SHORT, LONG_WORDS = 40, 15
"""Words of a short text; and characters of a word, on average, that is hardly one."""

CHARACTERS = (2, 5)


def rows_of(texts: Any) -> list[str]:
    """Texts as a list: of a list, an array, a column, or a table of one column.

    Raises
    ------
    DataError : something is no text, with its row; there are several columns, or no texts.
    """
    shape: tuple[int, ...] = getattr(texts, "shape", ())
    if len(shape) == 2:
        if shape[1] != 1:
            raise DataError(
                f"expected one text for each row, got a table of {shape[1]} columns; choose the "
                "column with the texts, X['body']"
            )
        texts = texts.iloc[:, 0] if hasattr(texts, "iloc") else texts[:, 0]
    found = check_texts(texts)
    if not found:
        raise DataError("expected at least one text, got none; is the selection empty?")
    return found


def recipe_of(given: Any) -> TextRecipe:
    """The recipe that an estimator's parameters ask for.

    Raises
    ------
    OptionError : a value that does not exist, or values that contradict each other.
    """
    rate = number_or_auto("learning_rate", given.learning_rate, above=True)
    if given.refit not in (True, False, "auto"):
        raise OptionError(f"refit: expected True, False or 'auto', got {given.refit!r}")
    stopping = given.early_stopping
    patience = None if isinstance(stopping, bool) else whole("early_stopping", stopping, 1)
    optim.schedule(given.schedule)
    # A rate of the optimiser's own, where an object was given, is meant.
    usual = TextRecipe().learning_rate if isinstance(given.optimizer, str) else None
    return TextRecipe(
        folds=whole_or_auto("folds", given.folds, 1, None),
        validation_fraction=below_one("validation_fraction", given.validation_fraction),
        refit=None if given.refit == "auto" else given.refit,
        epochs=whole_or_auto("epochs", given.epochs, 1, None),
        patience=patience,
        early_stopping=stopping is not False,
        batch_size=whole_or_auto("batch_size", given.batch_size, 1, None),
        learning_rate=usual if rate is None else rate,
        optimizer=given.optimizer,
        schedule=given.schedule,
        label_smoothing=given.label_smoothing,
        clip_norm=given.clip_norm,
        shuffle=bool(given.shuffle),
        probes=bool(given.probes),
    )


def feature_kinds(given: Any, texts: Sequence[str]) -> FeatureKinds:
    """Which features texts shall have."""
    words = whole("word_ngrams", given.word_ngrams, 0, 10)
    characters = given.character_ngrams
    if isinstance(characters, str) and characters == "auto":
        characters = CHARACTERS if _need_characters(texts) else None
    elif characters is not None:
        fits = isinstance(characters, tuple | list) and len(characters) == 2
        if not fits or not all(is_whole(each) for each in characters):
            raise OptionError(
                f"character_ngrams: expected 'auto', None or two lengths such as (2, 5), got "
                f"{characters!r}"
            )
        least, most = map(int, characters)
        if not 1 <= least <= most <= 20:
            raise OptionError(
                f"character_ngrams: expected 1 <= least <= most <= 20, got {least} and {most}"
            )
        characters = (least, most)
    if not words and characters is None:
        raise OptionError(
            "word_ngrams=0 and character_ngrams=None leave no features; expected one of them"
        )
    return FeatureKinds(words, characters)


def _need_characters(texts: Sequence[str]) -> bool:
    """Whether words alone would tell little: few of them, or a script that does not divide them."""
    some = texts[:: max(1, len(texts) // 1000)]
    words = np.array([len(text.split()) for text in some])
    sizes = np.array([len(text) for text in some])
    return bool(np.median(words) <= SHORT or sizes.sum() > LONG_WORDS * max(1, words.sum()))


def fewest_texts(given: Any, rows: int) -> int:
    """Texts that a feature must be in."""
    if isinstance(given, str) and given == "auto":
        return 1 if rows < 1000 else 2
    return whole("min_texts", given, 1)


def hidden_sizes(given: Any) -> tuple[int, ...]:
    """Sizes of hidden layers."""
    sizes = (given,) if is_whole(given) else given
    if not isinstance(sizes, tuple | list) or not all(is_whole(s) and s > 0 for s in sizes):
        raise OptionError(
            f"hidden_layer_sizes: expected sizes such as (64,), or () for none, got {given!r}"
        )
    return tuple(int(size) for size in sizes)


def word_vectors(given: Any) -> WordVectors | None:
    """The vectors that are meant: themselves, those of a file, or none."""
    if given is None:
        return None
    from .. import words

    if isinstance(given, str | Path):
        return words.load(given)
    if not isinstance(given, words.WordVectors):
        raise OptionError(
            "vectors: expected layerwise.words.WordVectors, the path of a file of word vectors, or "
            f"None, got {type(given).__name__}"
        )
    return given
