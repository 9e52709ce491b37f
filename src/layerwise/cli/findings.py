"""What the doctor found, at the end of `layerwise train` and in `layerwise doctor`."""

from __future__ import annotations

import textwrap

from ..doctor.diagnosis import GUIDE, SIGNS, Diagnosis
from ..doctor.finding import Finding
from .screen import Screen

WIDEST = 100

COLOURS = {"error": "bold red", "warning": "bold yellow", "note": ""}


def show_findings(screen: Screen, found: Diagnosis, alarms_only: bool = False) -> None:
    """Show the alarms in full and the notes in a line each; one line where there is nothing.

    Parameters
    ----------
    alarms_only : say nothing else, and nothing at all where there are none.
    """
    if alarms_only and not found.alarms:
        return
    if not found.alarms:
        screen.field("doctor", f"{found.verdict}")
    else:
        count = len(found.alarms)
        screen.field("doctor", f"{count} alarm{'s' * (count != 1)}, the likely cause first")
    for finding in found.alarms:
        show_alarm(screen, finding)
    if not alarms_only:
        for finding in found.notes:
            show_note(screen, finding)


def show_alarm(screen: Screen, finding: Finding) -> None:
    """A finding with its evidence, the change and the page of the guide."""
    width = min(screen.width, WIDEST) - 1
    head = f"{SIGNS[finding.level]} {finding.level}: {finding.title}"
    for line in textwrap.wrap(head, width, initial_indent="  ", subsequent_indent="    "):
        screen.line(line, COLOURS[finding.level])
    for name, text in (
        ("seen", finding.evidence),
        ("change", change(finding)),
        ("trial", finding.trial),
        ("guide", GUIDE.format(finding.guide)),
    ):
        if text:
            screen.field(f"  {name}", plain(text), indent=14)


def show_note(screen: Screen, finding: Finding) -> None:
    """A finding in one line."""
    width = min(screen.width, WIDEST) - 1
    text = plain(f"  {SIGNS[finding.level]} {finding.title}: {finding.evidence}")
    if len(text) > width:
        text = text[: width - 3].rstrip(" ,;:") + "..."
    screen.line(text)


def change(finding: Finding) -> str:
    """The remedy with its option, or the Python where there is no option."""
    remedy = finding.remedy
    if remedy is None:
        return ""
    exact = remedy.flag or remedy.python
    return remedy.text + (f": {exact}" if exact else "")


def plain(text: str) -> str:
    """A text in characters that every screen has."""
    return text.replace("\N{PLUS-MINUS SIGN}", "+-")


__all__ = ["change", "plain", "show_alarm", "show_findings", "show_note"]
