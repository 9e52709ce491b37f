"""The top of the page, for those who decide."""

from __future__ import annotations

from dataclasses import dataclass

from ..charts.frame import svg
from ..charts.markup import Markup, tag
from ..charts.scales import Scale
from ..charts.words import TIMES, UNKNOWN, count, number, percent
from ..data import ReportData
from ..facts.outcome import LABELS, Outcome


@dataclass(frozen=True)
class Top:
    """What stands there.

    Attributes
    ----------
    sentence : the task.
    value, measure : the result, large; None where there is none, and `why` says why.
    comparison : beside a simple guess.
    interval : in words.
    picture : the result on a line, with its interval and the guess.
    others : (measure, of the model, of the guess).
    facts : (name, text).
    """

    title: str
    sentence: str
    value: str | None
    measure: str
    comparison: str
    interval: str
    picture: Markup | None
    others: tuple[tuple[str, str, str], ...]
    facts: tuple[tuple[str, str], ...]
    verdict: str | None
    level: str
    why: str


def top(data: ReportData) -> Top:
    """Work it out."""
    outcome = data.outcome
    levels = [each.level for each in data.diagnosis or ()]
    level = next((each for each in ("error", "warning") if each in levels), "fine")
    return Top(
        title=data.title,
        sentence=data.task.sentence,
        value=None if outcome is None else outcome.shown(outcome.value),
        measure="" if outcome is None else LABELS[outcome.measure],
        comparison="" if outcome is None else outcome.comparison,
        interval="" if outcome is None else _interval(outcome),
        picture=None if outcome is None else _picture(outcome),
        others=() if outcome is None else _others(outcome),
        facts=tuple(_facts(data)),
        verdict=None if data.diagnosis is None else data.diagnosis.verdict,
        level=level,
        why=data.absent.get("outcome", ""),
    )


def _interval(outcome: Outcome) -> str:
    on = f"on {count(outcome.rows, 'row')}: {outcome.where}"
    if outcome.interval is None:
        return f"Measured {on}."
    low, high = (outcome.shown(end) for end in outcome.interval)
    return f"95% interval {low} to {high}, {on}."


def _others(outcome: Outcome) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (name, number(value), number(guess) if guess is not None else UNKNOWN)
        for name, value, guess in outcome.others
    )


def _picture(outcome: Outcome) -> Markup | None:
    """The model and the guess on one line from 0 to 1."""
    if outcome.guess_value is None:
        return None
    low = min(0.0, outcome.guess_value, outcome.value)
    scale = Scale(max(low, -1.0), 1.0)
    left, right, line = 10.0, 430.0, 34.0

    def place(value: float) -> float:
        return float(left + min(max(float(scale.share(value)), 0.0), 1.0) * (right - left))

    shown = outcome.shown
    parts = [tag("path", class_="track", d=f"M{left:g} {line:g}H{right:g}")]
    if outcome.interval is not None:
        a, b = (place(end) for end in outcome.interval)
        text = f"95% interval: {shown(outcome.interval[0])} to {shown(outcome.interval[1])}"
        parts.append(
            tag(
                "path",
                tag("title", text),
                class_="span",
                d=f"M{a:.1f} {line:g}H{max(b, a + 2):.1f}",
            )
        )
    guess, model = place(outcome.guess_value), place(outcome.value)
    parts.append(
        tag("rect", tag("title", outcome.guess), x=guess - 5, y=line - 5, width=10, height=10,
            class_="guess")
    )  # fmt: skip
    parts.append(tag("circle", tag("title", "the model"), cx=model, cy=line, r=7, class_="model"))
    parts.append(_label("simple guess", outcome.guess_value, guess, line + 24, outcome))
    parts.append(_label("the model", outcome.value, model, line - 16, outcome))
    says = (
        f"On a line from {shown(scale.low)} to {shown(1.0)}: {outcome.guess} reaches "
        f"{shown(outcome.guess_value)}, the model {shown(outcome.value)}."
    )
    return svg(440, 66, says, *parts)


def _label(name: str, value: float, x: float, y: float, outcome: Outcome) -> Markup:
    side = "end" if x > 330 else "" if x < 110 else "mid"
    shift = 10.0 if side == "end" else -8.0 if not side else 0.0
    text = f"{name} {outcome.shown(value)}"
    return tag("text", text, x=x + shift, y=y, class_=f"tick strong {side}")


def _facts(data: ReportData) -> list[tuple[str, str]]:
    task, summary = data.task, data.summary
    facts = []
    if task.source:
        facts.append(("Data", task.source))
    if task.rows:
        names = {"training": "to train", "validation": "to validate", "held-out": "held out"}
        facts.append(("Rows", ", ".join(f"{n:,} {names[k]}" for k, n in task.rows.items())))
    if task.pictures:
        height, width = task.pictures
        facts.append(("Each row", f"a picture of {height} {TIMES} {width} pixels"))
    elif task.columns:
        facts.append(("Columns", f"{task.columns:,} used to predict"))
    facts.append(("Model", _model(data)))
    seconds = summary.get("seconds")
    if isinstance(seconds, int | float):
        ended = summary.get("stopped")
        how = f", ended by {ended}" if ended not in (None, "epochs") else ""
        facts.append(("Training", f"{number(float(seconds))} s{how}"))
    config = summary.get("config") or {}
    seed = summary.get("seed", config.get("seed"))
    if seed is not None:
        facts.append(("Seed", f"{seed}"))
    if data.outcome is not None and data.outcome.guess_value is not None:
        guess = data.outcome.guess
        facts.append(("Simple guess", f"{guess}: {data.outcome.shown(data.outcome.guess_value)}"))
    if data.classification is not None:
        found = data.classification
        share = percent(found.mistakes / found.rows)
        facts.append(("Mistakes", f"{found.mistakes:,} of {found.rows:,} rows ({share})"))
    return facts


def _model(data: ReportData) -> str:
    members = data.summary.get("members")
    text = count(data.parameters, "weight")
    if isinstance(members, list):
        total = sum(int(each.get("members", 0)) for each in members)
        return f"{count(total, 'network')} in an ensemble, {text} in all"
    return f"{count(len(data.layers), 'layer')}, {text}" if data.layers else text
