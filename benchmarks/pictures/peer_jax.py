"""The small vision transformer in JAX with Optax; run by an interpreter that has them.

``python -m benchmarks.pictures.peer_jax ROWS.npz OPTIONS.json`` reads what `peer` reads, with first
weights, and takes turns of "step" and "scan"; see `benchmarks.turns`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks import turns
from benchmarks.jax_training import ways
from benchmarks.jax_transformer import ENCODER_PLACES, Dropout, encoder, linear, load

LAYERS, HEADS = 3, 4
"""As in `peer.Transformer`."""


def gelu(x):
    return jax.nn.gelu(x, approximate=False)


def cut(x, patch: int):
    """(n, 1, side, side) to rows of pixels, (n, patches, patch * patch)."""
    count, _, side, _ = x.shape
    across = side // patch
    parts = x.reshape(count, across, patch, across, patch).transpose(0, 1, 3, 2, 4)
    return parts.reshape(count, across * across, patch * patch)


def logits_of(p, o: dict, x, key):
    """(n, 1, side, side) to (n, classes)."""
    dropout = Dropout(key, LAYERS * ENCODER_PLACES, o["dropout"])
    found = linear(p, "patches", cut(x, o["patch"]))
    first = jnp.broadcast_to(p["patches.class_token"], (len(x), 1, found.shape[-1]))
    tokens = jnp.concatenate([first, found], 1) + p["patches.position"]
    return linear(
        p, "head", encoder(p, "encoder", tokens, LAYERS, HEADS, None, gelu, dropout)[:, 0]
    )


def main() -> None:
    arrays = dict(np.load(sys.argv[1]))
    o = json.loads(Path(sys.argv[2]).read_text())
    weights = {name[2:]: value for name, value in arrays.items() if name.startswith("w:")}
    # A convolution whose stride is its kernel is a dense layer of each patch.
    weights["patches.weight"] = weights["patches.weight"].reshape(len(weights["patches.bias"]), -1)

    def loss_of(p, rows, key):
        x, y = rows
        return optax.softmax_cross_entropy_with_integer_labels(logits_of(p, o, x, key), y).mean()

    optimizer = optax.chain(
        optax.clip_by_global_norm(1.0), optax.adamw(o["rate"], weight_decay=o["decay"])
    )
    rows = (arrays["x"], arrays["y"].astype(np.int32))
    turns.answer(ways(loss_of, load(weights), optimizer, rows, o["batch"], o["seed"]))


if __name__ == "__main__":
    main()
