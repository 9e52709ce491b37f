"""What trainings of texts, of pictures and of pairs of sentences check before any work is done."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from .. import optim
from ..errors import OptionError
from .choices import between, choose
from .files import check_report, check_writable, report_path

AT_LEAST_ONE = ("epochs", "batch_size", "threads", "early_stopping")

REMEDIES = ("lr", "epochs", "early_stopping", "dropout", "weight_decay", "label_smoothing")
"""Options by which most of what the doctor finds is changed."""

BEST_SEED = 2**32 - 1
"""The highest that scikit-learn's generators take."""


def check_asked(
    given: Mapping[str, Any],
    known: Collection[str],
    what: str,
    instead: Mapping[str, str] | None = None,
) -> None:
    """Check the options that these trainings share.

    Parameters
    ----------
    given : the options that were said, by key.
    known : keys that count here.
    what : is trained on, such as "texts".
    instead : by key, what to say in place of an option that does not count here.

    Raises
    ------
    OptionError : an option that does not count here, or a value that cannot be used.
    """
    for key, value in given.items():
        if key not in known and value not in (None, False):
            other = (instead or {}).get(key, "leave it out")
            if key == "fix":
                other = _by_hand(known)
            raise OptionError(f"{_option(key)} is not for {what}; {other}")
    if given.get("lr") == "find":
        raise OptionError(
            f"--lr find is not for {what} yet; leave it out, or train with some numbers, such as "
            "--lr 0.0005, 0.001, 0.002 and 0.005, and compare their validation loss"
        )
    for key in AT_LEAST_ONE:
        count = given.get(key)
        if count is not None and count < 1:
            raise OptionError(f"{_option(key)}: expected a whole number of at least 1, got {count}")
    if given.get("seed") is not None:
        between("--seed", given["seed"], 0, BEST_SEED)
    for key in ("test_size", "dropout", "label_smoothing"):
        if given.get(key) is not None:
            between(_option(key), given[key], 0, 1, open_high=True)
    rate = given.get("lr")
    if rate is not None and not 0 < rate < math.inf:
        raise OptionError(f"--lr: expected a number above 0, got {rate:g}")
    if given.get("weight_decay") is not None:
        between("--weight-decay", given["weight_decay"], 0)
    for key, names in (
        ("optimizer", optim.OPTIMIZERS),
        ("schedule", optim.SCHEDULES),
        ("class_weight", ("balanced",)),
    ):
        if given.get(key) is not None:
            choose(_option(key), given[key], names)


def files_written(given: Mapping[str, Any], name: str) -> tuple[Path, Path | None]:
    """Where the model and its page go, known to be writable; the page is None without --report.

    Parameters
    ----------
    name : of the model's file without its suffix, if --out is unsaid.
    """
    out = Path(given.get("out") or f"{name}.safetensors")
    check_writable(out)
    report = report_path(given.get("report"), out)
    if report is not None:
        check_report(report)
    return out, report


def _by_hand(known: Collection[str]) -> str:
    """What to do in place of --fix, with the options that count."""
    options = [_option(key) for key in REMEDIES if key in known]
    return (
        f"leave it out, train with other values of {', '.join(options[:-1])} or {options[-1]} by "
        "hand, as the doctor says, and keep what has the lowest validation loss"
    )


def _option(key: str) -> str:
    return f"--{key.replace('_', '-')}"


__all__ = ["check_asked", "files_written"]
