"""All faults that the suite puts in, by name; one name may have several ways to come about."""

from benchmarks.doctor.faults import of_inputs, of_networks, of_targets, of_training, of_weights
from benchmarks.doctor.faults.fault import Fault

HEALTHY = "healthy"

FAULTS: dict[str, list[Fault]] = {}
for _fault in (
    *of_inputs.FAULTS,
    *of_targets.FAULTS,
    *of_networks.FAULTS,
    *of_weights.FAULTS,
    *of_training.FAULTS,
):
    FAULTS.setdefault(_fault.name, []).append(_fault)


def variant(name: str, number: int) -> tuple[Fault, str]:
    """The way and the strength of the so-and-so-many-th draw: all of them take turns."""
    ways = [(fault, strength) for fault in FAULTS[name] for strength in fault.strengths]
    return ways[number % len(ways)]


def of(name: str, strength: str) -> Fault:
    """The way of a fault that has a strength (the first of them)."""
    found = next((fault for fault in FAULTS[name] if strength in fault.strengths), None)
    if found is None:
        known = ", ".join(s for fault in FAULTS[name] for s in fault.strengths)
        raise KeyError(f"{name}: no strength '{strength}' among {known}; is the file an old one?")
    return found


__all__ = ["FAULTS", "HEALTHY", "Fault", "of", "variant"]
