"""`--config file.toml` and `--print-config`: the options of `layerwise train` in a file."""

from __future__ import annotations

import difflib
import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from ..errors import OptionError
from .settings import AUTO, SECTIONS, SETTINGS, Setting

WIDTH = 100


def read_config(path: Path) -> dict[str, Any]:
    """The options in a TOML file, by key, with `data` among them.

    Raises
    ------
    OptionError : there is no such file, it is no TOML, or has an option that does not exist or a
        value of another kind.
    """
    import tomllib

    try:
        with open(path, "rb") as file:
            given = tomllib.load(file)
    except FileNotFoundError:
        raise OptionError(f"--config: there is no file {path}") from None
    except OSError as error:
        raise OptionError(f"--config: cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"--config: {path} is no TOML: {error}") from None
    found: dict[str, Any] = {}
    for name, value in given.items():
        key = name.replace("-", "_")
        if key == "data":
            found[key] = _value(path, Setting("data", "text", ""), value)
        elif key in SETTINGS:
            found[key] = _value(path, SETTINGS[key], value)
        else:
            raise OptionError(_unknown(path, name))
    return found


def _unknown(path: Path, name: str) -> str:
    names = [*(s.name for s in SETTINGS.values()), "data"]
    near = difflib.get_close_matches(name.replace("_", "-"), names, 1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    return (
        f"--config: {path} has the unknown option '{name}'{hint} "
        "(`layerwise train DATA --print-config` writes all that there are)"
    )


def _value(path: Path, setting: Setting, value: Any) -> Any:
    """The value as the command line would give it; None for "auto"."""
    if value == AUTO:
        return None
    kinds: dict[str, tuple[str, type | tuple[type, ...]]] = {
        "text": ("text", str),
        "whole": ("a whole number", int),
        "number": ("a number", (int, float)),
        "rate": ("a number, or 'find'", (int, float, str)),
        "flag": ("true or false", bool),
        "names": ("a list of names", (list, str)),
        "sizes": ("sizes such as [256, 128]", (list, str, int)),
    }
    expected, types = kinds[setting.kind]
    fits = isinstance(value, types) and (setting.kind == "flag" or not isinstance(value, bool))
    if fits and setting.kind == "names" and isinstance(value, list):
        fits = all(isinstance(name, str) for name in value) and bool(value)
    if fits and setting.kind == "sizes" and isinstance(value, list):
        fits = all(type(size) is int for size in value)
    if not fits:
        raise OptionError(
            f"--config: {path}: expected {expected} as {setting.name}, got {value!r}; "
            f'"{AUTO}" leaves it to the recipe'
        )
    if setting.kind == "sizes":
        return ",".join(map(str, value)) or "none" if isinstance(value, list) else str(value)
    return str(value) if setting.kind == "rate" else value


def config_text(
    data: str, values: Mapping[str, Any], where: Literal["digits", "table"]
) -> list[str]:
    """A configuration file with every option that counts here, each with a comment, as lines."""
    lines = [
        "# Options of `layerwise train --config FILE`; those of the command line win.",
        f'# "{AUTO}" leaves an option to the recipe.',
        "",
        "# What to train on: digits, or a table's file.",
        f"data = {_toml(data)}",
    ]
    for section, settings in SECTIONS.items():
        lines += ["", f"# -- {section} --"]
        for setting in settings:
            if setting.where in ("both", where):
                lines += textwrap.wrap(
                    setting.about, WIDTH, initial_indent="# ", subsequent_indent="# "
                )
                lines.append(f"{setting.name} = {_shown(setting, values.get(setting.key))}")
    return lines


def _shown(setting: Setting, value: Any) -> str:
    if value is None:
        return _toml(AUTO)
    if setting.kind == "rate":
        return _toml(value) if value == "find" else repr(float(value))
    if setting.kind == "names":
        return f"[{', '.join(map(_toml, value))}]"
    return _toml(value)


def _toml(value: Any) -> str:
    if isinstance(value, bool | int | float):
        return str(value).lower()
    # TOML's basic strings are JSON's, but for the delete character.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
