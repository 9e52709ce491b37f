"""Tokens in a second: in training beside PyTorch and JAX, in decoding beside PyTorch."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import layerwise as lw
from benchmarks.turns import OURS, ours, peers, show, take_turns
from layerwise.data.text import END, pad
from layerwise.training import Buckets
from layerwise.translation import Sizes, TranslationTransformer
from layerwise.translation.decoders import Decoders
from layerwise.translation.loss import token_loss
from layerwise.translation.sequences import Lengths, bucketed

from .asking import as_torch, ask_torch, told

TOKENS = 4000
"""Of the vocabulary."""

SMOOTHING = 0.1


def speed(given: Namespace) -> None:
    """Tokens in a second, in training and in decoding."""
    sizes = Sizes(
        TOKENS,
        TOKENS,
        given.features,
        4,
        given.layers,
        4 * given.features,
        given.dropout,
        True,
        128,
    )
    draw = np.random.default_rng(0)
    length, size = given.length, given.batch

    def sentences(count: int) -> list[list[int]]:
        return [[*draw.integers(4, TOKENS, length - 1).tolist(), END] for _ in range(count)]

    sources, targets = sentences(size * given.steps), sentences(size * given.steps)
    rows = bucketed(sources, targets, [Lengths(length, length)])
    ((source, before), after, _) = rows.parts[0]
    with lw.nn.seed(0):
        net = TranslationTransformer(sizes)
    setup = {
        "sizes": sizes._asdict(), "parts": 1, "seed": 0, "smoothing": SMOOTHING, "clip": given.clip,
        "batch_size": size, "repeats": given.repeats, "longest": given.decode_length,
        "beams": [1, 4], "counts": [1, 64], "alpha": 0.6, "threads": given.threads,
    }  # fmt: skip
    test = sentences(64)
    arrays = {
        "source0": source, "before0": before, "after0": after, "test_source": pad(test),
        **{f"w:{name}": value for name, value in as_torch(net).items()},
    }  # fmt: skip
    if "train" in given.what:
        train_in_turns(given, net, rows, setup, arrays)
    if "decode" in given.what:
        decode(given, sizes, test, setup, arrays)


def train_in_turns(
    given: Namespace,
    net: TranslationTransformer,
    rows: Buckets,
    setup: dict[str, Any],
    arrays: dict[str, Any],
) -> None:
    """Training of the same network from the same weights on the same rows."""

    def train(on_epoch: Callable[[Any], None]) -> Any:
        return lw.train(
            net, rows, loss=token_loss(SMOOTHING), epochs=given.repeats + 1,
            optimizer=lw.optim.Adam(betas=(0.9, 0.98), epsilon=1e-9), batch_size=given.batch,
            clip_norm=given.clip, threads=given.threads, on_epoch=on_epoch, probes=False,
        )  # fmt: skip

    modules = {
        "PyTorch": "benchmarks.translation.peer_torch", "JAX": "benchmarks.translation.peer_jax",
    }  # fmt: skip
    with (
        told(setup, arrays) as folder,
        peers(
            given.peer_python, modules, [folder, "speed"], given.threads, given.repeats
        ) as contenders,
    ):
        contenders[OURS] = partial(ours, train)
        found = take_turns(contenders, given.turns)
    print("training:")
    show(found, tokens=given.batch * given.steps * given.length)


def decode(
    given: Namespace,
    sizes: Sizes,
    test: list[list[int]],
    setup: dict[str, Any],
    arrays: dict[str, Any],
) -> None:
    """Greedy and beam search, of one sentence and of many."""
    with lw.nn.seed(0):
        net = TranslationTransformer(sizes)
    if given.peer_python:
        for name, speeds in ask_torch(given.peer_python, "decode", setup, arrays).items():
            _show(f"decode, PyTorch, {name}", speeds)
    decoders = Decoders(net, threads=given.threads)
    for beam in (1, 4):
        for count in (1, 64):
            part, limits, speeds = test[:count], [given.decode_length] * count, []
            for turn in range(given.repeats + 1):
                began = time.perf_counter()
                written = decoders.translate(part, limits, beam, 0.6)
                seconds = time.perf_counter() - began
                if turn:
                    speeds.append(
                        sum(min(len(r) + 1, given.decode_length) for r in written) / seconds
                    )
            _show(f"decode, layerwise, beam {beam}, {count} sentences", speeds)


def _show(name: str, speeds: list[float]) -> None:
    print(f"{name}: {np.median(speeds):,.0f} tokens/s (best {max(speeds):,.0f})", flush=True)
