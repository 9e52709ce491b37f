"""`layerwise plot`: activations as pictures."""

import subprocess

import numpy as np
import pytest

import layerwise as lw
from layerwise.insight.drawing.activation import curve


def test_one_activation_in_this_folder(command, folder):
    code, out, err = command("plot", "sigmoid")
    assert (code, err) == (0, "")
    assert out == "sigmoid and its derivative, from -6 to 6, drawn in sigmoid.png\n"
    assert (folder / "sigmoid.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in folder.iterdir()] == ["sigmoid.png"]


@pytest.mark.parametrize(("suffix", "begin"), [("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_other_ends_and_kinds_of_file(command, folder, suffix, begin):
    given = ("--from", -3, "--to", 2.5, "--out", f"my.{suffix}")
    code, out, _ = command("plot", "Leaky-ReLU", *given)
    assert code == 0
    assert out == f"leaky_relu and its derivative, from -3 to 2.5, drawn in my.{suffix}\n"
    assert (folder / f"my.{suffix}").read_bytes().startswith(begin)


def test_all_in_one_grid(command, folder):
    code, out, _ = command("plot", "all")
    assert code == 0
    assert out.endswith("drawn in activations.png\n")
    assert (folder / "activations.png").stat().st_size > 10_000


def test_the_grid_has_each_function_with_its_derivative():
    figure = lw.insight.draw_activations(low=-2, high=2)
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert len(panels) == len(lw.nn.ACTIVATIONS)
    for axes, name in zip(panels, lw.nn.ACTIVATIONS, strict=True):
        assert axes.get_title("left").startswith(name)
        found = curve(name, -2, 2)
        parts = [line.get_xydata() for line in axes.get_lines() if len(line.get_xydata()) > 2]
        drawn = np.concatenate(parts)[:, 1]
        np.testing.assert_array_equal(drawn, np.concatenate([found.y, found.slope]))
    two = lw.insight.draw_activations(["relu", "tanh"])
    assert [axes.get_title("left") for axes in two.axes] == ["relu", "tanh"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("sigmiod",), "did you mean 'sigmoid'?"),
        (("tanh", "--from", 2, "--to", 1), "--from below --to"),
        (("tanh", "--to", "nan"), "--from below --to"),
        (("tanh", "--out", "t.jpg"), "end in .png, .svg, .pdf; got 't.jpg'"),
        ((), "Missing argument 'NAME'"),
    ],
)
def test_mistakes(command, folder, given, message):
    code, out, err = command("plot", *given)
    assert (code, out) == (2, "")
    assert message in err
    assert not list(folder.iterdir())


def test_a_process_of_its_own(process, folder):
    running = process("plot", "gelu", PYTHONWARNINGS="error")
    try:
        out, err = running.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        pytest.fail("layerwise plot did not end")
    assert (running.returncode, err) == (0, "")
    assert (folder / "gelu.png").is_file()
    assert "gelu.png" in out
