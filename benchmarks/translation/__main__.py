"""Translators: what they reach, and how fast, beside peers in the same run.

    python -m benchmarks.translation dates
    python -m benchmarks.translation messages PAIRS.tsv.gz --peer-python /path/to/python
    python -m benchmarks.translation translate MODEL PAIRS.tsv.gz --peer-python /path/to/python
    python -m benchmarks.translation speed --peer-python /path/to/python

`dates`: dates in many styles and languages to ISO 8601, exact on days that were held out.
`messages`: BLEU and chrF on test pairs of a file, beside the same architecture with the same rows,
batches, steps and schedule in PyTorch. `translate`: how fast a model that `messages` saved (--out)
translates the same test pairs, beside its own weights in PyTorch. `speed`: tokens in a second with
the same network, in training (turn by turn with PyTorch and JAX) and in decoding.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from layerwise.data.text import BEGIN, pad
from layerwise.translation import (
    Recipe,
    Watch,
    fit,
    measure,
)
from layerwise.translation.fit import _within
from layerwise.translation.sequences import bucketed, choose_lengths
from layerwise.translation.texts import hold_out

from .asking import ask_torch
from .dates import divide, make_dates
from .speed import speed
from .trained import LONGEST, divided, translate


def told(given: argparse.Namespace) -> Watch:
    """Who prints."""
    return Watch(
        print,
        lambda e: print(
            f"epoch {e.epoch}: {e.training_loss:.4f}, held out {e.validation_loss:.4f}, "
            f"{e.seconds:.1f} s",
            flush=True,
        ),
        lambda epoch, q: print(f"  BLEU {q.bleu:.2f}, chrF {q.chrf:.2f}, exact {q.exact:.1%}"),
    )


def dates(given: argparse.Namespace) -> None:
    """Exact dates on days that nothing was learned from."""
    learn, test = divide(make_dates(given.count, given.seed), 0.1, given.seed)
    test = test[:2000]
    began = time.perf_counter()
    fitted = fit(
        [pair.text for pair in learn],
        [pair.iso for pair in learn],
        Recipe(epochs=given.epochs, clip_norm=given.clip),
        seed=given.seed,
        threads=given.threads,
        watch=told(given),
    )
    seconds = time.perf_counter() - began
    if given.out:
        fitted.model.save(given.out)
    for beam in (1, 4):
        written = fitted.model.translate([pair.text for pair in test], beam)
        quality = measure(written, [pair.iso for pair in test])
        print(
            f"beam {beam}: {quality.exact:.2%} of {len(test):,} exact; trained in {seconds:.0f} s"
        )
    wrong = [(p.text, w, p.iso) for p, w in zip(test, written, strict=True) if w != p.iso]
    for text, translated, iso in wrong[:20]:
        print(f"  {text}: {translated}, not {iso}")


def messages(given: argparse.Namespace) -> None:
    """BLEU and chrF beside PyTorch."""
    (left, right), test = divided(given.pairs)
    rows = np.random.default_rng(given.seed).permutation(len(left))[: given.most or None]
    sources, targets = [left[i] for i in rows], [right[i] for i in rows]
    learn, out = hold_out(sources, 0.05, given.seed)
    held = [sources[i] for i in out], [targets[i] for i in out]
    sources, targets = [sources[i] for i in learn], [targets[i] for i in learn]
    recipe = Recipe(epochs=given.epochs, clip_norm=given.clip, measures=0, patience=1000)
    began = time.perf_counter()
    fitted = fit(
        sources, targets, recipe, validation=held, seed=given.seed, threads=given.threads,
        watch=told(given),
    )  # fmt: skip
    seconds = time.perf_counter() - began
    model, recipe = fitted.model, fitted.recipe
    if given.out:
        model.save(given.out)
    print(f"layerwise: {seconds:.0f} s")
    for beam in (1, 4):
        quality = measure(model.translate(test[0], beam, max_length=LONGEST), test[1])
        print(f"  beam {beam}: BLEU {quality.bleu:.2f}, chrF {quality.chrf:.2f}", flush=True)
    if not given.peer_python:
        return
    encoded = _within(model.source, model.target, sources, targets, recipe.max_length, "training")
    checked = _within(model.source, model.target, *held, recipe.max_length, "validation")
    arrays: dict[str, Any] = {}
    parts = bucketed(*encoded, choose_lengths(*encoded)).parts
    for k, ((source, before), after, _) in enumerate(parts):
        arrays |= {f"source{k}": source, f"before{k}": before, f"after{k}": after}
    arrays["held_source"] = pad(checked[0])
    arrays["held_before"] = pad([[BEGIN, *t[:-1]] for t in checked[1]])
    arrays["held_after"] = pad(checked[1])
    arrays["test_source"] = pad(model.encode(test[0]))
    setup = {
        "sizes": model.sizes._asdict(), "parts": len(parts), "seed": given.seed,
        "smoothing": recipe.label_smoothing, "clip": recipe.clip_norm, "epochs": recipe.epochs,
        "batch_size": recipe.batch_size, "rate": recipe.learning_rate, "warmup": recipe.warmup,
        "longest": LONGEST, "beam": 4, "alpha": 0.6, "threads": given.threads,
    }  # fmt: skip
    peer = ask_torch(given.peer_python, "train", setup, arrays)
    written = [model.target.decode(numbers) for numbers in peer["translations"]]
    quality = measure(written, test[1])
    print(f"PyTorch: {peer['seconds']:.0f} s, held-out loss {peer['loss']:.4f}")
    print(f"  beam 4: BLEU {quality.bleu:.2f}, chrF {quality.chrf:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    commands = parser.add_subparsers(required=True)
    for function in (dates, messages, translate, speed):
        command = commands.add_parser(function.__name__, help=function.__doc__)
        command.set_defaults(run=function)
        command.add_argument("--seed", type=int, default=0)
        command.add_argument("--threads", type=int)
        command.add_argument("--epochs", type=int)
        command.add_argument("--clip", type=float, default=1.0)
        command.add_argument("--out", type=Path)
        command.add_argument("--peer-python", help="an interpreter that has PyTorch and JAX")
        if function is dates:
            command.add_argument("--count", type=int, default=22_000)
        if function is translate:
            command.add_argument("model", type=Path)
            command.add_argument("--repeats", type=int, default=3, help="times that all is done")
        if function in (messages, translate):
            command.add_argument("pairs", type=Path)
        if function is messages:
            command.add_argument("--most", type=int, help="pairs to learn from")
        if function is speed:
            command.add_argument("--features", type=int, default=128)
            command.add_argument("--layers", type=int, default=2)
            command.add_argument("--length", type=int, default=24)
            command.add_argument("--batch", type=int, default=64)
            command.add_argument("--steps", type=int, default=20)
            command.add_argument("--repeats", type=int, default=3, help="timed epochs of a turn")
            command.add_argument("--turns", type=int, default=3, help="of each contender")
            command.add_argument("--dropout", type=float, default=0.1)
            command.add_argument("--decode-length", type=int, default=32)
            command.add_argument("--what", default="train,decode")
    given = parser.parse_args()
    given.clip = given.clip or None
    given.run(given)


if __name__ == "__main__":
    main()
