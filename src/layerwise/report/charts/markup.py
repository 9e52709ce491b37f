"""Elements of SVG and HTML as text; whatever comes from a file is escaped on its way in."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any


class Markup(str):
    """Text that is markup already; templates with automatic escaping put it in as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        return self


def tag(name: str, *content: Any, **attributes: Any) -> Markup:
    """One element.

    Parameters
    ----------
    name : of the element.
    content : what stands in it; `Markup` as it is, everything else escaped.
    attributes : an underscore at the end of a name is dropped, others become hyphens; None leaves
        an attribute out; numbers are written in few digits.
    """
    pieces = [name]
    for key, value in attributes.items():
        if value is not None:
            pieces.append(f'{key.rstrip("_").replace("_", "-")}="{_attribute(value)}"')
    inside = "".join(part if isinstance(part, Markup) else escape(str(part)) for part in content)
    return Markup(f"<{' '.join(pieces)}>{inside}</{name}>" if inside else f"<{' '.join(pieces)}/>")


def joined(parts: Iterable[Markup]) -> Markup:
    """Elements one after another."""
    return Markup("".join(parts))


def points(x: Iterable[float], y: Iterable[float]) -> str:
    """Places for the `points` of a polyline, to a tenth of a unit."""
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))


def _attribute(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return escape(str(value))
