"""The command `layerwise`: its exit codes. The commands are put together in `cli.app`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from .errors import BEFORE_TRAINING, INTERRUPTED, STOPPED, Ended, Failure


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit code.

    0: done. 1: could not be done. 2: the command line or the data was wrong. 130: stopped with
    Ctrl-C.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        # Imported here, so that a Ctrl-C is answered while it is, and what it needs.
        from .interrupts import interrupts_kept

        with interrupts_kept():
            return _run(given)
    except KeyboardInterrupt:  # before a command began
        return _complain(BEFORE_TRAINING if given[:1] == ["train"] else STOPPED, INTERRUPTED)


def _run(given: list[str]) -> int:
    import typer

    from .app import app
    from .interrupts import came_within_import

    try:
        # Called itself, an app puts its own hook for tracebacks in the place of ours.
        result: Any = typer.main.get_command(app)(
            args=_with_report_named(given),
            prog_name="layerwise",
            standalone_mode=False,
        )
        if result == INTERRUPTED and not isinstance(result, Ended):
            raise KeyboardInterrupt  # which the parser of options has made an exit code of
        return result if isinstance(result, int) else 0
    except Failure as failure:
        return _complain(str(failure), failure.exit_code)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except Exception as error:
        if came_within_import():
            raise KeyboardInterrupt from None
        if hasattr(error, "format_message") and hasattr(error, "show"):
            error.show()  # typer's own: usage, the mistake, and where the help is
            return int(getattr(error, "exit_code", 2))
        # The library's errors cost an import of NumPy, so they are looked at only when one came.
        from ..errors import DataError, ModelFileError, OptionError, TrainingDiverged

        if isinstance(error, OptionError | DataError):
            return _complain(str(error), 2)
        if isinstance(error, ModelFileError | TrainingDiverged):
            return _complain(str(error), 1)
        raise


def _with_report_named(arguments: list[str]) -> list[str]:
    """The arguments, with --report as ``--report=`` where no page is named after it.

    The file may be left out, which the parser of options does not know.
    """
    found = list(arguments)
    if found[:1] != ["train"]:
        return found
    for place, argument in enumerate(found):
        following = found[place + 1] if place + 1 < len(found) else ""
        if argument == "--report" and not following.lower().endswith((".html", ".htm")):
            found[place] = "--report="
    return found


def _complain(message: str, code: int) -> int:
    print(f"layerwise: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
