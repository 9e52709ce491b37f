"""The network of `speed` in PyTorch and in JAX; run by another Python, which has them."""

import json
import sys
import time

import numpy as np

LENGTH, HIDDEN, BATCH = 64, 64, 32


def batches(parts, generator):
    """Rows of each minibatch, in random order: (bucket, rows)."""
    found = []
    for place, (x, _) in enumerate(parts):
        order = generator.permutation(len(x))
        found += [(place, order[i : i + BATCH]) for i in range(0, len(x), BATCH)]
    generator.shuffle(found)
    return found


def run_torch(parts, words, epochs, threads, sparse):
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    # EmbeddingBag takes the mean without making the words' vectors, and leaves out padding.
    table = nn.EmbeddingBag(words, LENGTH, mode="mean", padding_idx=0, sparse=sparse)
    behind = nn.Sequential(nn.Linear(LENGTH, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 2))
    if sparse:
        optimizers = [
            torch.optim.SparseAdam(table.parameters(), 1e-3),
            torch.optim.Adam(behind.parameters(), 1e-3, fused=True),
        ]
    else:
        both = [*table.parameters(), *behind.parameters()]
        optimizers = [torch.optim.Adam(both, 1e-3, fused=True)]
    tensors = [(torch.from_numpy(x), torch.from_numpy(y).long()) for x, y in parts]
    generator, seconds = np.random.default_rng(0), []
    for _ in range(epochs + 1):
        began = time.perf_counter()
        for place, rows in batches(parts, generator):
            x, y = tensors[place]
            rows = torch.from_numpy(rows)
            loss = nn.functional.cross_entropy(behind(table(x[rows])), y[rows])
            for optimizer in optimizers:
                optimizer.zero_grad(set_to_none=True)
            loss.backward()
            for optimizer in optimizers:
                optimizer.step()
        seconds.append(time.perf_counter() - began)
    return seconds[1:]


def run_jax(parts, words, epochs, threads):
    import jax
    import jax.numpy as jnp
    import optax

    key = jax.random.split(jax.random.PRNGKey(0), 3)
    parameters = {
        "table": jax.random.normal(key[0], (words, LENGTH)),
        "w": jax.random.normal(key[1], (LENGTH, HIDDEN)) * 0.1, "b": jnp.zeros(HIDDEN),
        "v": jax.random.normal(key[2], (HIDDEN, 2)) * 0.1, "c": jnp.zeros(2),
    }  # fmt: skip
    optimizer = optax.adam(1e-3)

    def loss_of(p, x, y):
        kept = (x != 0).astype(jnp.float32)
        mean = jnp.einsum("bl,bld->bd", kept / jnp.maximum(kept.sum(1, keepdims=True), 1),
                          p["table"][x])  # fmt: skip
        logits = jax.nn.relu(mean @ p["w"] + p["b"]) @ p["v"] + p["c"]
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()

    def step(carry, rows, x, y):
        p, state = carry
        gradient = jax.grad(loss_of)(p, x[rows], y[rows])
        updates, state = optimizer.update(gradient, state)
        return (optax.apply_updates(p, updates), state), None

    @jax.jit
    def turn(carry, order, x, y):
        """All full steps of a bucket as one scan: no Python between steps."""
        return jax.lax.scan(lambda c, rows: step(c, rows, x, y), carry, order)[0]

    last = jax.jit(lambda carry, rows, x, y: step(carry, rows, x, y)[0])
    arrays = [(jnp.asarray(x), jnp.asarray(y)) for x, y in parts]
    carry = (parameters, optimizer.init(parameters))
    generator, seconds = np.random.default_rng(0), []
    for _ in range(epochs + 1):
        began = time.perf_counter()
        for x, y in arrays:
            order = generator.permutation(len(x)).astype(np.int32)
            full = len(order) // BATCH * BATCH
            if full:
                carry = turn(carry, order[:full].reshape(-1, BATCH), x, y)
            if full < len(order):
                carry = last(carry, order[full:], x, y)
        jax.block_until_ready(carry)
        seconds.append(time.perf_counter() - began)
    return seconds[1:]


if __name__ == "__main__":
    name, path, *numbers = sys.argv[1:]
    words, epochs, threads = map(int, numbers)
    data = np.load(path)
    parts = [(data[f"x{i}"], data[f"y{i}"]) for i in range(len(data.files) // 2)]
    if name == "jax":
        found = run_jax(parts, words, epochs, threads)
    else:
        found = run_torch(parts, words, epochs, threads, name == "torch-sparse")
    print(json.dumps(found))
