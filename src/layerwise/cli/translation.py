"""`layerwise train PAIRS --task translate`: pairs read, a translator trained, tested and saved."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from .. import backends
from ..data.text import read_pairs
from ..errors import OptionError
from ..translation import Quality, Recipe, Watch, fit, measure
from ..translation.texts import check_pairs
from .asked import check_asked, files_written
from .choices import choose
from .errors import INTERRUPTED, model_is_saved
from .outcome import what_is_kept
from .plain_json import print_json
from .progress import Progress
from .screen import Screen
from .translation_report import divided, remembered

TASK = "translate"

PLAIN = ("architecture", "vocabulary", "epochs", "batch_size", "dropout", "label_smoothing")
"""Options that go to `Recipe` under their own names."""

RENAMED = {"lr": "learning_rate", "early_stopping": "patience"}

KNOWN = {
    *PLAIN, *RENAMED, "task", "source_column", "target_column", "test_size", "seed", "threads",
    "backend", "doctor", "probes", "out", "report", "quiet", "json",
}  # fmt: skip

INSTEAD = {
    "target": "name the column of the translations with --target-column",
    "text": "name the column of what to translate with --source-column",
}

PART, HURRIED_PART = 200, 10
"""Pairs that are translated at a time, so that Ctrl-C leaves some."""

HURRY = 0.3
"""Seconds for the test after a Ctrl-C."""


@dataclass(frozen=True)
class Options:
    """What was asked for, checked."""

    data: str
    columns: tuple[str, str] | None
    recipe: Recipe
    test_size: float
    seed: int
    threads: int | None
    backend: str
    out: Path
    report: Path | None
    quiet: bool
    json: bool


def train_translator(data: str, given: Mapping[str, Any]) -> int:
    """Do the command; gives the exit code.

    Parameters
    ----------
    data : path of the pairs, or - for standard input.
    given : the options that were said, by key.
    """
    return _run(_options(data, given))


def _options(data: str, given: Mapping[str, Any]) -> Options:
    check_asked(given, KNOWN, "--task translate", INSTEAD)
    columns = given.get("source_column"), given.get("target_column")
    if (columns[0] is None) != (columns[1] is None):
        raise OptionError("expected both --source-column and --target-column, or none of them")
    share = given.get("test_size")
    values = {key: given[key] for key in PLAIN if given.get(key) is not None}
    values |= {name: given[key] for key, name in RENAMED.items() if given.get(key) is not None}
    name = "translator" if data == "-" else Path(data).name.split(".")[0]
    out, report = files_written(given, name)
    return Options(
        data=data,
        columns=None if columns[0] is None else (str(columns[0]), str(columns[1])),
        recipe=Recipe(**values),
        test_size=0.05 if share is None else float(share),
        seed=int(given.get("seed") or 0),
        threads=given.get("threads"),
        backend=choose("--backend", given.get("backend") or "native", backends.NAMES),
        out=out,
        report=report,
        quiet=bool(given.get("quiet")),
        json=bool(given.get("json")),
    )


def _run(options: Options) -> int:
    began = time.monotonic()
    pairs = read_pairs(options.data, *(options.columns or (None, None)))
    sources, targets = check_pairs(list(pairs.sources), list(pairs.targets))
    learn, test = divided(sources, targets, options.test_size, options.seed)
    more = remembered(options.test_size, options.seed, options.columns, test)
    with Screen(quiet=options.quiet or options.json) as screen:
        screen.field(
            "data",
            f"{len(sources):,} pairs; {len(learn[0]):,} to learn from, of which a tenth validates; "
            f"{len(test[0]):,} to test (never used before)",
        )
        progress: Progress | None = None

        def about(text: str) -> None:
            name, _, rest = text.partition(": ")
            screen.field(name, rest)

        def on_epoch(epoch: Any) -> None:
            if progress is not None:
                progress.epoch_ended(epoch)

        def on_quality(epoch: int, quality: Quality) -> None:
            screen.end_live()
            screen.line(
                f"{epoch:>8}  BLEU {quality.bleu:.1f}, chrF {quality.chrf:.1f} on "
                f"{quality.pairs} held-out pairs",
                "cyan",
            )

        # A tenth of what learns is held out, which this only counts epochs by.
        expected = options.recipe.for_pairs(max(round(0.9 * len(learn[0])), 1))
        progress = Progress(screen, expected.epochs or 1)
        watch = Watch(about, on_epoch, on_quality, progress.steps_done)
        with _warnings_noted(screen) as notes:
            fitted = fit(
                *learn, options.recipe, seed=options.seed, threads=options.threads,
                backend=options.backend, watch=_with_head(watch, progress),
            )  # fmt: skip
        progress.end()
        model, run = fitted.model, fitted.run
        quality, translations = None, list[str]()
        if test[0]:
            translations = _translated(model, test[0], hurry=run.stopped == "interrupted")
            test = test[0][: len(translations)], test[1][: len(translations)]
        if translations:
            quality = measure(translations, test[1])
            model.summary["test"] = quality.as_json()
        model.summary |= {"source": options.data, **more}
        model.save(options.out)
        if options.report is not None:
            from ..report.translation import write_translation_report

            with model_is_saved(options.out):
                write_translation_report(
                    options.report, model, test if test[0] else fitted.validation,
                    source=options.data, history=run.history,
                )  # fmt: skip
    if options.json:
        print_json(
            {
                "test": None if quality is None else quality.as_json(),
                "training_pairs": model.summary["pairs"],
                "validation_pairs": model.summary["validation_pairs"],
                "vocabulary": model.summary["vocabulary"],
                "tokens": [len(model.source), len(model.target)],
                "parameters": model.network.parameter_count,
                "epochs": len(run.history),
                "best_epoch": run.best_epoch,
                "stopped": run.stopped,
                "quality": model.summary["quality"],
                "notes": notes,
                "model": str(options.out),
                "seed": options.seed,
                "training_seconds": round(run.seconds, 3),
                "seconds": round(time.monotonic() - began, 3),
            }
        )
    else:
        _show_outcome(options, run, quality, test, translations)
    return INTERRUPTED if run.stopped == "interrupted" else 0


@contextmanager
def _warnings_noted(screen: Screen) -> Iterator[list[str]]:
    """Show the warnings of a fit as notes; gives them."""
    notes: list[str] = []

    def note(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        notes.append(str(message))
        screen.field("note", str(message))

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = note
        yield notes


def _translated(model: Any, sources: list[str], hurry: bool) -> list[str]:
    """Translations of the first texts: of all, unless Ctrl-C ends it or there is a hurry."""
    done: list[str] = []
    part = HURRIED_PART if hurry else PART
    began = time.monotonic()
    with suppress(KeyboardInterrupt):  # what was learned is saved in any case
        while len(done) < len(sources) and not (hurry and time.monotonic() - began > HURRY):
            done += model.translate(sources[len(done) : len(done) + part])
    return done


def _with_head(watch: Watch, progress: Progress) -> Watch:
    """The table of epochs begins when the first epoch does, below what is said before."""
    begun = False

    def steps_done(now: Any) -> None:
        nonlocal begun
        if not begun:
            progress.begin()
            begun = True
        progress.steps_done(now)

    return Watch(watch.about, watch.on_epoch, watch.on_quality, steps_done)


def _show_outcome(
    options: Options,
    run: Any,
    quality: Quality | None,
    test: tuple[list[str], list[str]],
    translations: list[str],
) -> None:
    with Screen(quiet=options.quiet) as screen:
        screen.line()
        for source, wanted, written in list(zip(*test, translations, strict=True))[:3]:
            screen.field("source", source)
            screen.field("translated", written)
            if wanted != written:
                screen.field("expected", wanted)
            screen.line()
    with Screen() as screen:
        if options.report is not None:
            screen.say(f"report written to {options.report}")
        if run.stopped == "interrupted":
            screen.say(what_is_kept(run), "yellow")
        if quality is not None:
            screen.say(
                f"test BLEU {quality.bleu:.1f}, chrF {quality.chrf:.1f}, exactly right "
                f"{quality.exact:.1%}, on {quality.pairs:,} pairs never used before",
                "bold green",
            )
        screen.say(f"model saved in {options.out}")
