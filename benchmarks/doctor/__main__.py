"""The command line: ``python -m benchmarks.doctor [run|refresh|count|score|show] ...``."""

import argparse
from pathlib import Path

import benchmarks.doctor
from benchmarks.doctor.datasets import check_tables
from benchmarks.doctor.faults import FAULTS, HEALTHY
from benchmarks.doctor.run import HALVES

COMMANDS = ("run", "refresh", "count", "score", "show")


def names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def numbers(text: str) -> list[int]:
    return [int(number) for number in names(text)]


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.doctor",
        description=benchmarks.doctor.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    known = [*FAULTS, HEALTHY]
    made = {name: commands.add_parser(name) for name in COMMANDS}
    for command in made.values():
        command.add_argument("--out", type=Path, default=Path("suite.jsonl.gz"), metavar="FILE")
        command.add_argument("--faults", type=names, default=known, metavar="A,B")
        command.add_argument("--half", type=names, default=list(HALVES), metavar="tuning,scoring")
    made["run"].add_argument("--jobs", type=int, default=2, help="processes")
    made["run"].add_argument("--wanted", type=int, default=30, help="harmful runs, fault and half")
    made["run"].add_argument("--limit", type=int, default=120, help="draws at most, of each fault")
    made["run"].add_argument("--healthy", type=int, default=200, help="healthy runs of each half")
    made["run"].add_argument("--pairs", action="store_true", help="keep healthy pairs' cases too")
    made["refresh"].add_argument("--into", type=Path, required=True, metavar="FILE")
    made["refresh"].add_argument("--jobs", type=int, default=2, help="processes")
    made["show"].add_argument("--limit", type=int, default=10, help="runs to print")
    made["show"].add_argument("--wrong", action="store_true", help="only those judged wrongly")
    made["show"].add_argument("--numbers", type=numbers, default=[], metavar="0,5")
    made["show"].add_argument("--full", action="store_true", help="with the curves")
    made["score"].add_argument(
        "--trials", type=Path, default=None, metavar="FILE",
        help="try the remedies as the doctor does, and keep there what that shows",
    )  # fmt: skip
    made["score"].add_argument("--jobs", type=int, default=2, help="processes, for trials")
    options = parser.parse_args(arguments)
    for given, allowed in ((options.faults, known), (options.half, HALVES)):
        unknown = [name for name in given if name not in allowed]
        if unknown:
            parser.error(f"{', '.join(unknown)}: choose from {', '.join(allowed)}")
    return options


def main(arguments: list[str] | None = None) -> None:
    options = parse_arguments(arguments)
    if options.command in ("run", "refresh") or getattr(options, "trials", None) is not None:
        check_tables()
    if options.command == "run":
        from benchmarks.doctor.run import run as command
    elif options.command == "refresh":
        from benchmarks.doctor.run import refresh as command
    elif options.command == "count":
        from benchmarks.doctor.count import count as command
    elif options.command == "score":
        from benchmarks.doctor.report import report as command
    else:
        from benchmarks.doctor.show import show as command
    command(options)


if __name__ == "__main__":
    main()
