"""`layerwise train FILE`: read, divide, decide, fit, test, save; and say what was chosen."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from ... import backends
from ...data.tables import Decision
from ...errors import TrainingDiverged
from ...tabular.measures import Measured
from ..errors import INTERRUPTED, model_is_saved
from ..fixing import Fixing
from ..plain_json import print_json
from ..report import write_table_report
from ..screen import Screen
from . import describe
from .again import division
from .checking import Checked, FitWith, Fixer, look, say_why_diverged, show_checked, why_diverged
from .cross import CrossValidated, cross_validate
from .fitting import Fitted, decide, fit
from .measuring import measure_test, predictions
from .options import Options
from .progress import MemberProgress, until_interrupted
from .rates import find_rate
from .rows import Part, Rows, divide, read_rows
from .streaming import Streamed, is_large, open_stream


def run_train(options: Options) -> int:
    """Do the command; gives the exit code."""
    began = time.monotonic()
    streamed: Streamed | None = None
    notes: list[str] = []
    if is_large(options):
        streamed = open_stream(options)
        rows, part = streamed.rows, streamed.part
    else:
        rows = read_rows(options)
        part, notes = divide(rows, options)
    decisions = decide(rows, part, options)
    with backends.using(options.backend):
        with Screen(quiet=options.quiet or options.json) as screen:
            describe.show_rows(screen, rows, part, options, streamed)
            describe.show_columns(screen, decisions)
            for note in (*rows.notes, *notes):
                screen.field("note", note)
            rate = _rate(rows, part, decisions, options, screen)
            screen.line()
            crossed = None
            if options.folds is not None:
                crossed = cross_validate(rows, options, rate, screen)
            progress = MemberProgress(screen, "" if crossed is None else "all rows")

            def fit_with(options: Options, rate: float | None, follow: MemberProgress) -> Fitted:
                with until_interrupted(follow):
                    return fit(rows, part, decisions, options, rate, follow, streamed)

            checked = _checked(rows, part, options, rate, fit_with, progress, screen)
        fitted, measured, test, fixing = checked.fitted, None, None, None
        if part.test is not None:
            test = predictions(fitted, rows, part.test)
            measured = measure_test(fitted, rows, part, test)
        if options.fix:
            fixing = _fixing(checked, rows, part, measured, test)
        facts = _facts(options, rows, part, decisions, fitted, measured, crossed)
        if streamed is not None:
            streamed.source.close()
            facts |= {"training_rows": streamed.learned, "rows": streamed.source.rows}
            facts["streamed"] = True
        if checked.diagnosis is not None:
            facts["doctor"] = checked.diagnosis.as_dicts()
        if fixing is not None:
            facts["fix"] = fixing.as_dict()
        facts["stopped"] = "interrupted" if progress.interrupted else "epochs"
        facts["seconds"] = round(time.monotonic() - began, 3)
        trained = facts["training_rows"]
        model = fitted.estimator.to_model() if checked.diagnosis is not None else fitted.model
        model.summary.update(_summary(options, rows, trained, decisions, facts))
        model.save(options.out)
        if options.report is not None:
            with model_is_saved(options.out):
                write_table_report(options.report, model, rows, part, checked.diagnosis)
    if options.json:
        print_json(facts)
    else:
        _show_outcome(options, rows, part, facts, measured, test, crossed, checked, fixing)
    return INTERRUPTED if progress.interrupted or checked.interrupted else 0


def _checked(
    rows: Rows,
    part: Part,
    options: Options,
    rate: float | None,
    fit_with: FitWith,
    progress: MemberProgress,
    screen: Screen,
) -> Checked:
    """Fit, and ask the doctor; with --fix, try the remedies."""
    fixer = Fixer(rows, part, options, rate, fit_with, screen)
    try:
        fitted = fit_with(options, rate, progress)
    except TrainingDiverged as error:
        screen.end_live()
        if options.fix:
            found = why_diverged(error)
            try:
                return fixer.run(None, found)
            except LookupError:
                pass
        say_why_diverged(options, error)
        raise
    progress.end()
    if options.fix and not progress.interrupted:
        return fixer.run(fitted)
    return look(options, fitted)


def _fixing(
    checked: Checked, rows: Rows, part: Part, measured: Measured | None, test: Any
) -> Fixing:
    """What --fix did, with the test's figures, which are looked at this once."""
    assert measured is not None
    assert part.test is not None
    balanced = any(each.balanced for each in checked.kept)

    def told(measured: Measured, found: np.ndarray) -> str:
        if not balanced or rows.labels is None:
            return _main(measured)
        assert part.test is not None
        truth = rows.labels[part.test]
        recalls = [(found[truth == c].argmax(1) == c).mean() for c in np.unique(truth)]
        return f"{_main(measured)}, mean of the classes {np.mean(recalls):.1%}"

    now = told(measured, test)
    if checked.before is None:
        return checked.fixing(now, "nothing")
    if checked.before is checked.fitted:
        return checked.fixing(now, now)
    found = predictions(checked.before, rows, part.test)
    return checked.fixing(now, told(measure_test(checked.before, rows, part, found), found))


def _rate(
    rows: Rows, part: Part, decisions: list[Decision], options: Options, screen: Screen
) -> float | None:
    if options.learning_rate != "find":
        return options.learning_rate
    found = find_rate(rows, part, decisions, options)
    screen.field("rate", f"{found.suggestion:g}. {found.reason}")
    if options.rate_picture is not None:
        found.draw(options.rate_picture)
        screen.field("picture", str(options.rate_picture))
    return found.suggestion


def _facts(
    options: Options,
    rows: Rows,
    part: Part,
    decisions: list[Decision],
    fitted: Fitted,
    measured: Measured | None,
    crossed: CrossValidated | None,
) -> dict[str, Any]:
    """The outcome for programs."""
    facts: dict[str, Any] = {}
    for name in describe.MEASURES:
        if measured is not None and name in measured.values:
            facts[f"test_{name}"] = _finite(measured.values[name])
            facts[f"constant_{name}"] = _finite(measured.constant[name])
        if crossed is not None and name in crossed.mean:
            facts[f"test_{name}"] = _finite(crossed.mean[name])
            facts[f"test_{name}_spread"] = _finite(crossed.spread[name])
            facts[f"constant_{name}"] = _finite(crossed.constant[name])
    if measured is not None:
        low, high = measured.interval or (None, None)
        facts[f"test_{measured.main}_interval"] = [_finite(low), _finite(high)]
    tested = len(rows) if part.test is None else len(part.test)
    return facts | {
        "test_rows": tested if crossed is None else crossed.rows,
        "folds": None if crossed is None else crossed.folds,
        "training_rows": len(part.training),
        "validation_rows": None if part.validation is None else len(part.validation),
        "rows": rows.in_file,
        "target": options.target,
        "task": rows.goal.goal,
        "task_reason": rows.goal.reason,
        "classes": list(rows.classes) or None,
        "columns": {d.name: {"role": d.role, "reason": d.reason} for d in decisions},
        "warnings": [f"{d.name}: {d.role}, {d.reason}" for d in decisions if d.warning],
        "notes": rows.notes,
        "members": describe.members_of(fitted.ensemble),
        "parameters": fitted.ensemble.parameter_count,
        "loss": fitted.ensemble.task.loss.name,
        "model": str(options.out),
        "seed": options.seed,
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None


def _summary(
    options: Options, rows: Rows, trained: int, decisions: list[Decision], facts: dict[str, Any]
) -> dict[str, Any]:
    """What the saved model remembers."""
    from ... import __version__

    measures = {k: v for k, v in facts.items() if k.startswith(("test_", "constant_"))}
    return {
        "layerwise": __version__,
        "loss": facts["loss"],
        "columns": [
            {"name": d.name, "role": d.role, "reason": d.reason, "warning": d.warning}
            for d in decisions
        ],
        "target_column": options.target,
        "task": rows.goal.goal,
        "members": facts["members"],
        "data": {"rows": trained, "source": rows.table.source},
        "division": division(options, rows, facts.get("streamed", False)),
        "tested": {"folds": facts["folds"], **measures},
        "seconds": facts["seconds"],
        "stopped": facts["stopped"],
        "seed": options.seed,
        **({"fix": facts["fix"]} if "fix" in facts else {}),
    }


def _show_outcome(
    options: Options,
    rows: Rows,
    part: Part,
    facts: dict[str, Any],
    measured: Measured | None,
    found: np.ndarray | None,
    crossed: CrossValidated | None,
    checked: Checked,
    fixing: Fixing | None,
) -> None:
    with Screen(quiet=options.quiet) as screen:
        screen.field("members", describe.members_line(facts["members"]))
        screen.line()
        if measured is not None:
            assert found is not None
            assert part.test is not None
            values = {n: describe.measure(n, v) for n, v in measured.values.items()}
            describe.show_measures(screen, values, measured.constant)
            if rows.labels is not None:
                screen.line()
                truth = rows.labels[part.test]
                describe.show_confusions(screen, truth, found.argmax(1), rows.classes)
            screen.line()
        if crossed is not None:
            values = {name: crossed.with_spread(name) for name in crossed.mean}
            describe.show_measures(screen, values, crossed.constant)
            screen.line()
    show_checked(options, checked, fixing)
    with Screen() as screen:
        if options.report is not None:
            screen.say(f"report written to {options.report}")
        if facts["stopped"] == "interrupted":
            count = sum(each["members"] for each in facts["members"])
            screen.say(f"stopped: what was trained until then is kept, {count} members", "yellow")
        elif checked.interrupted and fixing is None:
            screen.say("stopped after the training, which is complete", "yellow")
        screen.say(_result(measured, crossed), "bold green")
        screen.say(f"model saved in {options.out}")


def _result(measured: Measured | None, crossed: CrossValidated | None) -> str:
    if crossed is not None:
        return crossed.result
    assert measured is not None
    interval = describe.interval_text(measured)
    return f"test {_main(measured)}{interval} on {measured.rows:,} rows never used before"


def _main(measured: Measured) -> str:
    """The measure that counts first, in words."""
    value = describe.measure(measured.main, measured.values[measured.main])
    return f"{describe.MEASURES[measured.main]} {value}"
