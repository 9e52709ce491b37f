"""Pictures in a second that the small vision transformer trains on, beside PyTorch and JAX."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import layerwise as lw
from benchmarks.turns import OURS, ours, peers, show, take_turns
from layerwise.backends.native.team import available_cores
from layerwise.pictures.networks import PictureTransformer, patch_size
from layerwise.pictures.recipe import PictureRecipe

SIDE, CLASSES = 28, 10


def made(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures float32 (count, 1, 28, 28), each its class's with as much noise, and int32 classes.

    How quick a step is does not depend on what the pictures show.
    """
    draw = np.random.default_rng(0)
    classes = draw.integers(0, CLASSES, count).astype(np.int32)
    known = draw.normal(size=(CLASSES, 1, SIDE, SIDE))
    noise = draw.normal(size=(count, 1, SIDE, SIDE))
    return ((known[classes] + noise) / 2**0.5).astype(np.float32), classes


def main(arguments: list[str]) -> int:
    """Measure and print; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.pictures speed", description=__doc__
    )
    parser.add_argument("--peer", help="an interpreter with PyTorch and JAX")
    parser.add_argument("--threads", type=int, default=available_cores())
    parser.add_argument("--steps", type=int, default=40, help="of an epoch")
    parser.add_argument("--repeats", type=int, default=3, help="timed epochs of a turn")
    parser.add_argument("--turns", type=int, default=3, help="of each contender")
    parser.add_argument("--dropout", type=float, default=0.1)
    options = parser.parse_args(arguments)
    recipe = PictureRecipe("attention")
    # The batch is that of a training set of usual size, however few are made here.
    batch, patch = recipe.batch_size_for(60_000), patch_size((SIDE, SIDE))
    x, y = made(batch * options.steps)
    with lw.nn.seed(0):
        net = PictureTransformer((1, SIDE, SIDE), CLASSES, patch, dropout=options.dropout)
    told = {
        "architecture": "attention", "classes": CLASSES, "patch": patch, "batch": batch,
        "dropout": options.dropout, "rate": recipe.pace.learning_rate,
        "decay": recipe.pace.weight_decay, "threads": options.threads, "seed": 0,
    }  # fmt: skip

    def train(on_epoch: Callable[[Any], None]) -> Any:
        return lw.train(
            net, (x, y), loss="cross_entropy", epochs=options.repeats + 1, batch_size=batch,
            optimizer=lw.optim.AdamW(told["rate"], weight_decay=told["decay"]),
            clip_norm=recipe.clip_norm, threads=options.threads, on_epoch=on_epoch, probes=False,
        )  # fmt: skip

    modules = {"PyTorch": "benchmarks.pictures.peer", "JAX": "benchmarks.pictures.peer_jax"}
    with tempfile.TemporaryDirectory() as folder:
        rows, settings = Path(folder, "rows.npz"), Path(folder, "options.json")
        np.savez(rows, x=x, y=y, **{f"w:{name}": v for name, v in net.state_dict().items()})
        settings.write_text(json.dumps(told))
        given = [str(rows), str(settings), "speed"]
        with peers(options.peer, modules, given, options.threads, options.repeats) as contenders:
            contenders[OURS] = partial(ours, train)
            found = take_turns(contenders, options.turns)
    tokens = net.patches.tokens
    print(f"{tokens} tokens a picture, batches of {batch}, {options.threads} threads")
    show(found, tokens=len(x) * tokens, pictures=len(x))
    return 0
