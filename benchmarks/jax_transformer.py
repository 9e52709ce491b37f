"""The parts of a transformer in JAX, for peers: pure functions of a dict of parameters.

Parameters have PyTorch's names; the weights of dense layers are (inputs, outputs), as a product of
rows wants them. Dropout is where PyTorch and layerwise have it: on attention weights, hidden units
and what each part adds.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np


class Dropout:
    """Draws a mask for each place that it is applied at, each from a key of its own.

    Parameters
    ----------
    key : of this step.
    places : how many times it will be applied.
    probability : of a zero.
    """

    def __init__(self, key, places: int, probability: float) -> None:
        self.keys = iter(jax.random.split(key, places)) if probability else None
        self.kept = 1 - probability

    def __call__(self, x):
        """With zeros, and the rest larger by as much."""
        if self.keys is None:
            return x
        mask = jax.random.bernoulli(next(self.keys), self.kept, x.shape)
        return jnp.where(mask, x * (1 / self.kept), 0)


def load(weights: dict[str, np.ndarray], tables: tuple[str, ...] = ()) -> dict:
    """Parameters from PyTorch's layout; `tables` are matrices that are not dense layers."""
    return {
        name: jnp.asarray(value.T if value.ndim == 2 and name not in tables else value)
        for name, value in weights.items()
    }


def linear(p, name: str, x):
    return x @ p[f"{name}.weight"] + p[f"{name}.bias"]


def norm(p, name: str, x):
    centred = x - x.mean(-1, keepdims=True)
    scale = jax.lax.rsqrt(jnp.square(centred).mean(-1, keepdims=True) + 1e-5)
    return centred * scale * p[f"{name}.weight"] + p[f"{name}.bias"]


def attention(p, name: str, x, memory, heads: int, hidden, dropout: Dropout):
    """Of x (batch, length, features) over the memory, or over itself where that is None.

    Parameters
    ----------
    hidden : bool, True where nothing may be seen, against (batch, heads, queries, keys); or None.
    """
    batch, length, features = x.shape
    weight, bias = p[f"{name}.in_proj_weight"], p[f"{name}.in_proj_bias"]
    each = features // heads
    if memory is None:
        found = (x @ weight + bias).reshape(batch, length, 3, heads, each)
        q, k, v = found[:, :, 0], found[:, :, 1], found[:, :, 2]
    else:
        q = (x @ weight[:, :features] + bias[:features]).reshape(batch, length, heads, each)
        found = memory @ weight[:, features:] + bias[features:]
        found = found.reshape(batch, memory.shape[1], 2, heads, each)
        k, v = found[:, :, 0], found[:, :, 1]
    scores = jnp.einsum("bqhd,bkhd->bhqk", q, k) * each**-0.5
    if hidden is not None:
        scores = jnp.where(hidden, -1e30, scores)
    seen = jnp.einsum("bhqk,bkhd->bqhd", dropout(jax.nn.softmax(scores)), v)
    return linear(p, f"{name}.out_proj", seen.reshape(batch, length, features))


def feed_forward(p, name: str, x, activation, dropout: Dropout):
    return linear(p, f"{name}.linear2", dropout(activation(linear(p, f"{name}.linear1", x))))


ENCODER_PLACES, DECODER_PLACES = 4, 6
"""Places of dropout in a layer."""


def encoder(p, name: str, x, layers: int, heads: int, hidden, activation, dropout: Dropout):
    """Layers that each begin with their normalisation, and a normalisation behind the last."""
    for number in range(layers):
        each = f"{name}.layers.{number}"
        y = norm(p, f"{each}.norm1", x)
        x = x + dropout(attention(p, f"{each}.self_attn", y, None, heads, hidden, dropout))
        y = norm(p, f"{each}.norm2", x)
        x = x + dropout(feed_forward(p, each, y, activation, dropout))
    return norm(p, f"{name}.norm", x)


def decoder(
    p, name: str, x, memory, layers: int, heads: int, later, hidden, activation, dropout: Dropout
):
    """As `encoder`, with a look at the memory in each layer.

    Parameters
    ----------
    later, hidden : bool, what may not be seen of x itself and of the memory.
    """
    for number in range(layers):
        each = f"{name}.layers.{number}"
        y = norm(p, f"{each}.norm1", x)
        x = x + dropout(attention(p, f"{each}.self_attn", y, None, heads, later, dropout))
        y = norm(p, f"{each}.norm2", x)
        x = x + dropout(attention(p, f"{each}.multihead_attn", y, memory, heads, hidden, dropout))
        y = norm(p, f"{each}.norm3", x)
        x = x + dropout(feed_forward(p, each, y, activation, dropout))
    return norm(p, f"{name}.norm", x)
