"""From an estimator's parameters to a `Recipe`, each checked before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from .. import optim
from ..data.encoders.numbers import IMPUTES, NORMALISES
from ..errors import OptionError, unknown
from ..nn import activation
from ..tabular import KINDS, Recipe
from .presets import EVERY_KIND, Preset, preset

NETWORKS = {"piecewise": "piecewise", "periodic": "periodic", None: "plain"}
"""The kind of member for each embedding of numbers."""


def recipe_of(given: Any) -> Recipe:
    """The recipe that an estimator's parameters ask for.

    Parameters
    ----------
    given : the estimator.

    Raises
    ------
    OptionError : a value that does not exist, or values that contradict each other.
    """
    base = preset(given.preset)
    _check_choices(given)
    hidden = _hidden(given.hidden_layer_sizes)
    folds = whole_or_auto("members", given.members, 1, base.folds)
    optim.schedule(given.schedule)
    return Recipe(
        kinds=_kinds(given, base, hidden),
        folds=folds,
        repeats=base.repeats,
        pace=base.pace,
        validation_fraction=below_one("validation_fraction", given.validation_fraction),
        pool="fitted" if given.pool else "equal",
        calibrate=bool(getattr(given, "calibrate", False)),
        refit=bool(given.refit),
        hidden=hidden,
        activation=_activation(given.activation),
        dropout=_dropout(given.dropout),
        learning_rate=number_or_auto("learning_rate", given.learning_rate, above=True),
        weight_decay=number_or_auto("weight_decay", given.weight_decay),
        epochs=whole_or_auto("epochs", given.epochs, 1, None),
        patience=_patience(given.early_stopping),
        batch_size="all" if given.batch_size == "all" else whole_or_auto(
            "batch_size", given.batch_size, 1, None, ("auto", "all")
        ),
        optimizer=_optimizer(given),
        schedule=given.schedule,
        label_smoothing=number_or_auto(
            "label_smoothing", getattr(given, "label_smoothing", 0.0)
        ) or 0.0,
        clip_norm=None if given.clip_norm is None else number_or_auto("clip_norm", given.clip_norm),
        shuffle=bool(given.shuffle),
        dtype=given.dtype,
        probes=bool(given.probes),
    )  # fmt: skip


def stream_recipe(recipe: Recipe, members: int) -> Recipe:
    """For one pass over some rows of a stream: nothing is held out, and nothing is decided.

    Parameters
    ----------
    members : of each kind.
    """
    from dataclasses import replace

    return replace(
        recipe, folds=1, repeats=members, validation_fraction=0.0, pool="equal", calibrate=False,
        refit=False, epochs=1, patience=None, schedule="constant",
    )  # fmt: skip


def threads_of(n_jobs: Any) -> int | None:
    """Members trained at once, at most; None for what the machine offers."""
    from ..backends.native.team import available_cores

    if n_jobs is None:
        return None
    if not is_whole(n_jobs) or n_jobs == 0:
        raise OptionError(f"n_jobs: expected a whole number other than 0, or None, got {n_jobs!r}")
    # As in joblib: -1 is all cores, -2 all but one.
    return int(n_jobs) if n_jobs > 0 else max(1, available_cores() + 1 + int(n_jobs))


def seed_of(random_state: Any) -> int:
    """The seed of a fit, drawn from a number, a generator of NumPy's or None."""
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def whole(name: str, value: Any, least: int, most: int | None = None) -> int:
    """A whole number within limits, else `OptionError`."""
    if not is_whole(value) or value < least or (most is not None and value > most):
        limit = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise OptionError(f"{name}: expected a whole number {limit}, got {value!r}")
    return int(value)


def below_one(name: str, value: Any) -> float:
    """A part or a chance, from 0 to below 1, else `OptionError`."""
    if not is_real(value) or not 0 <= value < 1:
        raise OptionError(f"{name}: expected a number from 0 to below 1, got {value!r}")
    return float(value)


def whole_or_auto(
    name: str, value: Any, least: int, auto: int | None, texts: Sequence[str] = ("auto",)
) -> int | None:
    """A whole number, or `auto` where the value is "auto"; else `OptionError`.

    Parameters
    ----------
    least : that it may be.
    auto : what "auto" stands for.
    texts : that are possible values, for the message.
    """
    if isinstance(value, str):
        if value == "auto":
            return auto
        raise unknown(name, value, [*texts, "a whole number"])
    if not is_whole(value) or value < least:
        raise OptionError(
            f"{name}: expected {' or '.join(map(repr, texts))} or a whole number of at least "
            f"{least}, got {value!r}"
        )
    return int(value)


def number_or_auto(name: str, value: Any, above: bool = False) -> float | None:
    """A finite number of at least 0, or None where the value is "auto"; else `OptionError`.

    Parameters
    ----------
    above : whether 0 is not allowed.
    """
    if isinstance(value, str) and value == "auto":
        return None
    if not is_real(value) or not 0 <= value < np.inf:
        raise OptionError(f"{name}: expected a finite number of at least 0, got {value!r}")
    if above and value == 0:
        raise OptionError(f"{name}: expected a number above 0, got {value!r}")
    return float(value)


def is_whole(value: Any) -> bool:
    """Whether it is a whole number, of Python's or of NumPy's; bools are none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def is_real(value: Any) -> bool:
    """Whether it is a real number, of Python's or of NumPy's; bools are none."""
    return isinstance(value, Real) and not isinstance(value, bool)


def check_roles(roles: Any) -> None:
    """Raise `OptionError` unless it is "auto", None or a dict from columns to known roles."""
    if roles is None or (isinstance(roles, str) and roles == "auto"):
        return
    if not isinstance(roles, Mapping):
        raise OptionError(
            f"roles: expected 'auto', None or a dict from columns to roles, got {roles!r}"
        )
    for role in roles.values():
        if role not in ROLES:
            raise unknown("role of a column", role, ROLES)


ROLES = ("number", "category", "date", "dropped")


def _check_choices(given: Any) -> None:
    for name, known in (
        ("impute", IMPUTES),
        ("encode", ("auto", "one_hot", "embedding", None)),
        ("normalise", NORMALISES),
        ("numeric_embedding", ("auto", *NETWORKS)),
        ("linear", ("auto", True, False)),
        ("dtype", ("float32", "float64")),
    ):
        _check_choice(name, getattr(given, name), known)
    for name in (
        "pool",
        "calibrate",
        "refit",
        "normalise_target",
        "shuffle",
        "warm_start",
        "probes",
    ):
        value = getattr(given, name, False)
        if not isinstance(value, bool | np.bool_):
            raise OptionError(f"{name}: expected True or False, got {value!r}")
    check_roles(given.roles)


def _check_choice(name: str, value: Any, known: Iterable[Any]) -> None:
    if any(value is each or (isinstance(each, str) and value == each) for each in known):
        return
    texts = [str(each) for each in known]
    raise unknown(name, value, texts)


def _kinds(given: Any, base: Preset, hidden: tuple[int, ...] | None) -> tuple[str, ...]:
    embedding, linear = given.numeric_embedding, given.linear
    lines = [kind for kind in base.kinds if not KINDS[kind].is_network]
    networks = [kind for kind in base.kinds if kind not in lines]
    if not (isinstance(embedding, str) and embedding == "auto"):
        networks = [NETWORKS[embedding]]
    if linear is True:
        lines = [kind for kind in EVERY_KIND if not KINDS[kind].is_network]
    elif linear is False or hidden is not None:
        lines = []
    if embedding is None:
        lines = [kind for kind in lines if KINDS[kind].embedding is None]
    return (*lines, *networks)


def _hidden(sizes: Any) -> tuple[int, ...] | None:
    if isinstance(sizes, str):
        if sizes == "auto":
            return None
        raise OptionError(
            f"hidden_layer_sizes: expected 'auto' or sizes like (128, 64), got {sizes!r}"
        )
    if isinstance(sizes, Integral):
        sizes = (sizes,)
    try:
        found = tuple(sizes)
    except TypeError:
        found = (None,)
    for size in found:
        if not is_whole(size) or size < 1:
            raise OptionError(
                "hidden_layer_sizes: expected 'auto' or whole numbers above 0, such as (128, 64), "
                f"got {sizes!r}"
            )
    return tuple(int(size) for size in found)


def _patience(value: Any) -> int | str | None:
    if isinstance(value, bool | np.bool_) or value is None:
        return "auto" if value else None
    if not is_whole(value) or value < 1:
        raise OptionError(
            "early_stopping: expected True, False or the number of epochs to wait for a better "
            f"one, got {value!r}"
        )
    return int(value)


def _activation(value: Any) -> Any:
    if isinstance(value, str) and value == "auto":
        return None
    each = value if isinstance(value, list | tuple) else [value]
    for one in each:
        activation(one)
    return value


def _dropout(value: Any) -> Any:
    if isinstance(value, str) and value == "auto":
        return None
    for rate in value if isinstance(value, list | tuple) else [value]:
        if not is_real(rate) or not 0 <= rate < 1:
            raise OptionError(
                "dropout: expected 'auto', a chance from 0 to below 1, or one for each hidden "
                f"layer, got {value!r}"
            )
    return value


def _optimizer(given: Any) -> Any:
    found = given.optimizer
    if isinstance(found, str):
        optim.optimizer(found)
        return found
    rate = number_or_auto("learning_rate", given.learning_rate, above=True)
    return optim.optimizer(found, rate)
