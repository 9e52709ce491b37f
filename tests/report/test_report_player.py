import numpy as np
import pytest

import layerwise as lw
from layerwise import graph
from layerwise.report.player import NotPlayable, stack_of
from layerwise.report.player.network import frame_of, stroke_width


def saved(model, tmp_path, rows):
    model.save(tmp_path / "m.safetensors", example=rows)
    return lw.load(tmp_path / "m.safetensors")


def applied(stack, rows):
    """The stack by itself, computed."""
    net = lw.nn.Sequential(*stack.modules)
    return np.asarray(net((rows * stack.factor + stack.shift).astype(np.float32)))


@pytest.mark.parametrize("loaded", [False, True])
def test_the_layers_of_a_model_are_found_again(loaded, tmp_path):
    random = np.random.default_rng(0)
    rows = random.normal(3, 2, (20, 6)).astype(np.float32)
    mean, factor = rows.mean(0), 1 / rows.std(0)
    net = lw.nn.Sequential(
        lw.nn.Linear(6, 8, bias=False), lw.nn.LeakyReLU(0.2), lw.nn.BatchNorm1d(8),
        lw.nn.Sequential(lw.nn.Dropout(0.5), lw.nn.GELU(approximate=True)), lw.nn.LayerNorm(8),
        lw.nn.Linear(8, 3),
    )  # fmt: skip
    net[2].running_mean.value = random.normal(size=8)
    model = lw.Model(
        net, preprocess=lambda x: (x - mean) * factor, output="softmax", target="classes"
    )
    expected = np.asarray(model(rows))
    if loaded:
        model = saved(model, tmp_path, rows)
    else:
        model(rows)
    stack = stack_of(model, (6,))
    np.testing.assert_allclose(stack.factor, factor, rtol=1e-4)
    np.testing.assert_allclose(stack.shift, -mean * factor, rtol=1e-4)
    np.testing.assert_allclose(applied(stack, rows), expected, rtol=1e-4, atol=1e-5)
    assert [type(m).__name__ for m in stack.modules] == [
        "Linear", "LeakyReLU", "BatchNorm1d", "Dropout", "GELU", "LayerNorm", "Linear",
    ]  # fmt: skip


class Twice(lw.nn.Module):
    """A network that is more than its layers in a row."""

    def __init__(self):
        self.first = lw.nn.Linear(4, 4)

    def forward(self, x):
        return self.first(x) + x


class Own(lw.nn.Module):
    """A layer of one's own."""

    def forward(self, x):
        return graph.sin(x)


@pytest.mark.parametrize(
    ("net", "preprocess", "reason"),
    [
        (Twice(), None, "more than one layer after another"),
        (lw.nn.Sequential(lw.nn.Linear(4, 2), Own()), None, "of a kind that the page cannot run"),
        (lw.nn.Sequential(lw.nn.Linear(4, 2)), lambda x: x * x, "more than a scaling"),
    ],
)
def test_what_cannot_run_in_the_page_is_said(net, preprocess, reason):
    model = lw.Model(net, preprocess=preprocess)
    model(np.ones((3, 4), np.float32))
    with pytest.raises(NotPlayable, match=reason):
        stack_of(model, (4,))


def test_the_frame_says_where_ink_is():
    pictures = np.zeros((3, 8, 8))
    pictures[:, 1:7, 3:5] = 16
    found = frame_of(pictures, 16)
    assert found["height"] == 6
    assert found["widest"] == 2
    assert (found["x"], found["y"]) == (4, 4)
    with pytest.raises(NotPlayable, match="empty"):
        frame_of(pictures * 0, 16)


def test_wider_strokes_are_measured_as_wider():
    pictures = np.zeros((2, 20, 20))
    pictures[0, 2:18, 9:10] = 1
    pictures[1, 2:18, 8:12] = 1
    thin, thick = stroke_width(pictures)
    assert 0.8 < thin < 1.1
    assert 2.5 < thick < 4.1
