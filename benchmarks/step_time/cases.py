"""The networks and data sets that every contender trains."""

from dataclasses import dataclass

import numpy as np

LEARNING_RATE = 1e-3
DROPOUT = 0.1


@dataclass(frozen=True)
class Case:
    """One network, its data and its batch size.

    ``kind`` says how to read ``widths``:

    - ``"mlp"``: Linear layers from each width to the next, with ReLU between them;
    - ``"deep"``: each hidden layer is Linear, LayerNorm, GELU (exact) and Dropout, then a Linear;
    - ``"transformer"``: ``widths`` is (tokens, features, classes), see the attributes below.
    """

    letter: str
    summary: str
    kind: str
    widths: tuple[int, ...]
    rows: int
    batch_size: int
    loss: str = "cross_entropy"
    blocks: int = 0
    heads: int = 0
    feed_forward: int = 0
    try_one_thread: bool = False

    @property
    def steps(self) -> int:
        """Steps in one epoch, the last short batch being dropped."""
        return self.rows // self.batch_size

    @property
    def used_rows(self) -> int:
        """Rows that fill whole batches."""
        return self.steps * self.batch_size

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Return standard normal inputs and random labels, the same in every process."""
        random = np.random.default_rng(0)
        sample_shape = self.widths[:2] if self.kind == "transformer" else self.widths[:1]
        inputs = random.standard_normal((self.used_rows, *sample_shape), dtype=np.float32)
        if self.loss == "bce_with_logits":
            return inputs, random.integers(0, 2, (self.used_rows, 1)).astype(np.float32)
        return inputs, random.integers(0, self.widths[-1], self.used_rows)


CASES = {
    case.letter: case
    for case in [
        Case(
            letter="A",
            summary="MLP 20-64-64-2",
            kind="mlp",
            widths=(20, 64, 64, 2),
            rows=10_000,
            batch_size=32,
            try_one_thread=True,
        ),
        Case(
            letter="B",
            summary="MLP 64-100-10",
            kind="mlp",
            widths=(64, 100, 10),
            rows=10_000,
            batch_size=32,
            try_one_thread=True,
        ),
        Case(
            letter="C",
            summary="MLP 784-256-128-10",
            kind="mlp",
            widths=(784, 256, 128, 10),
            rows=10_000,
            batch_size=128,
            try_one_thread=True,
        ),
        Case(
            letter="D",
            summary="MLP 784-1024-1024-10",
            kind="mlp",
            widths=(784, 1024, 1024, 10),
            rows=10_000,
            batch_size=512,
        ),
        Case(
            letter="E",
            summary="MLP 54-512-512-512-7",
            kind="mlp",
            widths=(54, 512, 512, 512, 7),
            rows=10_000,
            batch_size=1024,
        ),
        Case(
            letter="F",
            summary="MLP 30-16-1, binary",
            kind="mlp",
            widths=(30, 16, 1),
            rows=2_000,
            batch_size=1,
            loss="bce_with_logits",
            try_one_thread=True,
        ),
        Case(
            letter="G",
            summary="100, 20 x [Linear 64, LayerNorm, GELU, Dropout], 10",
            kind="deep",
            widths=(100, *[64] * 20, 10),
            rows=5_000,
            batch_size=64,
            try_one_thread=True,
        ),
        Case(
            letter="H",
            summary="transformer encoder, 32 tokens x 64, 2 blocks, 4 heads",
            kind="transformer",
            widths=(32, 64, 10),
            rows=2_000,
            batch_size=32,
            blocks=2,
            heads=4,
            feed_forward=256,
        ),
    ]
}
