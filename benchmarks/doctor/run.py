"""Make the suite's records: each fault and half until enough runs of it are harmful."""

import traceback
from collections import deque
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass, field
from itertools import islice

from benchmarks.doctor import faults, storage
from benchmarks.doctor.experiment import train
from benchmarks.doctor.pairs import Key, case_of, experiment_of, make
from benchmarks.doctor.workers import pool

HALVES = ("tuning", "scoring")
CHUNK = 4
"""Records that a process makes before the next decision about a fault."""


@dataclass
class Line:
    """The draws of one fault in one half, in order, until there are enough.

    Attributes
    ----------
    wanted
        Runs that count, harmful ones or healthy ones.
    limit
        Draws, at most.
    """

    fault: str
    half: str
    wanted: int
    limit: int
    done: set[int] = field(default_factory=set)
    counting: int = 0

    def note(self, record: dict) -> None:
        """Take note of a record that was made."""
        self.done.add(record["number"])
        self.counting += counts(record)

    def next(self) -> list[Key]:
        """Draws to make now; none when there are enough, or the limit is reached."""
        if self.counting >= self.wanted:
            return []
        missing = (n for n in range(self.limit) if n not in self.done)
        few = min(CHUNK, self.wanted - self.counting)
        return [Key(self.fault, self.half, number) for number in islice(missing, few)]


def counts(record: dict) -> bool:
    """Whether a record is one of those that the suite is about."""
    if "error" in record:
        return False
    if record["fault"] == faults.HEALTHY:
        return record["healthy"]
    return record["harmful"] or faults.of(record["fault"], record["strength"]).counts_always


def make_all(keys: list[Key], keep_pair: bool) -> list[dict]:
    """The records of some keys, in a process of the pool; a failure is a record too."""
    found = []
    for key in keys:
        try:
            found.append(make(key, keep_pair))
        except Exception:
            found.append({**key._asdict(), "error": traceback.format_exc()})
    return found


def run(options) -> None:
    """Make what is not in the file yet; `options` are those of the command line."""
    lines = {
        (fault, half): Line(
            fault, half, options.healthy if fault == faults.HEALTHY else options.wanted,
            options.healthy * 2 if fault == faults.HEALTHY else options.limit,
        )
        for half in options.half
        for fault in options.faults
    }  # fmt: skip
    for record in storage.read(options.out):
        line = lines.get((record["fault"], record["half"]))
        if line is not None:
            line.note(record)
    waiting, running = deque(lines.values()), {}
    with pool(options.jobs) as workers:
        while waiting or running:
            while waiting and len(running) < options.jobs:
                line = waiting.popleft()
                keys = line.next()
                if keys:
                    running[workers.submit(make_all, keys, options.pairs)] = line
                else:
                    print(summary(line), flush=True)
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                line = running.pop(future)
                for record in future.result():
                    storage.append(options.out, record)
                    line.note(record)
                    if "error" in record:
                        print(f"{storage.key_of(record)}\n{record['error']}", flush=True)
                waiting.appendleft(line)


def refresh(options) -> None:
    """Make the cases of the records that count anew, into another file; harm stays as it was.

    For a change of what a case holds: only one training of a pair is repeated, and no reference.
    """
    done = {storage.key_of(record) for record in storage.read(options.into)}
    records = (
        record
        for record in storage.read(options.out)
        if record["fault"] in options.faults
        and record["half"] in options.half
        and storage.key_of(record) not in done
    )
    with pool(options.jobs) as workers:
        while batch := list(islice(records, 200)):
            for record in batch:
                record.pop("pair_case", None)
            keys = [storage.key_of(r) if "error" not in r and counts(r) else None for r in batch]
            for record, case in zip(batch, workers.map(case_again, keys, chunksize=5), strict=True):
                storage.append(options.into, record | {"case": case})


def case_again(key: Key | None) -> dict | None:
    """The case of a record, as the doctor reads it today; None for none."""
    return None if key is None else case_of(train(experiment_of(key)))


def summary(line: Line) -> str:
    what = "healthy" if line.fault == faults.HEALTHY else "harmful"
    return f"{line.fault:24} {line.half:8} {line.counting:4} {what} of {len(line.done)}"
