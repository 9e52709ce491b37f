"""Pictures: what is drawn is what was measured, and nothing is imported before it is needed."""

import subprocess
import sys

import numpy as np
import pytest

import layerwise as lw
from layerwise.insight.drawing.activation import curve
from layerwise.insight.drawing.schedule import rates

insight, nn, optim = lw.insight, lw.nn, lw.optim


def lines(axes):
    return [line.get_xydata() for line in axes.get_lines() if len(line.get_xydata()) > 2]


@pytest.mark.parametrize("name", nn.ACTIVATIONS)
def test_every_activation_is_drawn_with_its_derivative(name):
    figure = insight.draw_activation(name, -4, 4)
    left, right = figure.axes
    assert nn.ACTIVATIONS[name].__name__ in left.get_title("left")
    assert right.get_title("left").startswith("derivative of ")
    found = curve(name, -4, 4)
    np.testing.assert_array_equal(np.concatenate(lines(left))[:, 1], found.y)
    np.testing.assert_array_equal(np.concatenate(lines(right))[:, 1], found.slope)
    assert found.alone is ("softmax" not in name)
    between = (found.x[1:] + found.x[:-1]) / 2
    smooth = np.abs(between) > 0.02  # not at a corner
    slope = (np.diff(found.y) / np.diff(found.x))[smooth]
    np.testing.assert_allclose(np.interp(between[smooth], found.x, found.slope), slope, atol=1e-4)


def test_softmax_is_drawn_as_the_sigmoid_that_it_is():
    np.testing.assert_allclose(curve("softmax").y, curve("sigmoid").y, rtol=1e-12)
    (left, _) = insight.draw_activation("softmax").axes
    assert "for the row (x, 0)" in left.get_title("left")


def test_a_jump_is_not_drawn_as_a_line():
    _, right = insight.draw_activation("relu").axes
    flat, one = lines(right)
    assert set(flat[:, 1]) == {0.0}
    assert set(one[:, 1]) == {1.0}


def test_functions_and_modules_of_ones_own():
    def cube(x):
        return x * x * x

    assert insight.draw_activation(cube).axes[0].get_title("left") == "cube"
    np.testing.assert_allclose(curve(cube).slope, 3 * curve(cube).x ** 2)
    # Infinite at one end, and still drawn.
    assert len(insight.draw_activation(lambda p: -lw.log(p), 0, 1).axes) == 2

    class Scaled(nn.Module):
        def __init__(self):
            self.slope = nn.Parameter(np.array(3.0, np.float32), "slope")

        def forward(self, x):
            return x * self.slope

    np.testing.assert_array_equal(curve(Scaled()).slope, 3.0)


def test_bad_functions_are_explained():
    with pytest.raises(ValueError, match="sigmoid"):
        insight.draw_activation("sigmiod")
    with pytest.raises(lw.OptionError, match="low below high"):
        insight.draw_activation("relu", 1, 1)
    with pytest.raises(lw.OptionError, match="finite nowhere from -2 to -1"):
        insight.draw_activation(lw.log, -2, -1)
    with pytest.raises(lw.OptionError, match="keeps the shape"):
        insight.draw_activation(lw.sum)


def trained(**options):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(60, 2)).astype(np.float32)
    y = (x[:, 0] > 0).astype(int)
    with nn.seed(0):
        net = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 2))
    return x, y, lw.train(net, (x[:40], y[:40]), **{"epochs": 4} | options)


def test_a_history_is_drawn():
    x, y, _ = trained()
    _, _, run = trained(validation=(x[40:], y[40:]))
    figure = insight.draw_history(run)
    assert [axes.get_title("left") for axes in figure.axes] == ["loss", "accuracy"]
    training, validation = lines(figure.axes[0])
    np.testing.assert_array_equal(training[:, 0], [1, 2, 3, 4])
    np.testing.assert_array_equal(training[:, 1], run.history["training_loss"])
    np.testing.assert_array_equal(validation[:, 1], run.history["validation_loss"])
    assert insight.draw_history(run.history).axes[0].get_title("left") == "loss"


def test_the_rate_is_drawn_beside_the_loss_when_it_changes():
    _, _, run = trained(schedule="cosine")
    *_, rate = insight.draw_history(run).axes
    assert rate.get_title("left").startswith("learning rate")
    np.testing.assert_array_equal(lines(rate)[0][:, 1], run.history["learning_rate"])


def test_several_histories_share_the_panels():
    runs = {name: trained(schedule=name)[2] for name in ("constant", "cosine")}
    loss, accuracy, rate = insight.draw_history(runs).axes
    assert [len(lines(axes)) for axes in (loss, accuracy, rate)] == [2, 2, 2]
    words = [text.get_text() for text in loss.get_legend().get_texts()]
    assert words == ["constant, training", "cosine, training"]
    with pytest.raises(lw.OptionError, match="no epoch"):
        insight.draw_history({})
    with pytest.raises(TypeError, match="list"):
        insight.draw_history([1, 2])


@pytest.mark.parametrize("name", optim.SCHEDULES)
def test_a_schedule_is_drawn_as_training_uses_it(name):
    _, _, run = trained(schedule=name, batch_size=10, learning_rate=0.01)
    drawn = rates(name, 0.01, epochs=4, steps_per_epoch=4, losses=run.history["training_loss"])
    np.testing.assert_allclose(drawn[3::4], run.history["learning_rate"], rtol=1e-6)
    (axes,) = insight.draw_schedule(name, 0.01, 4, 4).axes
    assert lines(axes)[0].shape == (16, 2)


def test_schedules_side_by_side():
    own = optim.ReduceOnPlateau(patience=1, factor=0.5)
    figure = insight.draw_schedule({"mine": own, "b": "step", "c": "cosine", "d": "constant"})
    titles = [axes.get_title("left") for axes in figure.axes if axes.get_visible()]
    assert titles == ["mine", "b", "c", "d"]
    found = rates(own, 1.0, 6, 1, losses=[1.0] * 6)
    np.testing.assert_array_equal(found, [1, 1, 1, 0.5, 0.5, 0.25])
    assert own == optim.ReduceOnPlateau(patience=1, factor=0.5)  # it observed nothing itself
    with pytest.raises(lw.OptionError, match="at least one epoch"):
        insight.draw_schedule("step", epochs=0)
    with pytest.raises(ValueError, match="cosine"):
        insight.draw_schedule("cosin")


def test_regions_are_what_the_network_says():
    x, y, run = trained(epochs=60, learning_rate=0.05)
    figure = insight.draw_regions({"net": run.net}, x, y)
    (axes,) = figure.axes
    right = (run.net(x).argmax(1) == y).mean()
    assert axes.get_title("left") == f"net\n{right:.0%} right"
    image = np.asarray(axes.get_images()[0].get_array())
    assert image[:, 0].mean() < 0.1 < 0.9 < image[:, -1].mean()
    with pytest.raises(lw.OptionError, match=r"\(n, 2\)"):
        insight.draw_regions(run.net, x[:, :1], y)


def test_paths_over_a_function():
    def bowl(x, y):
        return x * x + y * y

    path = np.array([[2.0, 1.0], [1.0, 0.5], [0.1, 0.1]])
    figure = insight.draw_descent(bowl, {"a": path, "b": path, "c": path})
    titles = [axes.get_title("left") for axes in figure.axes if axes.get_visible()]
    assert titles == ["a, 2 steps", "b, 2 steps", "c, 2 steps"]
    np.testing.assert_array_equal(lines(figure.axes[0])[0], path)
    with pytest.raises(lw.OptionError, match="by name"):
        insight.draw_descent(bowl, {})


def test_a_range_test_is_drawn(tmp_path):
    x, y, _ = trained()
    with nn.seed(0):
        net = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2))
    test = lw.find_learning_rate(net, (x, y), highest=100)
    figure = insight.draw_range_test(test)
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    assert axes.get_title("left") == "learning-rate range test, Adam"
    each, smoothed = lines(axes)[:2]
    np.testing.assert_array_equal(each, np.stack([test.rates, test.losses], 1))
    np.testing.assert_array_equal(smoothed[:, 1], test.smoothed)
    words = {text.get_text() for text in axes.texts}
    assert words == {"too small", "good", "diverges", f"suggested: {test.suggestion:g}"}
    for name in ("test.png", "test.SVG"):
        test.draw(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 1000
    with pytest.raises(lw.OptionError, match=r"\.png, \.svg, \.pdf; got 'test.gif'"):
        test.draw(tmp_path / "test.gif")


def test_pictures_can_be_saved_and_shown(tmp_path):
    figure = insight.draw_activation("gelu")
    for kind in ("png", "svg", "pdf"):
        figure.savefig(tmp_path / f"picture.{kind}")
        assert (tmp_path / f"picture.{kind}").stat().st_size > 1000
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_matplotlib_is_imported_by_the_first_picture_and_pyplot_never():
    code = """
import sys
import layerwise as lw
net = lw.nn.Linear(2, 2)
print(lw.insight.draw_history, lw.backward(net) and "matplotlib" in sys.modules)
lw.insight.draw_activation("relu")
print("matplotlib" in sys.modules, "matplotlib.pyplot" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-3:] == ["False", "True", "False"]
