"""The learning-rate range test: what it reads from a curve, and that its advice is good."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

import layerwise as lw
from layerwise.training.range_test import smooth

SGD, Adam = lw.optim.SGD, lw.optim.Adam


def mlp(inputs, outputs, *layers, seed=0):
    with lw.nn.seed(seed):
        return lw.nn.Sequential(
            lw.nn.Linear(inputs, 32), *layers, lw.nn.ReLU(), lw.nn.Linear(32, outputs)
        )


def values(net):
    return {name: array.copy() for name, array in net.state_dict().items()}


def find(classes, net=None, **options):
    return lw.find_learning_rate(net or mlp(8, 3), classes, **options)


def test_the_network_is_left_as_it_was(backend, classes):
    net = mlp(8, 3, lw.nn.BatchNorm1d(32), lw.nn.Dropout(0.2))
    before = values(net)
    find(classes, net, steps=60)
    after = net.state_dict()
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert len(before) == len(after)
    # And so a training after it is the same as one without it.
    trained = lw.train(net, classes, epochs=2, optimizer=Adam(0.01)).net.state_dict()
    other = mlp(8, 3, lw.nn.BatchNorm1d(32), lw.nn.Dropout(0.2))
    lw.train(other, classes, epochs=2, optimizer=Adam(0.01))
    assert all(np.array_equal(trained[n], other.state_dict()[n]) for n in trained)


def test_the_rate_grows_exponentially_and_the_loss_is_that_of_the_steps(backend, classes):
    x, y = classes
    test = find((x, y), lowest=1e-9, highest=1e-1, steps=40, batch_size=30, seed=3)
    np.testing.assert_allclose(test.rates, np.geomspace(1e-9, 1e-1, 40))
    assert test.batch_size == 30
    assert (test.optimizer, test.loss) == ("Adam", "cross_entropy")
    # The rows of the first epoch are those of a training with this seed.
    run = lw.train(mlp(8, 3), (x, y), epochs=1, batch_size=30, seed=3, learning_rate=1e-12)
    assert test.losses[:7].mean() == pytest.approx(run.history[0].training_loss, rel=1e-4)
    np.testing.assert_allclose(test.smoothed, smooth(test.losses, 2.0))


def test_smoothing_is_the_corrected_exponential_mean():
    losses = np.array([4.0, 2.0, 3.0])
    np.testing.assert_allclose(smooth(losses, 4.0)[0], 4.0)
    keep = 0.75
    raw = (1 - keep) * (keep**2 * 4 + keep * 2 + 3)
    np.testing.assert_allclose(smooth(losses, 4.0)[2], raw / (1 - keep**3))
    np.testing.assert_allclose(smooth(np.full(50, 7.0), 20.0), 7.0)


def test_the_same_seed_finds_the_same_rate_on_any_number_of_threads(classes):
    net = mlp(8, 3)
    tests = [find(classes, net, seed=seed, threads=n) for seed, n in ((1, 1), (1, 2), (2, 1))]
    np.testing.assert_array_equal(tests[0].losses, tests[1].losses)
    assert tests[0].suggestion == tests[1].suggestion
    assert not np.array_equal(tests[0].losses, tests[2].losses)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_loss_that_diverges_ends_the_test_without_an_error(backend, classes, optimizer):
    test = find(classes, optimizer=optimizer, highest=1e6, steps=200)
    assert len(test.rates) == len(test.losses) == len(test.smoothed) < 200
    assert np.isfinite(test.smoothed).all()
    assert test.too_small_below < test.suggestion < test.diverges_above < 1e6
    assert f"above {test.diverges_above:.2g} it " in test.reason


def test_a_loss_that_becomes_nan_at_once(classes):
    x, y = classes
    test = find((x * 1e18, y), optimizer="sgd", loss="cross_entropy")
    assert len(test.losses) < 300
    assert np.isfinite(test.losses).all()
    assert test.suggestion > 0
    assert "diverged at once" in test.reason
    assert test.draw() is not None
    assert test.text()


def test_a_loss_that_is_nan_before_any_step(classes):
    x, _ = classes

    def broken(prediction, target):
        return lw.log(prediction * 0.0 - 1.0)[:, 0]

    with pytest.raises(lw.DataError, match="before the first update"):
        find((x, x[:, 0]), mlp(8, 1), loss=broken)


def test_losses_below_zero_have_a_range_too(backend, generator):
    x = generator.standard_normal((200, 4)).astype(np.float32)
    y = generator.poisson(8 * np.exp(0.3 * x[:, 0]))
    test = lw.find_learning_rate(mlp(4, 1), (x, y), loss="poisson")
    assert test.smoothed.min() < 0
    assert 1e-3 < test.suggestion < 0.3
    assert test.diverges_above is not None


def test_what_cannot_be_learned_is_said(generator):
    x = generator.standard_normal((64, 4)).astype(np.float32)
    y = generator.standard_normal(64) * 100
    test = lw.find_learning_rate(mlp(4, 1), (x, y), highest=1e-5)
    assert "did not fall at any rate" in test.reason
    assert test.suggestion == 1e-5


def test_a_range_that_ends_too_early_is_said(classes):
    test = find(classes, lowest=1e-5, highest=1e-3)
    assert test.diverges_above is None
    assert "it does not rise: try highest=0.1" in test.reason
    assert test.suggestion == pytest.approx(1e-3 / 4, rel=0.2)


def test_a_suggestion_that_fails_its_trial_is_made_smaller(generator):
    # The first weights are far off, so that a rate which is right later is too large for them.
    x = generator.standard_normal((200, 10)).astype(np.float32)
    y = x[:, 0]
    with lw.nn.seed(0):
        layers = [lw.nn.Linear(10, 64), lw.nn.ReLU(), lw.nn.Linear(64, 64), lw.nn.ReLU()]
        net = lw.nn.Sequential(*layers, lw.nn.Linear(64, 1))
    for parameter in net.parameters():
        parameter.value = parameter.value * 3
    test = lw.find_learning_rate(net, (x, y), optimizer="sgd")
    assert "did not do as well as the test" in test.reason
    run = lw.train(net, (x, y), optimizer=SGD(test.suggestion), epochs=20)
    assert run.history[-1].training_loss < 0.1 * test.losses[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lowest": 0}, "0 < lowest < highest"),
        ({"lowest": 1.0, "highest": 0.1}, "got 1 and 0.1"),
        ({"highest": np.inf}, "highest"),
        ({"steps": 5}, "steps: expected a whole number of at least 20"),
        ({"optimizer": "adm"}, "did you mean 'adam'"),
        ({"loss": "cross_entropi"}, "did you mean 'cross_entropy'"),
    ],
)
def test_mistakes_are_named(classes, options, message):
    with pytest.raises(lw.OptionError, match=message):
        find(classes, **options)


def test_the_default_number_of_steps(classes):
    x, y = np.tile(classes[0], (30, 1)), np.tile(classes[1], 30)
    quiet = {"lowest": 1e-8, "highest": 1e-7}
    assert len(find(classes, **quiet).rates) == 300
    assert len(find((x, y), **quiet).rates) == 3 * -(-6300 // 32)
    assert len(find((x, y), batch_size=4, **quiet).rates) == 1000
    assert find(classes, batch_size=500, **quiet).batch_size == 210


def test_weights_and_other_options_count(classes):
    x, y = classes
    plain = find((x, y), steps=50).losses
    for options in (
        {"class_weight": [1.0, 5.0, 1.0]},
        {"sample_weight": np.arange(210.0) + 1},
        {"label_smoothing": 0.2},
        {"clip_norm": 0.01},
    ):
        assert not np.array_equal(plain, find((x, y), steps=50, **options).losses)


def test_it_is_read_as_text(classes):
    test = find(classes)
    assert str(test).startswith(
        f"learning rate {test.suggestion:g}. The loss was down to its lowest"
    )
    for width in (40, 60, 100):
        lines = test.text(width).splitlines()
        assert max(map(len, lines)) <= width
        assert len(lines) == 10
        assert f"suggested: {test.suggestion:g}" in lines[-2]
        assert "learning rate" in lines[-1]
    heights = [sum(line[8 + at] != " " for line in lines[:-2] if len(line) > 8 + at)
               for at in (2, 70)]  # fmt: skip
    assert heights[0] > heights[1]


# -- the advice ------------------------------------------------------------------------------------


def problem(name):
    if name == "digits":
        images, y = lw.data.load_digits()
        x, outputs = images / 16, 10
    elif name == "cancer":
        (x, y), outputs = load_breast_cancer(return_X_y=True), 1
    elif name == "wine":  # so few rows that the test visits each of them seventy times
        (x, y), outputs = load_wine(return_X_y=True), 3
    else:
        (x, y), outputs = load_diabetes(return_X_y=True), 1
        y = (y - y.mean()) / y.std()
    if name != "digits":
        x = lw.data.standardise(x)(x)
    order = np.random.default_rng(0).permutation(len(y))
    held_out, rest = order[: len(y) // 4], order[len(y) // 4 :]
    return (x[rest], y[rest]), (x[held_out], y[held_out]), outputs


@pytest.mark.parametrize("name", ["digits", "cancer", "diabetes", "wine"])
@pytest.mark.parametrize("optimizer", [SGD(0.01, momentum=0.9), Adam()], ids=["sgd", "adam"])
def test_the_suggestion_is_nearly_as_good_as_the_best_of_many_rates(name, optimizer):
    data, held_out, outputs = problem(name)

    def lowest(rate):
        net = mlp(data[0].shape[1], outputs)
        try:
            run = lw.train(net, data, validation=held_out, optimizer=optimizer, epochs=10,
                           learning_rate=float(rate))  # fmt: skip
        except lw.TrainingDiverged:
            return np.inf
        return min(run.history["validation_loss"])

    test = lw.find_learning_rate(mlp(data[0].shape[1], outputs), data, optimizer=optimizer)
    grid = [lowest(rate) for rate in np.geomspace(1e-5, 10, 19)]
    start, best = lowest(1e-12), min(grid)
    # The part of the loss that can be taken away that the suggested rate takes away.
    assert (start - lowest(test.suggestion)) / (start - best) > 0.95
