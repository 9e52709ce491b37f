"""Attention, transformers and recurrent layers with PyTorch's weights give what PyTorch gives.

The fixtures were made by `make_torch_fixtures.py`.
"""

from pathlib import Path

import numpy as np
import pytest

import layerwise as lw
from layerwise import graph, nn
from layerwise.compiler import Feeds, Program, State
from layerwise.model.container import read_any

FOLDER = Path(__file__).parent / "fixtures"
CLOSE = {"rtol": 1e-5, "atol": 1e-5}


@pytest.fixture(autouse=True)
def unverified(monkeypatch):
    """The verifier compares every kernel with every other, and these programs have many.

    Shorter ones are verified in `test_attention_layers.py` and `test_recurrent_layers.py`.
    """
    monkeypatch.setenv("LAYERWISE_VERIFY", "0")


def recall(name, net):
    """The net with PyTorch's weights, and PyTorch's inputs and outputs by name."""
    lw.load(FOLDER / f"{name}.weights.safetensors", into=net)
    return net, read_any(FOLDER / f"{name}.values.safetensors")[1]


def assert_gradients(backend, net, values, **options):
    """Gradients of sum(output * cotangent) with respect to x and all parameters."""
    arrays = {"x": values["x"]} | {k: v for k, v in options.items() if isinstance(v, np.ndarray)}
    fed = {k: graph.input(k, (graph.batch, *v.shape[1:]), v.dtype) for k, v in arrays.items()}
    given = {k: fed.get(k, v) for k, v in options.items()}
    x = fed["x"]
    arrays["cotangent"] = values["cotangent"]
    cotangent = graph.input("cotangent", (graph.batch, *values["cotangent"].shape[1:]))
    # Memory is the second input of a decoder, by position.
    rest = [given.pop("memory")] if "memory" in given else []
    output = net(x, *rest, **given)
    output = output[0] if isinstance(output, tuple) else output
    names, parameters = zip(*net.named_parameters(), strict=True)
    _, found = graph.value_and_gradients(graph.sum(output * cotangent), [x, *parameters])
    labels = ["gradient:x", *(f"gradient.{n}" for n in names)]
    state = State({h.tensor: h.value for _, h in net.named_held()})
    program = Program(dict(zip(labels, found, strict=True)))
    got = backend.compile(program).run(state, Feeds(arrays, len(values["x"])))
    for label in labels:
        array = got[label] if label == "gradient:x" else got[label][0]
        scale = max(1.0, float(np.abs(values[label]).max()))
        np.testing.assert_allclose(array, values[label], 1e-5, 1e-5 * scale, err_msg=label)


def test_multi_head_attention(backend):
    net, v = recall("multi_head_attention", nn.MultiHeadAttention(8, 2))
    x = v["x"]
    np.testing.assert_allclose(net(x), v["plain"], **CLOSE)
    output, weights = net(x, need_weights=True)
    np.testing.assert_allclose(output, v["plain"], **CLOSE)
    np.testing.assert_allclose(weights, v["weights"], **CLOSE)
    each = net(x, need_weights=True, average_attn_weights=False)[1]
    np.testing.assert_allclose(each, v["each"], **CLOSE)
    masked = net(x, key_padding_mask=v["x_padding"], attn_mask=v["band"])
    np.testing.assert_allclose(masked, v["masked"], **CLOSE)
    cross = net(x, v["memory"], key_padding_mask=v["memory_padding"])
    np.testing.assert_allclose(cross, v["cross"], **CLOSE)
    # PyTorch's causal mask of floats, and ours.
    np.testing.assert_allclose(net(x, attn_mask=v["causal"]), v["added"], **CLOSE)
    np.testing.assert_allclose(net(x, is_causal=True), v["added"], **CLOSE)
    assert_gradients(backend, net, v)


def test_attention_to_keys_and_values_of_other_widths(backend):
    net, v = recall("attention_kdim", nn.MultiHeadAttention(8, 2, kdim=6, vdim=7))
    np.testing.assert_allclose(net(v["x"], v["key"], v["value"]), v["plain"], **CLOSE)


@pytest.mark.parametrize(
    ("name", "first", "activation"), [("relu", False, "relu"), ("gelu_first", True, "gelu")]
)
def test_transformer(backend, name, first, activation):
    options = {"dropout": 0.0, "activation": activation, "norm_first": first}
    norm = nn.LayerNorm(8) if first else None
    layer = nn.TransformerEncoderLayer(8, 2, 12, **options)
    net, v = recall(f"encoder_{name}", nn.TransformerEncoder(layer, 2, norm))
    x, padding = v["x"], v["x_padding"]
    np.testing.assert_allclose(net(x), v["plain"], **CLOSE)
    masked = net(x, src_key_padding_mask=padding)
    np.testing.assert_allclose(masked, v["masked"], **CLOSE)
    np.testing.assert_allclose(net(x, is_causal=True), v["causal"], **CLOSE)
    assert_gradients(backend, net, v, src_key_padding_mask=padding)

    norm = nn.LayerNorm(8) if first else None
    layer = nn.TransformerDecoderLayer(8, 2, 12, **options)
    net, v = recall(f"decoder_{name}", nn.TransformerDecoder(layer, 2, norm))
    memory = v["memory"]
    np.testing.assert_allclose(net(x, memory, tgt_is_causal=False), v["plain"], **CLOSE)
    np.testing.assert_allclose(net(x, memory), v["causal"], **CLOSE)
    masks = {k: v[s] for k, s in (("tgt_key_padding_mask", "x_padding"),
                                  ("memory_key_padding_mask", "memory_padding"))}  # fmt: skip
    np.testing.assert_allclose(net(x, memory, **masks), v["masked"], **CLOSE)
    assert_gradients(backend, net, v, memory=memory, **masks)


@pytest.mark.parametrize("kind", ["gru", "lstm"])
@pytest.mark.parametrize("both", [False, True])
def test_recurrent(backend, kind, both):
    layer = {"gru": nn.GRU, "lstm": nn.LSTM}[kind]
    net, v = recall(f"{kind}_{'both' if both else 'forward'}", layer(8, 6, 2, bidirectional=both))
    x = v["x"]

    def assert_same(found, label, state_label):
        output, state = found
        np.testing.assert_allclose(output, v[label], **CLOSE)
        for i, part in enumerate((state,) if kind == "gru" else state):
            np.testing.assert_allclose(part, v[f"{state_label}.{i}"], **CLOSE)

    assert_same(net(x), "plain", "state")
    assert_same(net(x, lengths=v["lengths"]), "cut", "cut_state")
    padding = np.arange(5) >= v["lengths"][:, None]
    assert_same(net(x, padding_mask=padding), "cut", "cut_state")
    start = v["start"] if kind == "gru" else (v["start"], -v["start"])
    np.testing.assert_allclose(net(x, start)[0], v["begun"], **CLOSE)
    assert_gradients(backend, net, v, lengths=v["lengths"])
