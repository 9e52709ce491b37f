"""Schedules: shapes against optax, warm-up, durations, plateaus, resuming."""

import numpy as np
import optax
import pytest

from layerwise import optim
from layerwise.errors import OptionError
from layerwise.optim.schedules import in_steps

TOTAL, EPOCH = 60, 10


def rates(schedule, base=0.1, first=0, steps=TOTAL, total=TOTAL):
    return schedule.rates(base, first, steps, total, EPOCH)


ORACLES = {
    "constant": (optim.Constant(), optax.constant_schedule(0.1)),
    "step": (
        optim.StepDecay(every="2 epochs", factor=0.5),
        optax.exponential_decay(0.1, 20, 0.5, staircase=True),
    ),
    "exponential": (optim.ExponentialDecay(factor=0.8), optax.exponential_decay(0.1, EPOCH, 0.8)),
    "cosine": (optim.CosineDecay(final=0.1), optax.cosine_decay_schedule(0.1, TOTAL, 0.1)),
    "one_cycle": (
        optim.OneCycle(),
        optax.cosine_onecycle_schedule(TOTAL, 0.1, final_div_factor=1e4),
    ),
    "cosine after a warm-up": (
        optim.CosineDecay(warmup=15),
        optax.join_schedules(
            [
                optax.linear_schedule(0.1 / 15, 0.1, 14),
                optax.cosine_decay_schedule(0.1, TOTAL - 15),
            ],
            [15],
        ),
    ),
}


@pytest.mark.parametrize("case", ORACLES)
def test_agrees_with_optax(case):
    ours, theirs = ORACLES[case]
    got = rates(ours)
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, [float(theirs(i)) for i in range(TOTAL)], rtol=1e-6)


@pytest.mark.parametrize("name", optim.SCHEDULES)
@pytest.mark.parametrize("warmup", [0, 7])
def test_any_part_of_a_run_is_the_same_part_of_the_whole(name, warmup):
    schedule = optim.schedule(name, warmup=warmup)
    whole = rates(schedule)
    parts = [rates(schedule, first=i, steps=13) for i in range(0, TOTAL, 13)]
    np.testing.assert_array_equal(np.concatenate(parts)[:TOTAL], whole)
    assert (whole > 0).all()
    assert (whole <= 0.1 * (1 + 1e-12)).all()


@pytest.mark.parametrize("name", optim.SCHEDULES)
def test_warm_up_rises_in_a_line_to_where_the_schedule_begins(name):
    schedule = optim.schedule(name, warmup="1 epoch")
    begin = rates(optim.schedule(name), total=TOTAL - 10)[0]
    np.testing.assert_allclose(rates(schedule)[:11], begin * np.minimum(np.arange(1, 12), 10) / 10)


@pytest.mark.parametrize("name", optim.SCHEDULES)
@pytest.mark.parametrize("total", [1, 2, 5])
def test_runs_shorter_than_their_warm_up_have_rates(name, total):
    assert np.isfinite(rates(optim.schedule(name, warmup=5), steps=8, total=total)).all()
    assert rates(optim.schedule(name), steps=0).shape == (0,)


@pytest.mark.parametrize(
    ("duration", "steps"),
    [(0, 0), (7, 7), (7.0, 7), (0.25, 50), ("3 epochs", 30), ("1 epoch", 10), ("0.5 epochs", 5),
     ("12 steps", 12), ("10%", 20), (" 5 % ", 10)],
)  # fmt: skip
def test_durations(duration, steps):
    assert in_steps(duration, 200, 10) == steps


@pytest.mark.parametrize("duration", [-1, 1.5, "soon", "-2 epochs", "3"])
def test_durations_that_say_nothing(duration):
    with pytest.raises(OptionError, match="expected a"):
        optim.Constant(warmup=duration)


# -- plateau ---------------------------------------------------------------------------------------


def scales(schedule, metrics):
    """The rate over the base rate after each observation."""
    result = []
    for metric in metrics:
        schedule.observe(metric)
        result.append(float(rates(schedule, base=1.0, steps=1)[0]))
    return result


def test_plateau_agrees_with_optax():
    metrics = [1.0, 0.9, 0.95, 0.91, 0.92, 0.8, 0.81, 0.8, 0.8, 0.79999, 0.5, 0.6, 0.6, 0.6]
    ours = optim.ReduceOnPlateau(factor=0.5, patience=2)
    transform = optax.contrib.reduce_on_plateau(factor=0.5, patience=3, rtol=1e-4)
    state, expected = transform.init({}), []
    for metric in metrics:
        _, state = transform.update({}, state, value=metric)
        expected.append(float(state.scale))
    np.testing.assert_allclose(scales(ours, metrics), expected)
    assert expected[-1] < 1


def test_plateau_waits_for_patience_and_cooldown():
    schedule = optim.ReduceOnPlateau(factor=0.1, patience=1, cooldown=2, minimum=0.05)
    got = scales(schedule, [1, 1, 1, 1, 1, 1, 1, 1])
    np.testing.assert_allclose(got, [1, 1, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05])


def test_plateau_of_a_measure_that_grows():
    schedule = optim.ReduceOnPlateau(patience=1, higher_is_better=True)
    assert scales(schedule, [0.1, 0.5, 0.6, 0.6, 0.59]) == pytest.approx([1, 1, 1, 1, 0.1])


def test_plateau_counts_nan_as_no_improvement():
    schedule = optim.ReduceOnPlateau(patience=1)
    assert scales(schedule, [np.nan, np.nan, 1.0]) == pytest.approx([1, 0.1, 0.1])


@pytest.mark.parametrize("name", optim.SCHEDULES)
def test_state_resumes(name):
    schedule, metrics = optim.schedule(name), [1.0] * 8 + [0.5] + [0.6] * 20
    scales(schedule, metrics[:10])
    resumed = optim.schedule(name)
    resumed.restore(schedule.state())
    assert scales(schedule, metrics[10:]) == scales(resumed, metrics[10:])
    if name != "reduce_on_plateau":
        assert schedule.state() == {}


def test_one_run_does_not_change_the_next():
    mine = optim.ReduceOnPlateau(patience=0)
    scales(optim.schedule(mine), [1, 1, 1])
    assert rates(mine)[0] == 0.1


# -- names and errors ------------------------------------------------------------------------------


def test_names():
    assert optim.schedule(None) == optim.Constant()
    assert optim.schedule("one-cycle", rise=0.2) == optim.OneCycle(rise=0.2)
    with pytest.raises(OptionError, match="did you mean 'cosine'"):
        optim.schedule("cosin")
    with pytest.raises(TypeError, match="expected a schedule"):
        optim.schedule(3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optim.StepDecay(factor=0), "step: expected factor"),
        (lambda: optim.StepDecay(every=0), "every above 0"),
        (lambda: optim.ExponentialDecay(factor=1.5), "exponential: expected factor"),
        (lambda: optim.CosineDecay(final=-1), "cosine: expected final"),
        (lambda: optim.OneCycle(rise=1), "rise between 0 and 1"),
        (lambda: optim.ReduceOnPlateau(patience=-1), "patience of at least 0"),
    ],
)
def test_options_out_of_range_are_named(make, message):
    with pytest.raises(OptionError, match=message):
        make()
