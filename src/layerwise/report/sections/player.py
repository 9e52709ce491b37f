"""The panel to draw in."""

from __future__ import annotations

from ..data import ReportData
from ..page import Omission, Player, Section


def player_section(data: ReportData) -> Section | Omission | None:
    """The network itself, alive in the page."""
    if data.player is None:
        why = data.absent.get("player", "")
        return Omission("Draw and see", why) if data.task.pictures else None
    return Section(
        "draw",
        "Draw and see",
        "This is the trained network itself, running in this page. Draw, and watch every layer "
        "answer.",
        [Player(data.player.as_json())],
    )
