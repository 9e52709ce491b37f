"""The same translator in JAX with Optax; run by an interpreter that has them.

    python -m benchmarks.translation.peer_jax FOLDER

`FOLDER` has the sizes, options, rows and first weights that `peer_torch` reads. It takes turns of
"step" and "scan", see `benchmarks.turns`. Nothing of layerwise is imported.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks import turns
from benchmarks.jax_training import ways
from benchmarks.jax_transformer import (
    DECODER_PLACES,
    ENCODER_PLACES,
    Dropout,
    decoder,
    encoder,
    load,
)

PADDING = 0


def positions(length: int, features: int) -> np.ndarray:
    """Sines and cosines by turns, float32 (length, features)."""
    rates = 10000.0 ** (-np.arange(0, features, 2) / features)
    angles = np.arange(length)[:, None] * rates[None]
    table = np.stack([np.sin(angles), np.cos(angles)], -1).reshape(length, features)
    return table.astype(np.float32)


def logits_of(p, sizes: dict, source, before, key):
    """Logits (batch, length, tokens) of each next token."""
    features, layers, heads = sizes["features"], sizes["layers"], sizes["heads"]
    places = 2 + layers * (ENCODER_PLACES + DECODER_PLACES)
    dropout = Dropout(key, places, sizes["dropout"])
    table = p["target.weight"]

    def embed(tokens):
        x = table[tokens] * math.sqrt(features)
        return dropout(x + positions(tokens.shape[1], features))

    hidden = (source == PADDING)[:, None, None, :]
    memory = encoder(
        p, "transformer.encoder", embed(source), layers, heads, hidden, jax.nn.relu, dropout
    )
    length = before.shape[1]
    later = np.triu(np.ones((length, length), bool), 1)
    y = decoder(
        p, "transformer.decoder", embed(before), memory, layers, heads, later, hidden,
        jax.nn.relu, dropout,
    )  # fmt: skip
    return jnp.einsum("bld,td->blt", y, table)


def loss_of_tokens(logits, after, smoothing: float):
    """Cross-entropy with smoothed targets, mean over the tokens that are no padding."""
    # The logarithms of all tokens' shares are never made: quicker than `log_softmax`.
    right = jnp.take_along_axis(logits, after[..., None], -1)[..., 0]
    each = (1 - smoothing) * right + smoothing * logits.mean(-1) - jax.nn.logsumexp(logits, -1)
    real = after != PADDING
    return -jnp.where(real, each, 0).sum() / real.sum()


def main() -> None:
    folder = Path(sys.argv[1])
    setup = json.loads((folder / "setup.json").read_text())
    arrays = dict(np.load(folder / "rows.npz"))
    weights = {n[2:]: v for n, v in arrays.items() if n.startswith("w:") and n != "w:source.weight"}

    def loss_of(p, rows, key):
        source, before, after = rows
        logits = logits_of(p, setup["sizes"], source, before, key)
        return loss_of_tokens(logits, after.astype(np.int32), setup["smoothing"])

    optimizer = optax.adam(1e-3, b1=0.9, b2=0.98, eps=1e-9)
    if setup["clip"]:
        optimizer = optax.chain(optax.clip_by_global_norm(setup["clip"]), optimizer)
    rows = tuple(arrays[f"{name}0"] for name in ("source", "before", "after"))
    parameters = load(weights, tables=("target.weight",))
    turns.answer(ways(loss_of, parameters, optimizer, rows, setup["batch_size"], setup["seed"]))


if __name__ == "__main__":
    main()
