"""Let layerwise and gensim learn from one text in turns, and measure both by the same code.

Similarity is Spearman's correlation with people's judgements (WordSim-353, SimLex-999), analogies
are Google's questions; gensim's package carries all three.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import layerwise as lw

HERE = Path(__file__).parent


def run(python: str, script: str, options: dict) -> dict:
    """What one contender tells, in a process of its own."""
    done = subprocess.run(
        [python, str(HERE / script), json.dumps(options)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def arguments() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.words", description=__doc__)
    parser.add_argument("text", help="one sentence on a line, words divided by spaces")
    parser.add_argument("--gensim", required=True, help="a Python that has gensim 4")
    parser.add_argument("--method", choices=lw.words.METHODS, default="skipgram")
    parser.add_argument("--size", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--repeats", type=int, default=1, help="trainings of each, seeds 0, 1, ...")
    return parser.parse_args()


def main() -> None:
    """Run both in turns and print a table."""
    given = arguments()
    contenders = {
        "gensim": (given.gensim, "peer_gensim.py"),
        "layerwise": (sys.executable, "ours.py"),
    }
    told: dict[str, list[dict]] = {name: [] for name in contenders}
    measured: dict[str, list[list[float]]] = {name: [] for name in contenders}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(given.repeats):
            for name, (python, script) in contenders.items():
                options = {key: value for key, value in vars(given).items() if key != "gensim"}
                options |= {"seed": seed, "vectors": f"{folder}/{name}.bin"}
                found = run(python, script, options)
                told[name].append(found)
                files = told["gensim"][0]
                vectors = lw.words.load(found["vectors"])
                pairs = [vectors.evaluate_similarity(path).spearman for path in files["pairs"]]
                right = vectors.evaluate_analogies(files["questions"]).accuracy
                measured[name].append([*pairs, right])
    print(
        f"{given.method}, size {given.size}, {given.epochs} epochs, {given.threads} threads, "
        f"{len(vectors):,} words; gensim {told['gensim'][0]['version']}"
    )
    print(f"{'':10} {'words/s':>10} {'before, s':>10} {'wordsim':>8} {'simlex':>8} {'analogy':>8}")
    for name, results in told.items():
        speed = statistics.median(r["words per second"] for r in results)
        before = statistics.median(r["seconds before"] for r in results)
        quality = [statistics.mean(column) for column in zip(*measured[name], strict=True)]
        shown = " ".join(f"{value:8.3f}" for value in quality)
        print(f"{name:10} {speed:10,.0f} {before:10.1f} {shown}")


if __name__ == "__main__":
    main()
