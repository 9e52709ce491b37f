"""`import layerwise` must cost no more than what it stands on: NumPy and llvmlite."""

import statistics
import subprocess
import sys

LIMIT = 1.3
REPEATS = 21

TIMED = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"


def seconds(modules: str) -> float:
    """Time of an import in a process of its own."""
    return float(subprocess.check_output([sys.executable, "-c", TIMED.format(modules)]))


# Interleaved, so that other work on the machine slows both alike; the first pair warms the disk.
pairs = [(seconds("layerwise"), seconds("numpy, llvmlite.binding")) for _ in range(REPEATS)][1:]
ours, base = (statistics.median(column) for column in zip(*pairs, strict=True))
print(f"import layerwise: {ours:.3f} s, numpy and llvmlite: {base:.3f} s, ratio {ours / base:.2f}")
if ours / base > LIMIT:
    sys.exit(f"the import must stay under {LIMIT} times; `python -X importtime` shows what costs")
