"""The page in a real browser: the network in JavaScript, drawing, keys, sizes and colours."""

import json
import math
from importlib.resources import files

import numpy as np
import pytest

import layerwise as lw
from layerwise.report import write_report
from layerwise.report.player import playable, stack_of

SCRIPT = (files("layerwise") / "report" / "templates" / "network.js").read_text()


@pytest.fixture(scope="module")
def page(digits, tmp_path_factory):
    model, run, parts = digits
    path = tmp_path_factory.mktemp("report") / "digits.html"
    return write_report(
        path, model, parts["test"], training=parts["training"], validation=parts["validation"],
        run=run, picture_shape=(8, 8), source="digits",
    )  # fmt: skip


@pytest.fixture
def opened(browser, page):
    browser.open(page)
    browser.rest()
    return browser


def test_the_page_loads_nothing_and_complains_of_nothing(opened):
    assert opened.complaints == []
    assert opened.requests == []


def test_the_network_in_the_page_agrees_with_python(opened, digits):
    model, _, parts = digits
    images = parts["test"].inputs[:60]
    given = json.dumps(images.tolist())
    found = opened.run(f"{given}.map((x) => Array.from(layerwisePlayer.run(x).probabilities))")
    np.testing.assert_allclose(found, model.predict_probabilities(images), atol=1e-5)
    # What is shown is what was computed.
    opened.run(f"layerwisePlayer.set({json.dumps(images[0].tolist())})")
    best = model.predict(images[:1])[0]
    assert opened.run("document.querySelector('[data-part=says]').textContent") == best
    outputs = opened.run("layerwisePlayer.result().outputs.map((x) => Array.from(x))")
    raw = np.asarray(model(images[:1]))[0]
    np.testing.assert_allclose(outputs[-1], raw, atol=1e-4)


def every_layer():
    """Small networks that together hold every layer which the page knows."""
    kinds = [kind for name, kind in lw.nn.ACTIVATIONS.items() if name != "identity"]
    extra = [lw.nn.GELU(approximate=True), lw.nn.LeakyReLU(0.3), lw.nn.ELU(0.5)]
    random = np.random.default_rng(0)
    for activation in [*(kind() for kind in kinds), *extra]:
        norm = lw.nn.BatchNorm1d(12)
        norm.running_mean.value = random.normal(size=12)
        norm.running_var.value = random.random(12) + 0.5
        yield lw.nn.Sequential(
            lw.nn.Flatten(), lw.nn.Linear(16, 12), activation, norm, lw.nn.Dropout(0.5),
            lw.nn.LayerNorm(12), lw.nn.Linear(12, 3, bias=False), activation,
        )  # fmt: skip


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_every_layer_agrees_with_python(browser, tmp_path, output):
    random = np.random.default_rng(1)
    pictures = random.normal(0, 3, (5, 4, 4)).astype(np.float32)
    labels = np.zeros(5, np.int64)
    about, expected = [], []
    for net in every_layer():
        model = lw.Model(net, preprocess=lambda x: x * 0.5 - 1.0, output=output, target="classes")
        expected.append(model.predict_probabilities(pictures))
        stack = stack_of(model, (4, 4))
        made = playable(model, stack, (4, 4), ("a", "b", "c"), pictures, labels)
        about.append(made.network)
    page = tmp_path / "networks.html"
    page.write_text(f"<!doctype html><script>{SCRIPT}\nconst nets = {json.dumps(about)};</script>")
    browser.open(page)
    rows = json.dumps(pictures.reshape(5, -1).tolist())
    found = browser.run(
        f"nets.map((net) => {rows}.map((x) => Array.from(LayerwiseNetwork(net)(x).probabilities)))"
    )
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert browser.complaints == []


def test_many_weights_are_halved_and_still_agree(browser, tmp_path):
    with lw.nn.seed(0):
        net = lw.nn.Sequential(lw.nn.Linear(64, 3000), lw.nn.Tanh(), lw.nn.Linear(3000, 3))
    model = lw.Model(net, output="softmax", target="classes")
    rows = np.random.default_rng(0).random((4, 64)).astype(np.float32)
    expected = model.predict_probabilities(rows)
    pictures = rows.reshape(-1, 8, 8)
    stack = stack_of(model, (64,))
    made = playable(model, stack, (8, 8), ("a", "b", "c"), pictures, np.zeros(4, np.int64))
    assert made.network["half"]
    text = json.dumps(made.network)
    assert len(text) < 1_000_000
    page = tmp_path / "half.html"
    page.write_text(f"<!doctype html><script>{SCRIPT}\nconst net = {text};</script>")
    browser.open(page)
    given = json.dumps(rows.tolist())
    found = browser.run(f"{given}.map((x) => Array.from(LayerwiseNetwork(net)(x).probabilities))")
    np.testing.assert_allclose(found, expected, atol=made.tolerance)
    assert not np.allclose(found, expected, atol=1e-9)


def arc(x, y, wide, tall, begin, end):
    """Points of an ellipse, angles in degrees from the right, clockwise."""
    angles = np.radians(np.linspace(begin, end, 20))
    return [(x + wide * math.cos(a), y + tall * math.sin(a)) for a in angles]


DRAWN = {
    "0": [arc(0.5, 0.5, 0.22, 0.34, -90, 270)],
    "2": [[*arc(0.5, 0.32, 0.2, 0.18, 180, 380), (0.3, 0.85), (0.72, 0.85)]],
    "3": [arc(0.47, 0.32, 0.2, 0.17, -150, 90) + arc(0.47, 0.67, 0.22, 0.18, -90, 150)],
    "4": [[(0.58, 0.15), (0.3, 0.6), (0.75, 0.6)], [(0.6, 0.4), (0.6, 0.88)]],
    "5": [[(0.7, 0.15), (0.38, 0.15), (0.35, 0.47), *arc(0.48, 0.64, 0.22, 0.2, -110, 140)]],
    "9": [[*arc(0.5, 0.33, 0.18, 0.18, 0, -360), (0.68, 0.35), (0.64, 0.87)]],
}


def draw(browser, strokes, size=1.0, right=0.0, down=0.0):
    browser.run("layerwisePlayer.clear()")
    for stroke in strokes:
        moved = [(0.5 + size * (x - 0.5) + right, 0.5 + size * (y - 0.5) + down) for x, y in stroke]
        browser.stroke("[data-part=pad]", moved)
    browser.rest()
    return browser.run("document.querySelector('[data-part=says]').textContent")


def test_digits_drawn_with_the_mouse_are_recognised(opened):
    said = {name: draw(opened, strokes) for name, strokes in DRAWN.items()}
    assert said == {name: name for name in DRAWN}
    pixels = np.array(opened.run("layerwisePlayer.pixels()")).reshape(8, 8)
    # Like the training pictures, the drawing fills the height and lies in the middle.
    assert pixels.max() <= 16
    assert pixels[0].max() > 4
    assert pixels[7].max() > 4
    centre = (pixels.sum(0) * (np.arange(8) + 0.5)).sum() / pixels.sum()
    assert centre == pytest.approx(4, abs=0.5)


def test_place_and_size_of_a_drawing_do_not_matter(opened):
    draw(opened, DRAWN["3"])
    whole = np.array(opened.run("layerwisePlayer.pixels()"))
    assert draw(opened, DRAWN["3"], size=0.4, right=-0.25, down=0.2) == "3"
    small = np.array(opened.run("layerwisePlayer.pixels()"))
    assert np.abs(whole - small).mean() < 1


def test_cells_are_painted_with_the_keyboard(opened):
    opened.run("layerwisePlayer.clear()")
    assert opened.run("document.querySelector('[data-part=says]').textContent") == "?"
    opened.run("document.querySelector('[data-part=grid]').focus()")
    for key in (" ", "ArrowDown", "ArrowRight", "ArrowRight", " "):
        opened.key(key)
    found = np.array(opened.run("layerwisePlayer.pixels()")).reshape(8, 8)
    assert found[0, 0] == 16
    assert found[1, 2] == 16
    assert found.sum() == 32
    opened.key(" ")
    assert opened.run("layerwisePlayer.pixels()[10]") == 0
    opened.key("Delete")
    assert opened.run("layerwisePlayer.pixels().every((v) => v === 0)")


def test_a_real_example_is_one_click_away(opened):
    left, top, wide, tall = opened.box("[data-part=examples] button:nth-child(8)")
    for kind in ("mousePressed", "mouseReleased"):
        opened.send("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1,
                    x=left + wide / 2, y=top + tall / 2)  # fmt: skip
    assert opened.run("document.querySelector('[data-part=says]').textContent") == "7"


def test_nothing_is_wider_than_a_small_screen(opened):
    for width in (320, 400, 800):
        opened.size(width)
        opened.rest()
        assert opened.run("document.documentElement.scrollWidth") <= width


def luminance(colour):
    channels = [int(c) / 255 for c in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_background(opened, scheme):
    """WCAG 2.2, 1.4.3: a contrast of at least 4.5."""
    opened.look(scheme=scheme)
    opened.rest()
    found = opened.run(
        "[['.lead', 'body'], ['.caption', 'body'], ['nav a', 'body'], ['.interval', '.result']]"
        ".map(([a, b]) => [getComputedStyle(document.querySelector(a)).color,"
        " getComputedStyle(document.querySelector(b)).backgroundColor])"
    )
    for front, back in found:
        bright, dark = sorted((luminance(front), luminance(back)), reverse=True)
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, (front, back)
    paper = opened.run("getComputedStyle(document.body).backgroundColor")
    assert (luminance(paper) > 0.5) == (scheme == "light")
    opened.look()


def test_it_prints(opened):
    assert opened.pdf().startswith(b"%PDF")
    opened.look(media="print")
    shown = opened.run(
        "['nav', '#draw', 'details.numbers'].map((name) =>"
        " getComputedStyle(document.querySelector(name)).display)"
    )
    assert shown == ["none"] * 3
    opened.look()
