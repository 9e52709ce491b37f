"""From rows to an ensemble, in memory and as a stream."""

import threading

import numpy as np
import pytest

import layerwise as lw
from layerwise.nn.losses import find
from layerwise.tabular import Columns, Recipe, Rows, Task, Watch, fit
from layerwise.tabular.stream import fit_stream

NUMBERS = Task("numbers", 1, find("mse"))
BINARY = Task("binary", 1, find("bce_with_logits"))
QUICK = Recipe(folds=3, epochs=15)


def bent(count: int = 600, seed: int = 0) -> Rows:
    """Numbers whose target bends and in which two columns act together."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(count, 4)).astype(np.float32)
    y = np.abs(x[:, 0]) + x[:, 1] * x[:, 2] + 0.1 * generator.normal(size=count)
    return Rows(x, target=y.astype(np.float32)[:, None])


def straight(count: int = 300, seed: int = 0) -> Rows:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(count, 8)).astype(np.float32)
    chance = 1 / (1 + np.exp(-(x[:, 0] - x[:, 1])))
    return Rows(x, target=(generator.random(count) < chance).astype(np.float32)[:, None])


def error(ensemble, rows: Rows) -> float:
    return float(np.square(ensemble.predict(rows) - rows.target).mean())


def weights_by_name(ensemble) -> dict[str, float]:
    names = [kind.name for kind in ensemble.kinds]
    return dict(zip(names, ensemble.weights / ensemble.weights.sum(), strict=True))


def test_networks_count_where_the_target_bends() -> None:
    ensemble = fit(bent(1500), Columns(4, 4), NUMBERS, Recipe(folds=4, epochs=40))
    counts = weights_by_name(ensemble)
    assert counts.get("linear", 0) + counts.get("additive", 0) < 0.15
    variance = bent(500, 1).target.var()
    assert error(ensemble, bent(500, 1)) < 0.15 * variance


def test_little_is_lost_where_straight_lines_are_all_there_is() -> None:
    def log_loss(recipe: Recipe) -> float:
        found = []
        for seed in range(3):
            rows, unseen = straight(seed=seed), straight(2000, 10 + seed)
            z = fit(rows, Columns(8, 8), BINARY, recipe, seed=seed).predict(unseen)
            found.append(np.logaddexp(0, np.where(unseen.target > 0, -z, z)).mean())
        return float(np.mean(found))

    lines = log_loss(Recipe(kinds=("linear",), folds=4, epochs=20))
    network = log_loss(Recipe(kinds=("rectified",), folds=4, epochs=20, calibrate=False))
    default = log_loss(Recipe(folds=4, epochs=20))
    assert lines < network
    assert default < lines + 0.5 * (network - lines)


def test_the_pool_is_no_worse_than_its_best_kind() -> None:
    rows, unseen = bent(800), bent(800, 1)
    pooled = error(fit(rows, Columns(4, 4), NUMBERS, QUICK), unseen)
    names = ("linear", "additive", "piecewise", "rectified", "periodic")
    alone = [
        error(fit(rows, Columns(4, 4), NUMBERS, Recipe(kinds=(name,), folds=3, epochs=15)), unseen)
        for name in names
    ]
    assert pooled < 1.05 * min(alone)


def test_the_same_seed_gives_the_same_bits_on_one_thread_and_two() -> None:
    rows = bent(300)
    found = [
        fit(rows, Columns(4, 4), NUMBERS, QUICK, seed=4, threads=n).predict(rows) for n in (1, 2)
    ]
    assert np.array_equal(*found)
    other = fit(rows, Columns(4, 4), NUMBERS, QUICK, seed=5).predict(rows)
    assert not np.array_equal(found[0], other)


def test_rows_given_for_validation_are_not_trained_on() -> None:
    rows, held_out = bent(300), bent(100, 1)
    ensemble = fit(rows, Columns(4, 4), NUMBERS, QUICK, validation=held_out)
    assert all(m.held_out.shape == (100, 1) for m in ensemble.members)
    assert error(ensemble, held_out) < held_out.target.var()


def test_groups_are_never_divided() -> None:
    groups = np.repeat(np.arange(30), 10)
    ensemble = fit(bent(300), Columns(4, 4), NUMBERS, QUICK, groups=groups)
    for member in ensemble.members:
        inside = set(groups[member.validation])
        assert not inside & set(np.delete(groups, member.validation))


def test_refit_trains_each_kind_once_on_all_rows() -> None:
    ensemble = fit(bent(300), Columns(4, 4), NUMBERS, Recipe(folds=3, epochs=10, refit=True))
    assert len(ensemble.members) == len(ensemble.kinds)
    assert all(m.validation is None for m in ensemble.members)


def test_categories_with_vectors_are_learned() -> None:
    generator = np.random.default_rng(0)
    effect = generator.normal(size=50)
    codes = generator.integers(0, 50, (2000, 1)).astype(np.int32)
    y = (effect[codes[:, 0]] + 0.1 * generator.normal(size=2000)).astype(np.float32)[:, None]
    rows = Rows(np.zeros((2000, 1), np.float32), codes, y)
    ensemble = fit(rows, Columns(1, 0, (50,)), NUMBERS, QUICK)
    assert error(ensemble, rows) < 0.1 * y.var()


def test_an_ensemble_can_be_saved_as_one_network(tmp_path) -> None:
    rows = bent(200)
    ensemble = fit(rows, Columns(4, 4), NUMBERS, Recipe(folds=2, epochs=3))
    module = ensemble.module()
    assert module(rows.numbers) == pytest.approx(ensemble.predict(rows), abs=1e-5)
    module.save(tmp_path / "m.safetensors")
    loaded = lw.load(tmp_path / "m.safetensors")
    assert loaded(rows.numbers) == pytest.approx(ensemble.predict(rows), abs=1e-5)


def test_a_fit_stops_when_told_to_and_leaves_no_thread() -> None:
    before = threading.active_count()
    watch = Watch(on_epoch=lambda member, epoch, net: epoch.epoch < 2)
    ensemble = fit(bent(300), Columns(4, 4), NUMBERS, Recipe(epochs=500, patience=500), watch=watch)
    assert ensemble.members
    assert watch.stopped
    assert threading.active_count() == before


def test_threads_may_predict_at_once() -> None:
    rows = bent(400)
    ensemble = fit(rows, Columns(4, 4), NUMBERS, QUICK)
    expected, found = ensemble.predict(rows), []
    threads = [
        threading.Thread(target=lambda: found.append(ensemble.predict(rows))) for _ in range(4)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert all(np.array_equal(each, expected) for each in found)


def test_one_row_is_too_few() -> None:
    with pytest.raises(lw.DataError, match="at least 2 rows"):
        fit(bent(1), Columns(4, 4), NUMBERS, QUICK)


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(lw.OptionError, match="did you mean 'periodic'"):
        Recipe(kinds=("periodical",))


def test_a_stream_is_learned_as_well_as_rows_in_memory() -> None:
    rows, unseen = bent(30_000), bent(2_000, 1)
    recipe = Recipe(kinds=("piecewise",), folds=1, epochs=3)
    streamed = fit_stream(
        lambda: (rows.take(np.arange(i, i + 5_000)) for i in range(0, 30_000, 5_000)),
        rows.take(np.arange(2_000)), Columns(4, 4), NUMBERS, recipe,
        rows=30_000, block_rows=5_000, validation=bent(1_000, 2),
    )  # fmt: skip
    whole = fit(rows, Columns(4, 4), NUMBERS, recipe, validation=bent(1_000, 2))
    assert error(streamed, unseen) < 2 * error(whole, unseen)
    assert error(streamed, unseen) < 0.05 * unseen.target.var()
    assert len(streamed.members[0].history) == 18


def test_a_rate_that_is_too_high_is_lowered_and_tried_again() -> None:
    rows = bent(200)
    wild = lw.optim.SGD(learning_rate=3.0)
    recipe = Recipe(kinds=("linear",), folds=2, epochs=30, optimizer=wild, schedule="constant")
    ensemble = fit(rows, Columns(4, 4), NUMBERS, recipe)
    assert np.isfinite(ensemble.predict(rows)).all()
    assert ensemble.members[0].history[0].learning_rate < 3.0
