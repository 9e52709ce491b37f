"""How many draws of each fault and strength are harmful, and how many healthy runs are."""

from collections import Counter, defaultdict

from benchmarks.doctor import faults, storage
from benchmarks.doctor.run import counts


def count(options) -> None:
    """Print it; `options` are those of the command line."""
    drawn, counting, diverged = Counter(), Counter(), Counter()
    seconds: dict[tuple, float] = defaultdict(float)
    for record in storage.read(options.out):
        if record["fault"] not in options.faults or record["half"] not in options.half:
            continue
        for place in ((record["fault"], ""), (record["fault"], record.get("strength", "-"))):
            place = (*place, record["half"])
            drawn[place] += 1
            counting[place] += counts(record)
            diverged[place] += bool(record.get("diverged"))
            seconds[place] += record.get("seconds", 0.0)
    print(f"{'':40} {'half':8} {'drawn':>6} {'count':>6} {'diverged':>8} {'seconds':>8}")
    order = {name: number for number, name in enumerate((*faults.FAULTS, faults.HEALTHY))}
    for place in sorted(drawn, key=lambda p: (order[p[0]], p[1], p[2])):
        name = place[0] if not place[1] else f"    {place[1]}"
        print(
            f"{name:40} {place[2]:8} {drawn[place]:6} {counting[place]:6} {diverged[place]:8} "
            f"{seconds[place]:8.1f}"
        )
