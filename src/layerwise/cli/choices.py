"""Options that take one of a few names, or a list of numbers."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import OptionError, unknown


def choose(option: str, given: str, known: Iterable[str]) -> str:
    """The known name that was meant: case does not matter, and "-" is "_".

    Raises
    ------
    OptionError : no name fits; the message has all of them, and the nearest.
    """
    names = list(known)
    name = given.strip().lower().replace("-", "_")
    if name not in names:
        raise unknown(f"value of {option}:", given, names)
    return name


def layer_sizes(option: str, given: str) -> tuple[int, ...]:
    """The sizes in text such as 256,128; "none" gives none."""
    if given.strip().lower() in ("", "none"):
        return ()
    try:
        sizes = tuple(int(part) for part in given.split(","))
    except ValueError:
        sizes = (0,)
    if min(sizes) < 1:
        raise OptionError(
            f"{option}: expected sizes of layers such as 256,128, or none; got '{given}'"
        )
    return sizes


def between(
    option: str, given: float, low: float, high: float = float("inf"), *, open_high: bool = False
) -> None:
    """Raise `OptionError` unless low <= given <= high (or < high)."""
    if low <= given < high or (given == high and not open_high):
        return
    # More digits than usual, as the highest seed has ten.
    bound = f"from {low:g}" if high == float("inf") else f"from {low:g} to {high:.10g}"
    below = " (not included)" if open_high and high != float("inf") else ""
    raise OptionError(f"{option}: expected a number {bound}{below}; got {given:.10g}")


def check_fix(fix: bool, doctor: bool) -> None:
    """Raise `OptionError` for --fix together with --no-doctor."""
    if fix and not doctor:
        raise OptionError("--fix needs the doctor, whose remedies it tries: leave --no-doctor out")
