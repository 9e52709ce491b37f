"""Where the output goes: a terminal with colour and a live line, or plain lines for a file."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import time
from typing import Any

REDRAWS_PER_SECOND = 15


class Screen:
    """Standard output, as a person or a program reads it.

    On a terminal lines have colour (unless NO_COLOR is set) and one line below them is rewritten in
    place. Elsewhere there are plain lines only, and rich is not even imported. A quiet screen
    shows nothing.

    Used as a context, so that the live line is taken away whatever happens.
    """

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self.width = max(40, shutil.get_terminal_size((80, 24)).columns)
        self._live: Any = None
        self._console: Any = None
        self._drawn = 0.0
        if not quiet and sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
            from rich.console import Console

            self._console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        self.end_live()

    def line(self, text: str = "", style: str = "") -> None:
        """Show a line that stays; `style` is one of rich's, such as "bold"."""
        if self.quiet:
            return
        if self._console is None:
            print(text, flush=True)
            return
        from rich.text import Text

        self._console.print(Text(text, style))

    def say(self, text: str, style: str = "") -> None:
        """Show a sentence that stays, wrapped to the width of the screen."""
        for line in textwrap.wrap(text, self.width, break_on_hyphens=False):
            self.line(line, style)

    def field(self, name: str, text: str, indent: int = 14) -> None:
        """Show a name and what it is, wrapped to the width of the screen."""
        width = min(self.width, 100) - 1
        head = f"  {name}".ljust(indent)
        lines = textwrap.wrap(
            text, width, initial_indent=head, subsequent_indent=" " * indent, break_on_hyphens=False
        )
        for line in lines or [head.rstrip()]:
            self.line(line)

    @property
    def is_live(self) -> bool:
        """Whether there is a live line."""
        return self._console is not None

    def live(self, text: str) -> None:
        """Rewrite the live line, at most a few times a second; nothing where there is none."""
        now = time.monotonic()
        if self._console is None or now - self._drawn < 1 / REDRAWS_PER_SECOND:
            return
        from rich.live import Live
        from rich.text import Text

        self._drawn = now
        if self._live is None:
            # No thread of its own: drawing happens here, between epochs.
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(Text(text[: self.width - 1], "cyan"), refresh=True)

    def end_live(self) -> None:
        """Take the live line away."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def can_show(text: str) -> bool:
    """Whether standard output has the characters of a text."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
