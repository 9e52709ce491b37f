"""The table of layers that `layerwise show` prints, on narrow and wide terminals."""

import pytest

from layerwise.cli.show import _layer_lines
from layerwise.model import Layer

LAYERS = [
    Layer(
        "patches", "PatchEmbedding(1, 64, picture=(8, 8), patch=(2, 2))", "(batch, 17, 64)", 1472
    ),
    Layer("encoder.layers.0.self_attn.attention.weights", "AttentionWeights()", "(batch, 4)", 0),
    Layer("", "Network", "(batch, 2)", 2),
    Layer("head", "Linear(64, 10)", "(batch, 10)", 12_345_650),
]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
@pytest.mark.parametrize("layers", [LAYERS, LAYERS[2:], LAYERS[:1]])
def test_nothing_is_lost_and_nothing_is_too_long(layers, width):
    lines = _layer_lines(layers, width)
    assert max(map(len, lines)) <= width
    words = " ".join(lines).split()
    for each in layers:
        shown = f"{each.path} {each.shape} {each.parameters:,}".split()
        assert all(word in words for word in shown if len(word) < 20)
        assert each.layer.replace(" ", "") in "".join(words) or width < 200


def test_with_room_there_is_a_line_for_each_layer():
    lines = _layer_lines(LAYERS, 200)
    assert len(lines) == 1 + len(LAYERS)
    assert len({line.rstrip()[-1] for line in lines[1:]}) > 1
    assert all(len(line) == len(lines[0]) for line in lines)
