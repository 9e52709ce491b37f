"""Rows of several shapes in one training."""

from __future__ import annotations

import numpy as np
import pytest

import layerwise as lw
from layerwise import nn


class Pooled(nn.Module):
    """The mean of words' vectors, then a dense layer."""

    def __init__(self, outputs: int = 3) -> None:
        self.embedding = nn.Embedding(50, 8)
        self.dropout = nn.Dropout(0.1)
        self.out = nn.Linear(8, outputs)

    def forward(self, index):
        return self.out(lw.relu(self.dropout(lw.mean(self.embedding(index), 1))))


def net(outputs: int = 3) -> Pooled:
    nn.seed(0)
    return Pooled(outputs)


def rows(count: int, length: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Sequences whose class is the most common remainder of their numbers by 3."""
    drawn = np.random.default_rng(seed + length).integers(0, 50, (count, length)).astype(np.int32)
    return drawn, np.array([np.bincount(row % 3, minlength=3).argmax() for row in drawn])


def buckets(seed: int = 0) -> lw.Buckets:
    return lw.Buckets([rows(300, 8, seed), rows(200, 12, seed), rows(45, 16, seed)])


def weights(network: nn.Module) -> np.ndarray:
    return np.concatenate([p.value.ravel() for _, p in network.named_parameters()])


def test_buckets_learn_together_and_give_the_same_bits_on_any_number_of_threads():
    held = lw.Buckets([rows(60, 8, 7), rows(40, 20, 7)])
    found, networks = [], []
    for options in ({"threads": 1}, {"threads": 2}, {"probes": False}, {"chunk_seconds": 1e-4}):
        networks.append(net())
        run = lw.train(networks[-1], buckets(), validation=held, epochs=12, learning_rate=0.01,
                       **options)  # fmt: skip
        found.append(run)
    assert found[0].history[-1].training_accuracy > 0.75
    assert found[0].history[-1].validation_accuracy > 0.65
    for other in networks[1:]:
        np.testing.assert_array_equal(weights(other), weights(networks[0]))
    assert found[0].steps == 12 * sum(-(-n // 32) for n in (300, 200, 45))
    assert len(found[0].probes) > 0
    assert found[2].probes is None
    assert np.isfinite(found[0].probes.values["spread"][:, -1]).all()


def test_the_reference_backend_trains_the_same():
    here, there = net(), net()
    lw.train(here, buckets(), epochs=1)
    lw.train(there, buckets(), epochs=1, backend="reference")
    np.testing.assert_allclose(weights(here), weights(there), atol=2e-6)


def test_one_bucket_in_order_is_an_ordinary_training():
    x, y = rows(100, 8)
    plain, bucketed = net(), net()
    one = lw.train(plain, (x, y), epochs=3, shuffle=False)
    other = lw.train(bucketed, lw.Buckets([(x, y)]), epochs=3, shuffle=False)
    np.testing.assert_array_equal(weights(plain), weights(bucketed))
    assert one.history["training_loss"] == other.history["training_loss"]


def test_every_row_counts_once_in_an_epoch():
    # At rate ~0 nothing changes, so the losses are those of an untouched net over all rows.
    options = {"epochs": 1, "learning_rate": 1e-30, "optimizer": "sgd"}
    network = net()
    network.dropout.p = 0.0
    run = lw.train(network, buckets(), **options)
    losses, count = 0.0, 0
    for x, y, _ in buckets().parts:
        z = np.asarray(network(x), np.float64)
        losses += float((np.log(np.exp(z).sum(1)) - z[np.arange(len(y)), y]).sum())
        count += len(y)
    assert run.history[0].training_loss == pytest.approx(losses / count, rel=1e-5)


def test_weights_of_rows_and_of_classes():
    x, y = rows(100, 8)
    half = np.where(np.arange(100) < 50, 1.0, 0.0)
    weighted, fewer = net(), net()
    lw.train(weighted, lw.Buckets([(x, y, half)]), epochs=1, batch_size=100, shuffle=False)
    lw.train(fewer, (x[:50], y[:50]), epochs=1, batch_size=50, shuffle=False)
    # Dropout draws by place in the batch, so the first rows see the same masks.
    np.testing.assert_allclose(weights(weighted), weights(fewer), atol=1e-6)
    run = lw.train(net(), buckets(), epochs=1, class_weight="balanced")
    assert len(run.config["class_weight"]) == 8 or run.config["class_weight"] == "balanced"


def test_a_killed_training_resumes_with_the_same_bits(tmp_path):
    whole = net()
    lw.train(whole, buckets(), epochs=4)
    file = tmp_path / "checkpoint"
    stopped = net()
    lw.train(stopped, buckets(), epochs=4, checkpoint=file, on_epoch=lambda e: e.epoch < 2)
    again = net()
    lw.train(again, buckets(), epochs=4, checkpoint=file, resume=True)
    np.testing.assert_array_equal(weights(again), weights(whole))
    with pytest.raises(lw.CheckpointError, match="another training"):
        lw.train(net(), buckets(1), epochs=4, checkpoint=file, resume=True)


def test_a_loss_that_is_no_number_names_the_layer_and_the_step():
    with pytest.raises(lw.TrainingDiverged, match="step 2 of 19") as caught:
        lw.train(net(), buckets(), epochs=2, learning_rate=1e30, optimizer="sgd")
    assert caught.value.layer == "out"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: lw.Buckets([]), "at least one bucket"),
        (lambda: lw.Buckets([rows(3, 8)[0]]), "bucket 0: expected .X, y."),
        (lambda: lw.Buckets([rows(3, 8), rows(4, 8)]), "buckets 0 and 1 both have rows of shape"),
        (lambda: lw.train(net(), buckets(), validation=rows(9, 8)), "validation: expected Buckets"),
        (lambda: lw.train(net(), rows(9, 8), validation=buckets()), "data: expected Buckets"),
        (lambda: lw.train(net(), buckets(), early_stopping=3), "early_stopping needs validation"),
        (lambda: lw.train(net(), buckets(), sample_weight=[1.0]), "give each bucket its own"),
        (
            lambda: lw.train(net(), lw.Buckets([(rows(4, 8)[0], [1] * 4)]), epochs=1),
            "every row has the class 1",
        ),
    ],
)
def test_what_does_not_fit_is_refused(make, message):
    with pytest.raises((lw.DataError, lw.OptionError), match=message):
        make()
