"""The command line: ``python -m benchmarks.tabular [fetch|sets|run|report|time] ...``."""

import argparse
import os
import sys
from pathlib import Path

import benchmarks.tabular
from benchmarks.tabular.datasets import DATASETS, GROUPS, index
from benchmarks.tabular.peers import FAST_PEERS, MODELS, OURS


def fetch(options) -> None:
    from benchmarks.tabular.fetch import fetch_all

    fetch_all()


def sets(options) -> None:
    from benchmarks.tabular.fetch import summary

    for name, described in index().items():
        print(summary(name, described))


def run(options) -> None:
    from benchmarks.tabular.run import run

    run(options)


def report(options) -> None:
    from benchmarks.tabular.report import report

    report(options)


def time(options) -> None:
    from benchmarks.tabular.timing import time_models

    time_models(options)


COMMANDS = {"run": run, "report": report, "time": time, "fetch": fetch, "sets": sets}


def whole_numbers(text: str) -> list[int]:
    """Read ``0-9`` or ``0,3,5-7``."""
    found = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found.extend(range(int(first), int(last or first) + 1))
    return found


def names_of_sets(names: list[str]) -> list[str]:
    """Replace the names of groups by their sets, each once."""
    return list(dict.fromkeys(name for given in names for name in GROUPS.get(given, [given])))


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.tabular",
        description=benchmarks.tabular.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("fetch", "sets"):
        commands.add_parser(name)
    measured = {name: commands.add_parser(name) for name in ("run", "report", "time")}
    for name, command in measured.items():
        command.add_argument(
            "--sets", nargs="+", metavar="SET", default=["ten"], help="names, ten, more or all"
        )
        if name != "time":
            command.add_argument(
                "--results", type=Path, default=Path("results.jsonl"), metavar="FILE"
            )
        if name != "report":
            command.add_argument(
                "--models", nargs="+", metavar="MODEL", default=[*FAST_PEERS, OURS]
            )
            command.add_argument("--threads", type=int, default=os.cpu_count())
            command.add_argument(
                "--limit", type=float, default=1800, help="seconds after which a fit is given up"
            )
            command.add_argument(
                "--log", type=Path, default=Path(os.devnull), help="where libraries print to"
            )
    measured["run"].add_argument("--seeds", type=whole_numbers, default="0-9", metavar="0-9")
    measured["run"].add_argument(
        "--seeds-of-large", type=int, default=3, help="seeds for sets above 10,000 rows"
    )
    measured["run"].add_argument(
        "--again", nargs="+", default=[], metavar="MODEL", help="models to measure once more"
    )
    measured["report"].add_argument("--model", default=OURS, help="the one that is compared")
    measured["time"].add_argument("--repeats", type=int, default=3, help="fits after the first")
    options = parser.parse_args(arguments)
    if options.command in measured:
        options.sets = names_of_sets(options.sets)
        models = [options.model] if options.command == "report" else options.models
        models = [*models, *getattr(options, "again", [])]
        for given, known in ((options.sets, DATASETS), (models, MODELS)):
            unknown = [name for name in given if name not in known]
            if unknown:
                parser.error(f"{', '.join(unknown)}: choose from {', '.join(known)}")
    return options


def main() -> None:
    arguments = sys.argv[1:]
    if not arguments or arguments[0] not in (*COMMANDS, "-h", "--help"):
        arguments = ["run", *arguments]
    options = parse_arguments(arguments)
    COMMANDS[options.command](options)


if __name__ == "__main__":
    main()
