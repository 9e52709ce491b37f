"""JAX with Optax: one jitted call per step, or one jitted ``lax.scan`` for the whole epoch."""

import itertools
import time
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks.step_time.cases import DROPOUT, LEARNING_RATE, Case

# Steps in one turn of the epoch's loop: 4 helps the smallest networks and hinders the deep one.
UNROLLED_STEPS = {"mlp": 4, "deep": 1, "transformer": 1}

GELU = partial(jax.nn.gelu, approximate=False)


def linear_parameters(random: np.random.Generator, inputs: int, outputs: int) -> dict:
    bound = 1 / np.sqrt(inputs)
    return {
        "weight": random.uniform(-bound, bound, (inputs, outputs)).astype(np.float32),
        "bias": np.zeros(outputs, np.float32),
    }


def norm_parameters(width: int) -> dict:
    return {"scale": np.ones(width, np.float32), "bias": np.zeros(width, np.float32)}


def initial_parameters(case: Case) -> dict:
    random = np.random.default_rng(0)
    linear = partial(linear_parameters, random)
    if case.kind != "transformer":
        widths = case.widths
        parameters = {"linear": [linear(*pair) for pair in itertools.pairwise(widths)]}
        if case.kind == "deep":
            parameters["norm"] = [norm_parameters(width) for width in widths[1:-1]]
        return parameters
    _, features, classes = case.widths
    return {
        "blocks": [
            {
                "attention_norm": norm_parameters(features),
                "query_key_value": linear(features, 3 * features),
                "attention_output": linear(features, features),
                "feed_forward_norm": norm_parameters(features),
                "expand": linear(features, case.feed_forward),
                "contract": linear(case.feed_forward, features),
            }
            for _ in range(case.blocks)
        ],
        "output": linear(features, classes),
    }


def apply_linear(parameters, values):
    return values @ parameters["weight"] + parameters["bias"]


def apply_norm(parameters, values):
    centred = values - values.mean(-1, keepdims=True)
    variance = jnp.square(centred).mean(-1, keepdims=True)
    return centred * jax.lax.rsqrt(variance + 1e-5) * parameters["scale"] + parameters["bias"]


def apply_mlp(case, parameters, inputs, key):
    *hidden_layers, output_layer = parameters["linear"]
    values = inputs
    for layer in hidden_layers:
        values = jax.nn.relu(apply_linear(layer, values))
    return apply_linear(output_layer, values)


def apply_deep(case, parameters, inputs, key):
    *hidden_layers, output_layer = parameters["linear"]
    kept_shape = (len(hidden_layers), case.batch_size, case.widths[1])
    kept = jax.random.bernoulli(key, 1 - DROPOUT, kept_shape)
    values = inputs
    for layer, norm, kept_here in zip(hidden_layers, parameters["norm"], kept, strict=True):
        values = GELU(apply_norm(norm, apply_linear(layer, values)))
        values = jnp.where(kept_here, values / (1 - DROPOUT), 0)
    return apply_linear(output_layer, values)


def apply_attention(case, block, values):
    batch, tokens, features = values.shape
    by_head = (batch, tokens, 3, case.heads, features // case.heads)
    projected = apply_linear(block["query_key_value"], values).reshape(by_head)
    query, key, value = projected[:, :, 0], projected[:, :, 1], projected[:, :, 2]
    scores = jnp.einsum("bqhd,bkhd->bhqk", query, key) / np.sqrt(features // case.heads)
    mixed = jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores), value)
    return apply_linear(block["attention_output"], mixed.reshape(batch, tokens, features))


def apply_transformer(case, parameters, inputs, key):
    values = inputs
    for block in parameters["blocks"]:
        values += apply_attention(case, block, apply_norm(block["attention_norm"], values))
        expanded = apply_linear(block["expand"], apply_norm(block["feed_forward_norm"], values))
        values += apply_linear(block["contract"], GELU(expanded))
    return apply_linear(parameters["output"], values.mean(axis=1))


APPLY = {"mlp": apply_mlp, "deep": apply_deep, "transformer": apply_transformer}


def prepare(case: Case, whole_epoch: bool = False) -> Callable[[], float]:
    inputs, labels = (jnp.asarray(array) for array in case.data())
    optimizer = optax.adam(LEARNING_RATE)

    def loss_of_batch(parameters, batch_inputs, batch_labels, key):
        logits = APPLY[case.kind](case, parameters, batch_inputs, key)
        if case.loss == "bce_with_logits":
            return optax.sigmoid_binary_cross_entropy(logits, batch_labels).mean()
        return optax.softmax_cross_entropy_with_integer_labels(logits, batch_labels).mean()

    def step(state, batch, inputs, labels):
        parameters, optimizer_state, key = state
        key, dropout_key = jax.random.split(key) if case.kind == "deep" else (key, key)
        loss, gradients = jax.value_and_grad(loss_of_batch)(
            parameters, inputs[batch], labels[batch], dropout_key
        )
        updates, optimizer_state = optimizer.update(gradients, optimizer_state)
        return (optax.apply_updates(parameters, updates), optimizer_state, key), loss

    @partial(jax.jit, donate_argnums=0)
    def one_step(state, batches, position, inputs, labels):
        return step(state, batches[position], inputs, labels)

    @partial(jax.jit, donate_argnums=0)
    def one_epoch(state, batches, inputs, labels):
        return jax.lax.scan(
            lambda state, batch: step(state, batch, inputs, labels),
            state,
            batches,
            unroll=UNROLLED_STEPS[case.kind],
        )

    parameters = jax.tree.map(jnp.asarray, initial_parameters(case))
    state = (parameters, optimizer.init(parameters), jax.random.key(0))
    random = np.random.default_rng(0)

    def run() -> float:
        nonlocal state
        start = time.perf_counter()
        order = random.permutation(case.used_rows).astype(np.int32)
        batches = jnp.asarray(order.reshape(case.steps, case.batch_size))
        if whole_epoch:
            state, _ = one_epoch(state, batches, inputs, labels)
        else:
            for position in range(case.steps):
                state, _ = one_step(state, batches, position, inputs, labels)
        jax.block_until_ready(state)
        return (time.perf_counter() - start) / case.steps

    return run
