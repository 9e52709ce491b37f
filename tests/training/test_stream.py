"""Rows that come block by block."""

import threading

import numpy as np
import pytest

import layerwise as lw
from layerwise.data.ahead import ahead
from layerwise.training.stream import train_stream


def table(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(count, 5)).astype(np.float32)
    y = (x @ np.array([1, -2, 0.5, 0, 3]) + np.sin(3 * x[:, 0])).astype(np.float32)
    return x, y


def blocks_of(x: np.ndarray, y: np.ndarray, size: int):
    return lambda: ((x[i : i + size], y[i : i + size], None) for i in range(0, len(x), size))


def net() -> lw.nn.Sequential:
    with lw.nn.seed(3):
        return lw.nn.Sequential(lw.nn.Linear(5, 32), lw.nn.Tanh(), lw.nn.Linear(32, 1))


def test_a_stream_is_learned_as_well_as_rows_in_memory() -> None:
    x, y = table(20_000)
    held_out = table(2_000, seed=1)
    streamed = net()
    run = train_stream(
        streamed, blocks_of(x, y, 3_000), rows=20_000, block_rows=3_000, passes=2,
        batch_size=64, validation=held_out, learning_rate=5e-3,
    )  # fmt: skip
    whole = net()
    lw.train(
        whole, (x, y), validation=held_out, epochs=2, batch_size=64, learning_rate=5e-3,
        schedule="cosine",
    )  # fmt: skip
    expected = np.square(whole(held_out[0])[:, 0] - held_out[1]).mean()
    assert np.square(streamed(held_out[0])[:, 0] - held_out[1]).mean() < 1.5 * expected
    assert run.stopped == "epochs"
    assert len(run.history) == 14
    assert run.steps == 2 * (6 * 47 + 32)  # blocks of 3,000 rows and one of 2,000


def test_the_same_seed_gives_the_same_weights() -> None:
    x, y = table(2_000)
    nets = [net(), net()]
    for each in nets:
        train_stream(each, blocks_of(x, y, 700), rows=2_000, block_rows=700, seed=5)
    first, second = (each.state_dict() for each in nets)
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_no_more_blocks_than_a_few_are_alive_at_once() -> None:
    alive, most = 0, 0
    x, y = table(500)

    class Counted(np.ndarray):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def blocks():
        nonlocal alive, most
        for _ in range(30):
            alive += 1
            most = max(most, alive)
            yield np.array(x).view(Counted), y, None

    train_stream(net(), blocks, rows=15_000, block_rows=500)
    assert most <= 6


def test_validation_is_measured_about_twenty_times() -> None:
    x, y = table(8_000)
    run = train_stream(
        net(), blocks_of(x, y, 100), rows=8_000, block_rows=100, validation=table(100, 1)
    )
    measured = [epoch.validation_loss is not None for epoch in run.history]
    assert 20 <= sum(measured) <= 22
    assert measured[-1]


def test_a_stream_stops_when_told_to() -> None:
    x, y = table(2_000)
    run = train_stream(
        net(), blocks_of(x, y, 100), rows=2_000, block_rows=100, on_block=lambda e: e.epoch < 3
    )
    assert len(run.history) == 3
    assert run.stopped == "on_epoch"


def test_more_blocks_than_were_announced_are_all_trained_on() -> None:
    x, y = table(300)
    run = train_stream(net(), blocks_of(x, y, 10), rows=10, block_rows=10)
    assert len(run.history) == 30
    assert run.stopped == "epochs"


def test_fewer_blocks_than_were_announced_end_the_training() -> None:
    x, y = table(300)
    run = train_stream(net(), blocks_of(x, y, 100), rows=1_000, block_rows=100)
    assert len(run.history) == 3
    assert run.stopped == "epochs"


def test_no_rows_are_an_error() -> None:
    with pytest.raises(lw.DataError, match="expected rows to train on"):
        train_stream(net(), list, rows=0, block_rows=1)


def test_a_block_that_is_not_finite_is_named_as_in_memory() -> None:
    x, y = table(300)
    x[250, 2] = np.nan
    with pytest.raises(lw.DataError, match="column 2"):
        train_stream(net(), blocks_of(x, y, 100), rows=300, block_rows=100)


def test_ahead_gives_the_same_items_and_their_exception() -> None:
    def items():
        yield from range(5)
        raise KeyError("gone")

    taken: list[int] = []
    with pytest.raises(KeyError, match="gone"):
        taken.extend(ahead(items()))
    assert taken == [0, 1, 2, 3, 4]


def test_ahead_ends_its_thread_when_it_is_closed() -> None:
    before = threading.active_count()
    items = ahead(iter(range(1_000_000)))
    assert next(items) == 0
    items.close()
    assert threading.active_count() == before
