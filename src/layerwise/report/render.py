"""From `ReportData` to one HTML file that holds everything it needs."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from .charts.markup import Markup
from .data import ReportData
from .page import Omission, Section
from .sections import SECTIONS
from .sections.top import Top, top

TEMPLATES = Path(__file__).parent / "templates"


def render(data: ReportData) -> str:
    """The page as text.

    Names of classes and columns come from files: the template escapes everything that is not
    markup made here.
    """
    found = [made for section in SECTIONS if (made := section(data)) is not None]
    return render_page(
        top(data),
        [each for each in found if isinstance(each, Section)],
        [each for each in found if isinstance(each, Omission)],
        data.notes,
    )


def render_page(
    head: Top,
    sections: Sequence[Section],
    omissions: Sequence[Omission] = (),
    notes: Sequence[str] = (),
) -> str:
    """A page of a top and sections, as text; see `render`."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from .. import __version__

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["json"] = _json
    plays = any(block.kind == "player" for each in sections for block in each.blocks)
    return environment.get_template("page.html").render(
        top=head,
        notes=notes,
        sections=sections,
        omissions=omissions,
        style=Markup(_read("style.css")),
        scripts=[Markup(_read(name)) for name in ("network.js", "panel.js")] if plays else [],
        made=f"{datetime.now().astimezone():%Y-%m-%d %H:%M}",
        version=__version__,
    )


def _read(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _json(value: Any) -> Markup:
    """JSON inside of a script element, which an angle bracket could end."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text))
