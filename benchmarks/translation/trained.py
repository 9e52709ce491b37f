"""How fast a trained model translates real sentences, beside its own weights in PyTorch."""

from __future__ import annotations

import time
from argparse import Namespace
from pathlib import Path

import numpy as np

from layerwise.data.text import END, pad, read_pairs
from layerwise.translation import measure
from layerwise.translation.file import load
from layerwise.translation.texts import check_pairs, hold_out

from .asking import as_torch, ask_torch

Texts = list[str]

BEAMS = (1, 4)

LONGEST = 96
"""Tokens of a translation of a message at most."""


def divided(path: Path) -> tuple[tuple[Texts, Texts], tuple[Texts, Texts]]:
    """The pairs of a file to learn from, and those to test with: sources and targets of each."""
    pairs = read_pairs(path)
    left, right = check_pairs(list(pairs.sources), list(pairs.targets))
    rows, kept = hold_out(left, 0.05, 1)
    return (
        ([left[i] for i in rows], [right[i] for i in rows]),
        ([left[i] for i in kept], [right[i] for i in kept]),
    )


def translate(given: Namespace) -> None:
    """Test pairs translated by a model that `messages` saved, and by its weights in PyTorch."""
    model = load(given.model)
    model.threads = given.threads
    _, (sources, references) = divided(given.pairs)
    numbers = model.encode(sources)
    print(f"{len(numbers):,} sentences of {np.mean([len(n) for n in numbers]):.1f} tokens")
    peer: dict[str, dict] = {}
    if given.peer_python:
        setup = {
            "sizes": model.sizes._asdict(), "longest": LONGEST, "beams": BEAMS, "alpha": 0.6,
            "threads": given.threads, "repeats": given.repeats,
        }  # fmt: skip
        arrays = {f"w:{name}": value for name, value in as_torch(model.network).items()}
        arrays["test_source"] = pad(numbers)
        peer = ask_torch(given.peer_python, "translate", setup, arrays)
    for beam in BEAMS:
        seconds = []
        for _ in range(given.repeats + 1):
            began = time.perf_counter()
            written = model.translate_numbers(numbers, beam, max_length=LONGEST)
            seconds.append(time.perf_counter() - began)
        ours = _show(f"layerwise, beam {beam}", seconds, written, model, references)
        if not peer:
            continue
        found = peer[str(beam)]
        theirs = [row[: row.index(END)] if END in row else row for row in found["translations"]]
        theirs = [[token for token in row if token] for row in theirs]
        speed = _show(f"PyTorch, beam {beam}", found["seconds"], theirs, model, references)
        same = np.mean([a == b for a, b in zip(written, theirs, strict=True)])
        print(f"  {ours / speed:.2f} times as fast; {same:.1%} of the translations are the same")


def _show(
    name: str, seconds: list[float], written: list[list[int]], model, references: Texts
) -> float:
    """Print, and give, the tokens (each with its <eos>) in a second, but for the first time."""
    tokens = sum(len(row) + 1 for row in written)
    speed = tokens / float(np.median(seconds[1:]))
    quality = measure([model.target.decode(row) for row in written], references)
    print(
        f"{name}: {speed:,.0f} tokens/s ({np.median(seconds[1:]):.2f} s; the first time "
        f"{seconds[0]:.2f} s), BLEU {quality.bleu:.2f}, chrF {quality.chrf:.2f}",
        flush=True,
    )
    return speed
