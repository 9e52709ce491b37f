"""layerwise, through its public interface."""

import statistics
from collections.abc import Callable

import layerwise as lw
from benchmarks.step_time.cases import DROPOUT, LEARNING_RATE, Case
from benchmarks.step_time.transformer import Transformer

EPOCHS = 10


def build_network(case: Case):
    if case.kind == "transformer":
        _, width, classes = case.widths
        return Transformer(case.blocks, width, case.heads, case.feed_forward, classes)
    layers = []
    *hidden_widths, output_width = case.widths[1:]
    previous = case.widths[0]
    for width in hidden_widths:
        layers.append(lw.nn.Linear(previous, width))
        if case.kind == "mlp":
            layers.append(lw.nn.ReLU())
        else:
            layers += [lw.nn.LayerNorm(width), lw.nn.GELU(), lw.nn.Dropout(DROPOUT)]
        previous = width
    return lw.nn.Sequential(*layers, lw.nn.Linear(previous, output_width))


def prepare(case: Case) -> Callable[[], float]:
    data = case.data()
    network = build_network(case)

    def run() -> float:
        finished = lw.train(
            network,
            data,
            loss=case.loss,
            optimizer=lw.optim.Adam(LEARNING_RATE),
            epochs=EPOCHS,
            batch_size=case.batch_size,
        )
        # Every epoch draws an order of its own, so any of them is a whole one.
        return statistics.median(epoch.seconds for epoch in finished.history[1:]) / case.steps

    return run
