"""The suite's file: gzipped JSON lines, one record each, written as soon as it is made."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks.doctor.pairs import Key


def append(path: Path, record: dict) -> None:
    """Add a record, as a member of its own: what is there stays readable if writing stops."""
    line = json.dumps(record, separators=(",", ":")) + "\n"
    with path.open("ab") as file:
        file.write(gzip.compress(line.encode(), 6))


def read(path: Path) -> Iterator[dict]:
    """All records, but a last one that was cut off; none if there is no file."""
    if not path.exists():
        return
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        try:
            for line in lines:
                yield json.loads(line)
        except (EOFError, json.JSONDecodeError):
            return


def key_of(record: dict) -> Key:
    return Key(record["fault"], record["half"], record["number"])
