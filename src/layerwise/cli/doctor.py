"""`layerwise doctor`: what a saved model's record says about its training."""

from __future__ import annotations

from pathlib import Path

from ..doctor.consult import again
from ..doctor.kept import CASE, HOW
from .findings import plain
from .loading import load_model
from .plain_json import print_json
from .screen import Screen


def run_doctor(path: Path, as_json: bool = False) -> None:
    """Do the command."""
    model = load_model(path)
    if model.summary.get(CASE) is None and not as_json:
        _say_there_is_none(path, model.summary.get("layerwise"))
        return
    if model.summary.get(CASE) is None:
        print_json({"model": str(path), "record": False, "doctor": []})
        return
    found = again(model.summary)
    if as_json:
        facts = {"model": str(path), "record": True, "alarms": len(found.alarms)}
        print_json(facts | {"verdict": found.verdict, "doctor": found.as_dicts()})
        return
    with Screen() as screen:
        for line in plain(found.to_text(min(screen.width, 100) - 1)).splitlines():
            screen.line(line)


def _say_there_is_none(path: Path, version: str | None) -> None:
    made = f" (made with layerwise {version})" if version else ""
    with Screen() as screen:
        screen.say(
            f"{path}{made} carries no record of its training for the doctor: it was saved by an "
            "older version, with --no-doctor, or before the doctor had looked"
        )
        screen.say(f"to get one, {HOW}")


__all__ = ["run_doctor"]
