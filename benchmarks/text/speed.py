"""Training tokens per second of one network: ours, PyTorch's and JAX's, in turns of one run.

The network: vectors of words, their masked mean, a hidden layer, classes. Adam, the same batches.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.text.datasets import divided

LENGTH, HIDDEN, BATCH = 64, 64, 32
PEERS = ("torch-dense", "torch-sparse", "jax")


def prepare(path: Path) -> dict[str, int]:
    """Write the buckets of the reviews to a file: rows, classes; gives what they are."""
    from layerwise.data.text import Vocabulary, WordTokenizer, buckets

    texts, labels, _, _ = divided("reviews", 0)
    tokens = WordTokenizer(lowercase=True).split_all(texts)
    vocabulary = Vocabulary.build(tokens)
    numbers = [[vocabulary.number(word) for word in each] for each in tokens]
    classes = np.unique(labels, return_inverse=True)[1].astype(np.int32)
    arrays = {}
    for place, bucket in enumerate(buckets(numbers, 512)):
        arrays[f"x{place}"], arrays[f"y{place}"] = bucket.numbers, classes[bucket.rows]
    np.savez(path, **arrays)
    count = sum(int((a != 0).sum()) for name, a in arrays.items() if name[0] == "x")
    return {"words": len(vocabulary), "tokens": count}


def measure_ours(path: Path, words: int, epochs: int, threads: int) -> list[float]:
    """Seconds of each epoch after the first."""
    import layerwise as lw
    from layerwise import nn
    from layerwise.graph import equal

    class Net(nn.Module):
        def __init__(self) -> None:
            self.table = nn.Embedding(words, LENGTH, padding_idx=0)
            self.mean = nn.MaskedMean()
            self.behind = nn.Sequential(nn.Linear(LENGTH, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 2))

        def forward(self, x):
            return self.behind(self.mean(self.table(x), equal(x, 0)))

    data = np.load(path)
    parts = [(data[f"x{i}"], data[f"y{i}"]) for i in range(len(data.files) // 2)]
    run = lw.train(
        Net(), lw.Buckets(parts), loss="cross_entropy", epochs=epochs + 1, batch_size=BATCH,
        threads=threads, probes=False,
    )  # fmt: skip
    return [epoch.seconds for epoch in run.history[1:]]


def speed(peer_python: str, epochs: int, rounds: int, threads: int) -> None:
    """Take turns, and print the best epoch of each."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.npz"
        about = prepare(path)
        print(
            f"{about['tokens']:,} tokens of {about['words']:,} words an epoch, batches of {BATCH}"
        )
        script = Path(__file__).with_name("peer_speed.py")
        for _ in range(rounds):
            mine = [sys.executable, "-c", OURS, str(path), str(about["words"]), str(epochs),
                    str(threads)]  # fmt: skip
            found.setdefault("layerwise", []).extend(_seconds(mine))
            for name in PEERS:
                theirs = [peer_python, str(script), name, str(path), str(about["words"]),
                          str(epochs), str(threads)]  # fmt: skip
                found.setdefault(name, []).extend(_seconds(theirs))
    best = {name: about["tokens"] / min(times) for name, times in found.items()}
    middle = {name: about["tokens"] / np.median(times) for name, times in found.items()}
    for name, rate in best.items():
        print(f"  {name:<14} {rate / 1e6:7.3f} M tokens/s best, {middle[name] / 1e6:7.3f} median")
    for title, rates in (("best", best), ("median", middle)):
        fastest = max(PEERS, key=lambda name: rates[name])
        print(f"  {title}: {rates['layerwise'] / rates[fastest]:.2f} times {fastest}")


OURS = (
    "import json, sys; from pathlib import Path; from benchmarks.text.speed import measure_ours; "
    "print(json.dumps(measure_ours(Path(sys.argv[1]), *map(int, sys.argv[2:]))))"
)


def _seconds(command: list[str]) -> list[float]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[:3]} failed:\n{done.stderr[-2000:]}")
    return [float(each) for each in json.loads(done.stdout.strip().splitlines()[-1])]
