"""``python -m benchmarks.pictures fashion|digits``: accuracy and seconds, beside PyTorch.

    python -m benchmarks.pictures fashion --architecture convolution --peer ~/torch/bin/python
    python -m benchmarks.pictures speed --peer ~/torch/bin/python

Without ``--peer``, an interpreter that has PyTorch, only layerwise is measured. Both train the same
network with the same recipe for the same epochs on the same rows, one after the other. ``speed`` is
how many pictures the small vision transformer trains on in a second, in turns with PyTorch and JAX;
its options are its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.turns import ROOT
from layerwise import ImageClassifier
from layerwise.backends.native.team import available_cores
from layerwise.data.pictures import PictureKind, as_pictures
from layerwise.estimators.picture_options import recipe_of
from layerwise.pictures import ARCHITECTURES
from layerwise.pictures.networks import patch_size

from . import speed
from .data import SETS, Division


def main() -> int:
    """Measure and print; gives the exit code."""
    if sys.argv[1:2] == ["speed"]:
        return speed.main(sys.argv[2:])
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pictures", description=__doc__)
    parser.add_argument("set", choices=sorted(SETS))
    parser.add_argument("--architecture", choices=ARCHITECTURES, action="append")
    parser.add_argument("--data", type=Path, help="where the pictures are")
    parser.add_argument("--peer", help="an interpreter with PyTorch")
    parser.add_argument("--epochs", type=int, help="those of the recipe when unsaid")
    parser.add_argument("--threads", type=int, default=available_cores())
    parser.add_argument("--divisions", type=int, default=5, help="of the digits, at most")
    parser.add_argument("--rows", type=int, help="train on so many pictures only")
    parser.add_argument("--out", type=Path, help="a file of JSON lines, to add to")
    options = parser.parse_args()
    divisions = SETS[options.set](options.data)[: options.divisions]
    for architecture in options.architecture or ARCHITECTURES:
        results = []
        for number, division in enumerate(divisions):
            if options.rows is not None:
                division = Division(
                    division.pictures[: options.rows], division.labels[: options.rows],
                    *division[2:],
                )  # fmt: skip
            found = {"set": options.set, "architecture": architecture, "division": number}
            found |= measure(division, architecture, options)
            results.append(found)
            print(json.dumps(found), flush=True)
            if options.out is not None:
                with open(options.out, "a", encoding="utf-8") as file:
                    file.write(json.dumps(found) + "\n")
        ours = np.mean([r["accuracy"] for r in results])
        line = f"{options.set}, {architecture}: accuracy {ours:.2%}"
        if options.peer:
            line += f", PyTorch {np.mean([r['peer']['accuracy'] for r in results]):.2%}"
        print(line, file=sys.stderr)
    return 0


def measure(division: Division, architecture: str, options: Any) -> dict[str, Any]:
    """One training of each, on the same rows."""
    extra = {} if options.epochs is None else {"epochs": options.epochs}
    classifier = ImageClassifier(
        architecture, random_state=0, n_jobs=options.threads, validation_fraction=0.0,
        probes=False, **extra,
    )  # fmt: skip
    began = time.perf_counter()
    classifier.fit(division.pictures, division.labels)
    seconds = time.perf_counter() - began
    accuracy = classifier.score(division.test_pictures, division.test_labels)
    found: dict[str, Any] = {
        "accuracy": accuracy,
        "seconds": round(seconds, 2),
        "epochs": len(classifier.history_),
        "parameters": classifier.n_parameters_,
        "threads": options.threads,
    }
    if options.peer:
        found["peer"] = peer(division, classifier, options)
    return found


def peer(division: Division, classifier: ImageClassifier, options: Any) -> dict[str, Any]:
    """The same in PyTorch, in a process of its own."""
    recipe = recipe_of(classifier)
    rows = len(division.labels)
    kind: PictureKind = classifier.kind_
    x = as_pictures(division.pictures).astype(np.float32)
    mean, deviation = float(x.mean()), float(x.std())
    defaults = {"convolution": 0.25, "attention": 0.1, "dense": 0.3}
    told = {
        "architecture": recipe.architecture,
        "classes": len(classifier.classes_),
        "patch": patch_size(kind.size),
        "dropout": defaults[recipe.architecture],
        "rate": recipe.pace.learning_rate,
        "decay": recipe.pace.weight_decay,
        "epochs": len(classifier.history_),
        "batch": recipe.batch_size_for(rows),
        "shift": recipe.augmentation_for(kind).shift,
        "threads": options.threads,
        "seed": 0,
    }
    with tempfile.TemporaryDirectory() as folder:
        arrays, settings = Path(folder) / "rows.npz", Path(folder) / "options.json"
        test = (as_pictures(division.test_pictures) - np.float32(mean)) / np.float32(deviation)
        np.savez(
            arrays, x=(x - mean) / deviation, y=division.labels,
            x_test=test.astype(np.float32), y_test=division.test_labels,
        )  # fmt: skip
        settings.write_text(json.dumps(told))
        done = subprocess.run(
            [options.peer, "-m", "benchmarks.pictures.peer", str(arrays), str(settings), "train"],
            capture_output=True, text=True, check=True, cwd=ROOT,
        )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


if __name__ == "__main__":
    sys.exit(main())
