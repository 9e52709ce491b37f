"""Arguments and options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SavedModel = Annotated[Path, typer.Argument(metavar="MODEL", help="A saved model.")]
Backend = Annotated[
    str, typer.Option(help="native (machine code) or reference (NumPy, slow, simple).")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
