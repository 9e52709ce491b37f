"""What a user waits for before the first step: compiling, importing, and the whole first command.

``python -m benchmarks.startup`` prints, for cases A to F of `benchmarks.step_time`, the time of
compiling the training program with an empty cache and with a full one (each in a fresh process),
the import time as a ratio to that of numpy and llvmlite, and the time of ``layerwise train digits``
beside that of ``import torch``, if torch is installed.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

COMPILE = """
import sys, time
import llvmlite.binding
import layerwise as lw
from layerwise import backends
from layerwise.compiler import Program
from layerwise.graph import value_and_gradients
from layerwise.nn import Trace
from layerwise.nn.losses import batch_loss
from benchmarks.step_time.cases import CASES
from benchmarks.step_time.ours import build_network
case = CASES[sys.argv[1]]
data, targets = case.data()
network = build_network(case)
x = lw.input("x", (lw.batch, *data.shape[1:]))
kind = "float32" if targets.dtype.kind == "f" else "int32"
y = lw.input("y", (lw.batch, *targets.shape[1:]), kind)
rate = lw.input("learning_rate", ())
output = network.trace_forward(Trace(training=True), x)
parameters = [p.tensor for p in network.parameters()]
loss, gradients = value_and_gradients(batch_loss(case.loss, output, y), parameters)
step = lw.optim.Adam().step(parameters, gradients, rate)
program = Program({"loss": loss}, step.updates)
native = backends.get("native")
began = time.perf_counter()
native.compile(program)
print(1e3 * (time.perf_counter() - began))
"""

REPEATS = 7


def run(*command: str, **environment: str) -> tuple[float, str]:
    """Seconds that a process takes as a whole, and what it prints."""
    began = time.perf_counter()
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return time.perf_counter() - began, done.stdout


def compile_times() -> None:
    """Cold and warm compile times of the small cases."""
    print("milliseconds to compile a training step (medians)")
    print("case   empty cache   full cache")
    for letter in "ABCDEF":
        cold, warm = [], []
        for _ in range(REPEATS):
            with tempfile.TemporaryDirectory() as cache:
                for found in (cold, warm):
                    _, out = run(sys.executable, "-c", COMPILE, letter, LAYERWISE_CACHE_DIR=cache)
                    found.append(float(out))
        print(f"{letter:4}  {statistics.median(cold):11.0f}  {statistics.median(warm):11.1f}")


def whole_processes() -> None:
    """Imports and the first command."""
    code = {
        "import numpy, llvmlite.binding": [sys.executable, "-c", "import numpy, llvmlite.binding"],
        "import layerwise": [sys.executable, "-c", "import layerwise"],
        "layerwise train digits": [
            sys.executable, "-m", "layerwise", "train", "digits", "--quiet", "--out",
            tempfile.mktemp(suffix=".safetensors"),
        ],
        "import torch": [sys.executable, "-c", "import torch"],
    }  # fmt: skip
    times: dict[str, list[float]] = {name: [] for name in code}
    for _ in range(REPEATS):
        for name, command in code.items():
            try:
                times[name].append(run(*command)[0])
            except subprocess.CalledProcessError:
                times[name].append(float("nan"))
    print("\nseconds for a whole process (medians)")
    for name, found in times.items():
        print(f"{name:32} {statistics.median(found):6.3f}")


if __name__ == "__main__":
    compile_times()
    whole_processes()
