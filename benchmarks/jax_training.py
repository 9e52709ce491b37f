"""Training in JAX, for peers: one jitted call for each step, or one ``lax.scan`` for an epoch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.turns import Way


def ways(
    loss_of: Callable, parameters: dict, optimizer, rows: tuple, batch_size: int, seed: int
) -> dict[str, Callable[[], Way]]:
    """What makes "step" and "scan", each with a copy of the parameters.

    Parameters
    ----------
    loss_of : (parameters, rows of a batch, key) to the loss.
    parameters : arrays by name.
    optimizer : Optax's, with what is done to gradients before.
    rows : arrays of as many rows each, a multiple of the batch.
    """
    steps = len(rows[0]) // batch_size
    count = sum(value.size for value in parameters.values())

    def step(state, batch, rows):
        parameters, memory, key = state
        key, drawn = jax.random.split(key)
        taken = tuple(array[batch] for array in rows)
        loss, gradients = jax.value_and_grad(loss_of)(parameters, taken, drawn)
        updates, memory = optimizer.update(gradients, memory, parameters)
        parameters = jax.tree.map(jnp.add, parameters, updates)
        return (parameters, memory, key), loss

    @partial(jax.jit, donate_argnums=0)
    def one_step(state, batches, position, rows):
        return step(state, batches[position], rows)

    @partial(jax.jit, donate_argnums=0)
    def one_epoch(state, batches, rows):
        return jax.lax.scan(lambda state, batch: step(state, batch, rows), state, batches)

    def make(scan: bool) -> Way:
        arrays = tuple(jnp.asarray(array) for array in rows)
        copied = jax.tree.map(jnp.copy, parameters)
        # JAX's usual generator: its others, "rbg" and "unsafe_rbg", took longer on a processor.
        state = (copied, optimizer.init(copied), jax.random.key(seed))
        draw = np.random.default_rng(seed)

        def epoch() -> float:
            nonlocal state
            order = draw.permutation(len(rows[0])).astype(np.int32)[: steps * batch_size]
            batches = jnp.asarray(order.reshape(steps, batch_size))
            if scan:
                state, losses = one_epoch(state, batches, arrays)
            else:
                found = []
                for position in range(steps):
                    state, loss = one_step(state, batches, position, arrays)
                    found.append(loss)
                losses = jnp.stack(found)
            jax.block_until_ready(state)
            return float(losses.mean())

        return Way(count, epoch)

    return {"step": partial(make, False), "scan": partial(make, True)}
