"""What a page is made of: sections, and in them figures, tables, pictures and text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from .charts.markup import Markup


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes
    ----------
    head : names of the columns; the first column names the row.
    rows : cells as text.
    folded : whether it is shown only when asked for.
    words : so many columns, from the left, are words; the others are numbers and stand right.
    """

    kind: ClassVar[str] = "table"
    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    folded: bool = False
    words: int = 1


@dataclass(frozen=True)
class Figure:
    """A chart with its title, caption and, for those who want the numbers, its table.

    Attributes
    ----------
    wide : whether it takes the whole width; else two stand side by side where there is room.
    """

    kind: ClassVar[str] = "figure"
    title: str
    picture: Markup
    caption: str = ""
    numbers: Table | None = None
    wide: bool = False
    small: bool = False


@dataclass(frozen=True)
class Picture:
    """A small picture of pixels, with what is to be said of it.

    Attributes
    ----------
    uri : its content, as `charts.data_uri` gives it.
    says : what it shows, in words.
    lines : below it; the first stands out.
    """

    uri: str
    says: str
    lines: Sequence[str] = ()


@dataclass(frozen=True)
class Gallery:
    """Small pictures side by side."""

    kind: ClassVar[str] = "gallery"
    title: str
    pictures: Sequence[Picture]
    caption: str = ""
    size: Literal["small", "strips", "large"] = "small"


@dataclass(frozen=True)
class Text:
    """Paragraphs."""

    kind: ClassVar[str] = "text"
    paragraphs: Sequence[str]


@dataclass(frozen=True)
class Heading:
    """A title between the parts of a section."""

    kind: ClassVar[str] = "heading"
    text: str
    about: str = ""


@dataclass(frozen=True)
class FindingCard:
    """One finding of the doctor."""

    level: str
    title: str
    evidence: str
    cause: str
    remedy: str
    flag: str
    python: str
    trial: str
    where: str
    guide: str


@dataclass(frozen=True)
class Findings:
    """What the doctor found."""

    kind: ClassVar[str] = "findings"
    cards: Sequence[FindingCard]


@dataclass(frozen=True)
class Player:
    """The panel to draw in; `data` is what its script reads."""

    kind: ClassVar[str] = "player"
    data: dict[str, Any]


Block = Table | Figure | Gallery | Text | Heading | Findings | Player


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes
    ----------
    name : of its place in the page, a word.
    title : for people; also in the table of contents.
    lead : what to take from it, in a sentence or two.
    missing : what could be here and is not, each with the reason.
    """

    name: str
    title: str
    lead: str
    blocks: Sequence[Block]
    missing: Sequence[str] = field(default=())


@dataclass(frozen=True)
class Omission:
    """A section that is left out, and why."""

    title: str
    why: str
