"""PyTorch: eager, or with the gather, the model and the loss in one ``torch.compile``."""

import time
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from benchmarks.step_time.cases import DROPOUT, LEARNING_RATE, Case


class TransformerClassifier(nn.Module):
    """Pre-norm encoder blocks, the mean over the tokens and a linear layer."""

    def __init__(self, case: Case):
        super().__init__()
        _, features, classes = case.widths
        self.blocks = nn.Sequential(
            *[
                nn.TransformerEncoderLayer(
                    features,
                    case.heads,
                    case.feed_forward,
                    dropout=0.0,
                    activation="gelu",
                    batch_first=True,
                    norm_first=True,
                )
                for _ in range(case.blocks)
            ]
        )
        self.output = nn.Linear(features, classes)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return one row of logits for each sequence."""
        return self.output(self.blocks(inputs).mean(dim=1))


def build_network(case: Case) -> nn.Module:
    if case.kind == "transformer":
        return TransformerClassifier(case)
    layers: list[nn.Module] = []
    *hidden_widths, output_width = case.widths[1:]
    previous = case.widths[0]
    for width in hidden_widths:
        layers.append(nn.Linear(previous, width))
        if case.kind == "mlp":
            layers.append(nn.ReLU())
        else:
            layers += [nn.LayerNorm(width), nn.GELU(), nn.Dropout(DROPOUT)]
        previous = width
    return nn.Sequential(*layers, nn.Linear(previous, output_width))


def prepare(case: Case, compiled: bool = False) -> Callable[[], float]:
    torch.manual_seed(0)
    inputs, labels = (torch.from_numpy(array) for array in case.data())
    network = build_network(case)
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, fused=True)
    loss_function = (
        functional.binary_cross_entropy_with_logits
        if case.loss == "bce_with_logits"
        else functional.cross_entropy
    )

    def loss_of_batch(batch: torch.Tensor) -> torch.Tensor:
        return loss_function(network(inputs[batch]), labels[batch])

    if compiled:
        loss_of_batch = torch.compile(loss_of_batch, dynamic=False)

    def run() -> float:
        start = time.perf_counter()
        for batch in torch.randperm(case.used_rows).split(case.batch_size):
            optimizer.zero_grad()
            loss_of_batch(batch).backward()
            optimizer.step()
        return (time.perf_counter() - start) / case.steps

    return run
