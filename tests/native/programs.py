"""Whole training steps, as users have them, for tests of the native backend."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from layerwise import graph, nn, optim
from layerwise.compiler import Feeds, Program, State
from layerwise.graph import batch
from layerwise.nn.trace import Trace

ROWS = 64


@dataclass(frozen=True, eq=False)
class Example:
    """A training program, a prediction program of the same variables, and data for both."""

    program: Program
    prediction: Program
    initial: State
    rows: dict[str, np.ndarray]

    def feeds(self, batch_size: int = 24, epochs: int = 2) -> Feeds:
        """Shuffled minibatches; the last is shorter than the others."""
        order = np.random.default_rng(3).permutation(np.tile(np.arange(ROWS), epochs))
        fixed = {"rate": 0.01, "seed": 7}
        return Feeds(self.rows, batch_size, order, fixed=fixed)

    def train(self, executable, windows=((0, None),), **options):
        """Losses, and the state that training leaves behind."""
        state, feeds = self.initial.copy(), self.feeds(**options)
        losses = [executable.run(state, feeds, first, steps)["loss"] for first, steps in windows]
        return np.concatenate(losses), [state[v] for v in self.program.variables]

    def predict(self, executable, batch_size: int):
        """Predictions for all rows."""
        feeds = Feeds(self.rows, batch_size, fixed={"rate": 0.01, "seed": 7})
        return executable.run(self.initial.copy(), feeds)["prediction"]


def same(first, second) -> bool:
    """Whether two results of `train` are equal, bit by bit."""
    pairs = zip((first[0], *first[1]), (second[0], *second[1]), strict=True)
    return all(a.tobytes() == b.tobytes() for a, b in pairs)


def _example(build, prediction, parameters, initial, rows) -> Example:
    """Adam on the loss that `build(step)` gives, along with other variables' updates."""
    step = graph.variable("step", (), "uint32")
    loss, updates = build(step)
    loss, gradients = graph.value_and_gradients(loss, parameters)
    rate = graph.input("rate", (), "float32")
    optimised = optim.Adam().step(parameters, gradients, rate)
    updates = {**optimised.updates, **updates, step: step + graph.constant(1, "uint32")}
    state = State({**initial, **optimised.initial, step: np.zeros(())})
    return Example(
        Program({"loss": loss}, updates), Program({"prediction": prediction}), state, rows
    )


@functools.cache
def mlp(dtype: str = "float32", width: int = 33) -> Example:
    """Batch normalisation, dropout, ReLU and GELU, five classes, Adam."""
    with nn.seed(5):
        net = nn.Sequential(
            nn.Linear(12, width, dtype=dtype), nn.BatchNorm1d(width, dtype=dtype), nn.ReLU(),
            nn.Dropout(0.3), nn.Linear(width, 17, dtype=dtype), nn.GELU(),
            nn.Linear(17, 5, dtype=dtype),
        )  # fmt: skip
    generator = np.random.default_rng(1)
    rows = {
        "x": generator.normal(size=(ROWS, 12)).astype(dtype),
        "y": generator.integers(0, 5, ROWS).astype("int32"),
    }
    x, y = graph.input("x", (batch, 12), dtype), graph.input("y", (batch,), "int32")

    def build(step):
        trace = Trace(training=True, seed=graph.input("seed", (), "uint32"), step=step)
        logits = net.trace_forward(trace, x)
        each = graph.sum(graph.log_softmax(logits) * graph.one_hot(y, 5, dtype), -1)
        return -graph.mean(each), trace.updates

    held = (*net.named_parameters(), *net.named_buffers())
    parameters = [p.tensor for _, p in net.named_parameters()]
    initial = {h.tensor: h.value for _, h in held}
    return _example(build, net.trace_forward(Trace(), x), parameters, initial, rows)


TOKENS, WIDTH, HEADS, WORDS = 8, 16, 2, 11


@functools.cache
def transformer(dtype: str = "float32") -> Example:
    """One block of a transformer encoder in graph functions: embedding, attention, two norms."""
    generator = np.random.default_rng(2)
    initial: dict[graph.Tensor, np.ndarray] = {}

    def weight(name, *shape):
        made = graph.variable(name, shape, dtype)
        initial[made] = generator.normal(0, shape[0] ** -0.5, shape)
        return made

    words = graph.input("words", (batch, TOKENS), "int32")
    target = graph.input("target", (batch, 3), dtype)
    x = graph.take(weight("table", WORDS, WIDTH), words) + weight("positions", TOKENS, WIDTH)

    def heads(y):
        parts = graph.reshape(y, (batch, TOKENS, HEADS, WIDTH // HEADS))
        return graph.transpose(parts, (0, 2, 1, 3))

    query, key, value = (heads(x @ weight(n, WIDTH, WIDTH)) for n in ("query", "key", "value"))
    scores = query @ graph.swap_last_axes(key) * (WIDTH // HEADS) ** -0.5
    mixed = graph.transpose(graph.softmax(scores) @ value, (0, 2, 1, 3))
    x = x + graph.reshape(mixed, (batch, TOKENS, WIDTH)) @ weight("mix", WIDTH, WIDTH)
    x = graph.layer_norm(x, weight("scale", WIDTH), weight("shift", WIDTH))
    hidden = graph.gelu(x @ weight("up", WIDTH, 2 * WIDTH))
    x = graph.layer_norm(x + hidden @ weight("down", 2 * WIDTH, WIDTH))
    prediction = graph.mean(x, 1) @ weight("out", WIDTH, 3)
    rows = {
        "words": generator.integers(0, WORDS, (ROWS, TOKENS)).astype("int32"),
        "target": generator.normal(size=(ROWS, 3)).astype(dtype),
    }

    loss = graph.mean(graph.square(prediction - target))
    return _example(lambda step: (loss, {}), prediction, list(initial), initial, rows)


EXAMPLES = {"mlp": mlp, "transformer": transformer}
