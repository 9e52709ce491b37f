"""The same networks in PyTorch, run by an interpreter that has it.

    python -m benchmarks.pictures.peer ROWS.npz OPTIONS.json train|speed

``train`` trains on ``x``, ``y`` of the file, float32 (n, 1, h, w) and int, predicts ``x_test``, and
prints one line of JSON: accuracy and seconds. Networks, batch size, optimiser, schedule, shifts and
epochs are those of the options, which are layerwise's own. ``speed`` takes turns of "eager" and
"compiled" with the vision transformer, see `benchmarks.turns`.
"""

from __future__ import annotations

import json
import sys
import time
from functools import partial

import numpy as np
import torch
from torch import nn

from benchmarks import turns


class Transformer(nn.Module):
    """As `layerwise.pictures.PictureTransformer`."""

    def __init__(self, side, classes, patch, features=64, heads=4, layers=3, dropout=0.1):
        super().__init__()
        self.patches = nn.Conv2d(1, features, patch, patch)
        count = (side // patch) ** 2
        self.token = nn.Parameter(0.5 * torch.randn(1, 1, features))
        self.position = nn.Parameter(0.5 * torch.randn(1, count + 1, features))
        layer = nn.TransformerEncoderLayer(
            features, heads, 2 * features, dropout, "gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(
            layer, layers, nn.LayerNorm(features), enable_nested_tensor=False
        )
        self.head = nn.Linear(features, classes)

    def forward(self, x):
        """(n, 1, side, side) to (n, classes)."""
        tokens = self.patches(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(len(x), -1, -1), tokens], 1) + self.position
        return self.head(self.encoder(tokens)[:, 0])


def network(name, side, classes, patch, dropout):
    if name == "attention":
        return Transformer(side, classes, patch, dropout=dropout)
    if name == "dense":
        return nn.Sequential(
            nn.Flatten(), nn.Linear(side * side, 512), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(512, 256), nn.ReLU(), nn.Dropout(dropout), nn.Linear(256, classes),
        )  # fmt: skip
    quarter = side // 4
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(),
        nn.Conv2d(32, 64, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(),
        nn.Flatten(), nn.Dropout(dropout), nn.Linear(64 * quarter * quarter, 128), nn.ReLU(),
        nn.Dropout(dropout), nn.Linear(128, classes),
    )  # fmt: skip


def shifted(x, most, dark):
    """Each picture by so many pixels at most, as layerwise does it."""
    count, _, side, _ = x.shape
    padded = nn.functional.pad(x, (most,) * 4, value=dark)
    by = torch.randint(0, 2 * most + 1, (2, count))
    rows = by[0][:, None] + torch.arange(side)
    columns = by[1][:, None] + torch.arange(side)
    return padded[torch.arange(count)[:, None, None], 0, rows[:, :, None], columns[:, None]][
        :, None
    ]


def main():
    rows = np.load(sys.argv[1])
    with open(sys.argv[2]) as file:
        o = json.load(file)
    torch.manual_seed(o["seed"])
    torch.set_num_threads(o["threads"])
    x, y = torch.tensor(rows["x"]), torch.tensor(rows["y"]).long()
    if sys.argv[3] == "speed":
        turns.answer({w: partial(speed, rows, o, x, y, w == "compiled") for w in WAYS})
        return
    print(json.dumps(train(rows, o, x, y)))


def train(rows, o, x, y):
    """Accuracy and seconds of a whole training."""
    net = network(o["architecture"], x.shape[2], o["classes"], o["patch"], o["dropout"])
    # The layout in which its convolutions are quickest.
    if o["architecture"] == "convolution":
        net = net.to(memory_format=torch.channels_last)
    optimizer = optimizer_of(net, o)
    steps = -(-len(x) // o["batch"])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, o["rate"], o["epochs"] * steps)
    loss_of = nn.CrossEntropyLoss()
    began = time.perf_counter()
    for _ in range(o["epochs"]):
        seen = shifted(x, o["shift"], float(x.min())) if o["shift"] else x
        for part in torch.randperm(len(x)).split(o["batch"]):
            step(net, optimizer, loss_of(net(seen[part]), y[part]))
            schedule.step()
    seconds = time.perf_counter() - began
    net.eval()
    with torch.no_grad():
        parts = [net(p).argmax(1) for p in torch.tensor(rows["x_test"]).split(1000)]
    right = torch.cat(parts).numpy() == rows["y_test"]
    return {"accuracy": float(right.mean()), "seconds": seconds}


def optimizer_of(net, o):
    return torch.optim.AdamW(net.parameters(), o["rate"], weight_decay=o["decay"], fused=True)


def step(net, optimizer, loss):
    """Change the weights once."""
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimizer.step()


WAYS = ("eager", "compiled")
"""Of training in turns."""


def speed(rows, o, x, y, compiled):
    """One of the ways, from the weights that all contenders begin with."""
    net = network(o["architecture"], x.shape[2], o["classes"], o["patch"], o["dropout"])
    names = {"token": "patches.class_token", "position": "patches.position"}
    net.load_state_dict({n: torch.tensor(rows[f"w:{names.get(n, n)}"]) for n in net.state_dict()})
    optimizer = optimizer_of(net, o)

    def loss_of(x, y):
        return nn.functional.cross_entropy(net(x), y)

    call = torch.compile(loss_of) if compiled else loss_of

    def epoch():
        losses = []
        for part in torch.randperm(len(x)).split(o["batch"]):
            loss = call(x[part], y[part])
            step(net, optimizer, loss)
            losses.append(loss.item())
        return float(np.mean(losses))

    return turns.Way(sum(p.numel() for p in net.parameters()), epoch)


if __name__ == "__main__":
    main()
