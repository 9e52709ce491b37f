"""The results file: one JSON line for each measurement, the last one counting."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Key:
    """What a measurement is of."""

    set_name: str
    seed: int
    model: str


def append(path: Path, key: Key, measurement: dict) -> None:
    """Write one measurement at once, so that nothing is lost when the run is stopped."""
    line = {"set": key.set_name, "seed": key.seed, "model": key.model, **measurement}
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")


def read(path: Path) -> dict[Key, dict]:
    """Read every measurement, failures too; of those with the same key, the last."""
    if not path.exists():
        return {}
    found = {}
    for line in path.read_text().splitlines():
        measurement = json.loads(line)
        found[Key(measurement["set"], measurement["seed"], measurement["model"])] = measurement
    return found
