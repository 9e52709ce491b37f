"""`layerwise train`: what was said, in a file and on the command line, and whose work it is."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import OptionError
from .choices import choose
from .settings import AUTO, chosen

DATA_SETS = ("digits",)

TASKS = ("regression", "binary", "classes", "pictures", "translate")


def start_training(
    data: str | None, said: Mapping[str, Any], config: Path | None, print_config: bool
) -> int:
    """Do the command; gives the exit code.

    Parameters
    ----------
    data : what to train on; None where it is in the file, or missing.
    said : values of the options by key; None where nothing was said.
    config : a file of options.
    print_config : whether to print the options and do nothing else.
    """
    given: dict[str, Any] = {}
    if config is not None:
        from .config import read_config

        given = read_config(config)
    data = data or given.pop("data", None)
    given |= {key: value for key, value in said.items() if value not in (None, AUTO)}
    if data is None:
        raise OptionError(
            "missing DATA, what to train on: expected the file of a table, as in `layerwise train "
            "customers.csv --target paid`, or digits"
        )
    _check_data(data)
    given["lr"] = _rate(given.get("lr"))
    if given.get("task") is not None:
        given["task"] = choose("--task", given["task"], TASKS)
    what = _what_is_trained_on(data, given)
    if print_config and what is not None:
        raise OptionError(f"--print-config is for tables and the digits, not yet for {what}")
    if what == "pairs of sentences":
        from .translation import train_translator

        return train_translator(data, given)
    if what == "texts":
        from .text.train import train_text

        return train_text(data, given)
    if what == "pictures":
        from .pictures import train_pictures

        return train_pictures(data, given)
    if data in DATA_SETS:
        return _on_digits(data, chosen(given, "digits"), print_config)
    values = chosen(given, "table")
    from .table.options import options_of

    options = options_of(data, values)
    if print_config:
        lists = {key: getattr(options, key) or None for key in ("columns", "categorical", "drop")}
        return _print(data, values | lists | {"out": options.out}, "table")
    from .table.train import run_train

    return run_train(options)


def _what_is_trained_on(data: str, given: Mapping[str, Any]) -> str | None:
    """Other data than the digits and tables, in words; None for these."""
    if given.get("task") == "translate":
        return "pairs of sentences"
    if given.get("text") is not None:
        return "texts"
    if data in DATA_SETS:
        return "pictures" if given.get("task") == "pictures" else None
    from ..data.pictures.picture_files import is_picture
    from .pictures import are_pictures

    if given.get("task") == "pictures" or are_pictures(data):
        return "pictures"
    if is_picture(Path(data)):
        raise OptionError(
            f"{data} is one picture: expected a folder of them, with a sub-folder for each class"
        )
    return None


def _on_digits(data: str, values: dict[str, Any], print_config: bool) -> int:
    values["out"] = Path(values["out"] or "digits.safetensors")
    if print_config:
        return _print(data, values, "digits")
    if values["checkpoint"] is not None:
        values["checkpoint"] = Path(values["checkpoint"])
    if values["lr_picture"] is not None:
        values["lr_picture"] = Path(values["lr_picture"])
    from .files import report_path

    values["report"] = report_path(values["report"], values["out"])
    from .recipe import Options
    from .train import run_train

    renamed = {"lr": "learning_rate", "early_stopping": "patience"}
    return run_train(Options(data=data, **{renamed.get(k, k): v for k, v in values.items()}))


def _print(data: str, values: dict[str, Any], where: Any) -> int:
    from .config import config_text

    print("\n".join(config_text(data, values, where)))
    return 0


def _check_data(name: str) -> None:
    """Raise `OptionError` for what is neither a known data set nor looks like a file."""
    if name in DATA_SETS or name == "-" or Path(name).suffix or Path(name).exists():
        return
    near = difflib.get_close_matches(name.lower(), DATA_SETS, 1)
    hint = f"; did you mean '{near[0]}'?" if near else ", or the data set digits"
    raise OptionError(f"there is no file '{name}': expected that of a table{hint}")


def _rate(given: str | None) -> float | str | None:
    if given is None or given.strip().lower() == "find":
        return given and "find"
    try:
        return float(given)
    except ValueError:
        near = difflib.get_close_matches(given.strip().lower(), ("find",), 1, 0.5)
        hint = " (did you mean 'find'?)" if near else ""
        raise OptionError(
            f"--lr: expected a number above 0, or find; got '{given}'{hint}"
        ) from None
