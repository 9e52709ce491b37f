"""Attention: masks, gradients, decoding step by step, saving, training."""

import numpy as np
import pytest

import layerwise as lw
from layerwise import graph, nn
from layerwise.compiler import Feeds, Program, State
from layerwise.errors import DataError, OptionError
from layerwise.insight import layer_outputs


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


# -- by formula ------------------------------------------------------------------------------------


def test_scaled_dot_product_attention_is_its_formula(backend, generator):
    q, k, v = (generator.normal(size=(2, 3, n, d)) for n, d in ((4, 5), (6, 5), (6, 7)))
    mask = generator.random((4, 6)) < 0.4
    mask[:, 0] = False
    weights = softmax(np.where(mask, -np.inf, q @ k.swapaxes(-1, -2) / np.sqrt(5)))
    output, found = nn.ScaledDotProductAttention()(q, k, v, attn_mask=mask, need_weights=True)
    np.testing.assert_allclose(found, weights, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(output, weights @ v, rtol=1e-12, atol=1e-12)
    assert not found[..., mask].any()
    single = nn.ScaledDotProductAttention()(q[:, 0], k[:, 0], v[:, 0], attn_mask=mask)
    np.testing.assert_allclose(single, output[:, 0], rtol=1e-12, atol=1e-12)


def test_additive_attention_is_its_formula(backend, generator):
    net = nn.AdditiveAttention(4, 3, 5, dtype="float64")
    net.key_proj.bias.value = generator.normal(size=5)
    query, key = generator.normal(size=(2, 6, 4)), generator.normal(size=(2, 7, 3))
    padding = np.arange(7) >= np.array([[7], [2]])
    q, k = query @ net.query_proj.weight.value.T, key @ net.key_proj.weight.value.T
    hidden = np.tanh(q[:, :, None] + k[:, None] + net.key_proj.bias.value)
    weights = softmax(np.where(padding[:, None], -np.inf, hidden @ net.energy.value))
    output, found = net(query, key, key_padding_mask=padding, need_weights=True)
    np.testing.assert_allclose(found, weights, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(output, weights @ key, rtol=1e-12, atol=1e-12)
    one, its = net(query[:, 2], key, key_padding_mask=padding, need_weights=True)
    np.testing.assert_allclose(one, output[:, 2], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(its, found[:, 2], rtol=1e-12, atol=1e-12)


# -- masks -----------------------------------------------------------------------------------------


def test_what_is_wholly_masked_gives_zeros_and_finite_gradients(backend, generator):
    attention = nn.ScaledDotProductAttention()
    x = generator.normal(size=(3, 4, 5)).astype("f")
    padding = np.array([[1, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0]], bool)
    output, weights = attention(x, x, x, key_padding_mask=padding, need_weights=True)
    assert not output[0].any()
    assert not weights[0].any()
    np.testing.assert_allclose(weights[1:].sum(-1), 1, rtol=1e-6)
    fed = graph.input("x", (graph.batch, 4, 5))
    mask = graph.input("mask", (graph.batch, 4), "bool")
    loss = graph.sum(graph.square(attention(fed, fed, fed, key_padding_mask=mask)))
    (slope,) = graph.gradients(loss, [fed])
    run = backend.compile(Program({"slope": slope})).run
    found = run(State(), Feeds({"x": x, "mask": padding}, 3))["slope"]
    assert not found[0].any()
    assert np.isfinite(found).all()
    assert found[1, :2].any()


def test_padding_changes_nothing(backend, generator):
    net = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, norm_first=True), 2)
    x = generator.normal(size=(3, 6, 8)).astype("f")
    short = net(x[:, :4])
    padding = np.broadcast_to(np.arange(6) >= 4, (3, 6))
    long = net(x, src_key_padding_mask=padding)[:, :4]
    np.testing.assert_allclose(long, short, rtol=1e-5, atol=1e-5)
    assert np.abs(net(x)[:, :4] - short).max() > 0.01


def test_causal_means_that_nothing_depends_on_what_comes_later(backend, generator):
    net = nn.MultiHeadAttention(8, 2)
    x = generator.normal(size=(2, 5, 8)).astype("f")
    changed = x.copy()
    changed[:, 3] += 1
    before, after = net(x, is_causal=True), net(changed, is_causal=True)
    np.testing.assert_array_equal(before[:, :3], after[:, :3])
    assert (before[:, 3:] != after[:, 3:]).any(-1).all()
    np.testing.assert_array_equal(nn.causal_mask(3), np.triu(np.ones((3, 3), bool), 1))


def test_masks_that_do_not_fit_are_refused(generator):
    net = nn.MultiHeadAttention(8, 2)
    x = generator.normal(size=(3, 5, 8)).astype("f")
    with pytest.raises(lw.ShapeError, match=r"key_padding_mask: expected shape \(batch, 5\)"):
        net(x, key_padding_mask=np.zeros((3, 4), bool))
    with pytest.raises(lw.DTypeError, match="expected bool, got float32"):
        net(x, key_padding_mask=np.zeros((3, 5), "f"))
    with pytest.raises(lw.DTypeError, match="got int32"):
        net(x, attn_mask=np.zeros((5, 5), np.int32))
    with pytest.raises(lw.ShapeError, match=r"attn_mask: expected shape \(5, 5\), \(batch, 5, 5\)"):
        net(x, attn_mask=np.zeros((5, 4), bool))
    with pytest.raises(lw.ShapeError, match=r"expected queries of shape \(batch, length, 8\)"):
        net(x[..., :7])
    with pytest.raises(lw.DTypeError, match="expected float32 queries, got int32"):
        net.forward(graph.input("x", (graph.batch, 5, 8), "int32"))
    with pytest.raises(lw.ShapeError, match="or all without heads"):
        nn.ScaledDotProductAttention()(x, x[..., :3], x)
    with pytest.raises(DataError, match="as many in each input"):
        net(x, key_padding_mask=np.zeros((2, 5), bool))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.MultiHeadAttention(8, 3), "3 heads do not divide 8 features"),
        (lambda: nn.MultiHeadAttention(0, 1), "at least 1"),
        (lambda: nn.MultiHeadAttention(8, 2, dropout=1.0), "below 1"),
        (lambda: nn.MultiHeadAttention(8, 2, rotary=nn.RotaryPosition(8)), "4 features"),
        (lambda: nn.RotaryPosition(5), "even"),
        (lambda: nn.RotaryPosition(4, base=1.0), "above 1"),
        (lambda: nn.SinusoidalPosition(5), "even"),
        (lambda: nn.LearnedPosition(0, 4), "at least 1"),
        (lambda: nn.AdditiveAttention(4, 0, 4), "at least 1"),
        (lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 8), 0), "at least 1 layer"),
    ],
)
def test_options_that_do_not_exist_are_refused(make, message):
    with pytest.raises(OptionError, match=message):
        make()


# -- gradients -------------------------------------------------------------------------------------


def test_gradients_are_those_of_central_differences(backend, generator):
    net = nn.TransformerDecoderLayer(4, 2, 6, dropout=0.0, activation="gelu", dtype="float64")
    x, memory = (generator.normal(size=(2, n, 4)) for n in (3, 2))
    padding = np.array([[0, 0], [0, 1]], bool)
    cotangent = generator.normal(size=x.shape)

    def loss():
        return (net(x, memory, memory_key_padding_mask=padding) * cotangent).sum()

    fed = [graph.input(n, (graph.batch, *a.shape[1:]), a.dtype)
           for n, a in (("x", x), ("m", memory), ("p", padding), ("g", cotangent))]  # fmt: skip
    output = net(*fed[:2], memory_key_padding_mask=fed[2]) * fed[3]
    held = dict(net.named_parameters())
    slopes = graph.gradients(graph.sum(output), list(held.values()))
    program = Program(dict(zip(held, slopes, strict=True)))
    state = State({h.tensor: h.value for h in held.values()})
    feeds = Feeds({"x": x, "m": memory, "p": padding, "g": cotangent}, 2)
    found = backend.compile(program).run(state, feeds)
    for name, parameter in held.items():
        start = parameter.value
        direction = generator.normal(size=start.shape)
        ends = []
        for sign in (1, -1):
            parameter.value = start + sign * 1e-5 * direction
            ends.append(loss())
        parameter.value = start
        expected = (ends[0] - ends[1]) / 2e-5
        np.testing.assert_allclose((found[name][0] * direction).sum(), expected, 1e-6, 1e-7, name)


# -- positions -------------------------------------------------------------------------------------


def test_positions(backend, generator):
    x = generator.normal(size=(2, 5, 6))
    waves = nn.SinusoidalPosition(6, 9)
    place, i = np.arange(5)[:, None], np.arange(3)[None]
    angles = place / 10000 ** (2 * i / 6)
    expected = np.zeros((5, 6))
    expected[:, 0::2], expected[:, 1::2] = np.sin(angles), np.cos(angles)
    np.testing.assert_allclose(waves(x) - x, np.broadcast_to(expected, x.shape), atol=1e-12)
    learned = nn.LearnedPosition(7, 6, dtype="float64")
    np.testing.assert_allclose(learned(x) - x, np.stack([learned.weight.value[:5]] * 2), atol=1e-12)
    rotary = nn.RotaryPosition(6, 9)
    heads = generator.normal(size=(2, 3, 5, 6))
    turned = rotary(heads)
    pairs = heads.reshape(2, 3, 5, 3, 2) @ [[1], [1j]]
    pairs = pairs[..., 0] * np.exp(1j * angles)
    expected = np.stack([pairs.real, pairs.imag], -1).reshape(heads.shape)
    np.testing.assert_allclose(turned, expected, atol=1e-12)
    for layer in (waves, learned):
        at = np.array([3, 1], np.int32)
        single = layer(x[:, :1], at)
        whole = layer(np.repeat(x[:, :1], 5, 1))
        np.testing.assert_allclose(single[:, 0], whole[[0, 1], at], atol=1e-12)
        with pytest.raises(lw.ShapeError, match="longer than max_length"):
            layer(np.zeros((1, 10, 6)))
        with pytest.raises(lw.ShapeError, match="sequences of 6 features"):
            layer(np.zeros((1, 5, 4)))


def test_rotary_attention_sees_distances_only(backend, generator):
    q, k = generator.normal(size=(2, 1, 1, 1, 8))
    rotary = nn.RotaryPosition(8, 20)

    def product(i, j):
        at = [np.array([place], np.int32) for place in (i, j)]
        return (rotary(q, at[0]) * rotary(k, at[1])).sum()

    assert product(3, 1) == pytest.approx(product(15, 13))
    assert product(3, 1) != pytest.approx(product(4, 1))


# -- decoding step by step -------------------------------------------------------------------------


class Steps(nn.Module):
    """One step of a decoder, over arrays."""

    def __init__(self, decoder):
        self.decoder = decoder

    def forward(self, x, position, caches, memories, padding):
        return self.decoder.step(x, position, caches, memories, padding)


class Memories(nn.Module):
    def __init__(self, decoder):
        self.decoder = decoder

    def forward(self, memory):
        return self.decoder.memories(memory)


@pytest.mark.parametrize("rotary", [False, True])
def test_decoding_step_by_step_gives_what_the_whole_sequence_gives(backend, generator, rotary):
    turn = nn.RotaryPosition(4, 8) if rotary else None
    layer = nn.TransformerDecoderLayer(8, 2, 12, norm_first=rotary, rotary=turn)
    decoder = nn.TransformerDecoder(layer, 2, nn.LayerNorm(8) if rotary else None)
    x, memory = (generator.normal(size=(3, n, 8)).astype("f") for n in (5, 4))
    padding = np.arange(4) >= np.array([[2], [4], [3]])
    whole = decoder(x, memory, memory_key_padding_mask=padding)
    looked = layer_outputs(
        Whole(decoder), (x, memory, padding), ["decoder.layers.1.multihead_attn.attention.weights"]
    )
    (looked,) = looked.values()
    step, memories = Steps(decoder), Memories(decoder)(memory)
    assert memories[0].keys.shape == (3, 2, 4, 4)
    caches = decoder.empty_caches(3, 7)
    for place in range(5):
        at = np.full(3, place, np.int32)
        y, caches, weights = step(x[:, place : place + 1], at, caches, memories, padding)
        assert caches[1].values.shape == (3, 2, 7, 4)
        np.testing.assert_allclose(y[:, 0], whole[:, place], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(weights, looked[:, :, place].mean(1), rtol=1e-5, atol=1e-6)


class Whole(nn.Module):
    def __init__(self, decoder):
        self.decoder = decoder

    def forward(self, x, memory, padding):
        return self.decoder(x, memory, memory_key_padding_mask=padding)


def test_one_position_for_all_rows(backend, generator):
    net = nn.MultiHeadAttention(8, 2, rotary=nn.RotaryPosition(4, 6))
    x = generator.normal(size=(2, 3, 8)).astype("f")
    fed = graph.input("x", (graph.batch, 1, 8))
    position = graph.input("position", (), "int32")
    cache = nn.KeysValues(*(graph.input(n, (graph.batch, 2, 4, 4)) for n in "kv"))
    output, after = net.step(fed, position, cache)
    program = Program({"y": output, "k": after.keys, "v": after.values})
    executable = backend.compile(program)
    state = State({h.tensor: h.value for _, h in net.named_held()})
    kept = dict(zip("kv", net.empty_cache(2, 4), strict=True))
    # What lies beyond the position must not matter.
    kept = {name: value + 100 for name, value in kept.items()}
    for place in range(3):
        feeds = Feeds(
            {"x": x[:, place : place + 1], **kept}, 2, fixed={"position": np.int32(place)}
        )
        found = executable.run(state, feeds)
        kept = {name: found[name] for name in "kv"}
        np.testing.assert_allclose(
            found["y"][:, 0], net(x, is_causal=True)[:, place], rtol=1e-5, atol=1e-5
        )


# -- as parts of networks --------------------------------------------------------------------------


class Picker(nn.Module):
    """Says which value stands at the marked place of a sequence."""

    def __init__(self, values, width, dropout=0.0):
        self.embedding = nn.Embedding(2 * values, width)
        self.position = nn.SinusoidalPosition(width)
        layer = nn.TransformerEncoderLayer(width, 2, 2 * width, dropout, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1, nn.LayerNorm(width))
        self.output = nn.Linear(width, values)

    def forward(self, x, padding):
        y = self.encoder(self.position(self.embedding(x)), src_key_padding_mask=padding)
        return self.output(y[:, 0])


def task(rows, seed):
    """Numbers below 5; one, above 5, is marked; the answer is which it is. Ends are padding."""
    random = np.random.default_rng(seed)
    x = random.integers(0, 5, (rows, 8)).astype(np.int32)
    lengths = random.integers(3, 9, rows)
    places = random.integers(0, lengths)
    y = x[np.arange(rows), places]
    x[np.arange(rows), places] += 5
    padding = np.arange(8) >= lengths[:, None]
    x[padding] = random.integers(0, 10, padding.sum())
    return (x, padding), y


@pytest.fixture(scope="module")
def trained():
    with lw.nn.seed(0):
        net = Picker(5, 16, dropout=0.05)
    data, held_out = task(2048, 0), task(256, 1)
    optimizer = lw.optim.Adam(5e-3)
    with pytest.MonkeyPatch.context() as changed:
        # Verifying takes longer than training, and the layers are verified in other tests.
        changed.setenv("LAYERWISE_VERIFY", "0")
        run = lw.train(net, data, validation=held_out, epochs=12, batch_size=64, seed=0,
                       optimizer=optimizer)  # fmt: skip
    return net, run, held_out


def test_a_network_with_attention_learns_to_pick_the_marked_value(trained):
    net, run, ((x, padding), y) = trained
    assert run.history[-1].validation_accuracy > 0.97
    assert (net(x, padding).argmax(-1) == y).mean() > 0.97
    # Padding holds marks too, and must not be looked at.
    weights = layer_outputs(net, (x, padding), ["encoder.layers.0.self_attn.attention.weights"])
    (weights,) = weights.values()
    assert weights.shape == (256, 2, 8, 8)
    assert not weights.max((1, 2))[padding].any()


def test_saved_models_with_attention_predict_the_same(trained, tmp_path):
    net, run, ((x, padding), _) = trained
    lw.Model(net, run).save(tmp_path / "model.safetensors")
    loaded = lw.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(
        loaded.predict(x, padding), lw.Model(net, run).predict(x, padding)
    )
    np.testing.assert_array_equal(loaded(x, padding), net(x, padding))
    path = "encoder.layers.0.self_attn.attention.weights"
    (weights,) = layer_outputs(loaded, (x, padding), [path]).values()
    (own,) = layer_outputs(net, (x, padding), [path]).values()
    np.testing.assert_array_equal(weights, own)
    again = Picker(5, 16)
    lw.load(tmp_path / "model.safetensors", into=again)
    np.testing.assert_array_equal(again(x, padding), net(x, padding))


def test_names_are_those_of_pytorch():
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2, nn.LayerNorm(8))
    names = list(encoder.state_dict())
    assert names[:6] == [
        f"layers.0.{n}" for n in (
            "self_attn.in_proj_weight", "self_attn.in_proj_bias", "self_attn.out_proj.weight",
            "self_attn.out_proj.bias", "linear1.weight", "linear1.bias",
        )
    ]  # fmt: skip
    assert names[-2:] == ["norm.weight", "norm.bias"]
    first, second = (encoder.layers[i].linear1.weight.value for i in (0, 1))
    assert (first != second).any()


def test_dropout_of_weights(backend, generator):
    net = nn.MultiHeadAttention(8, 2, dropout=0.5)
    x = generator.normal(size=(4, 6, 8)).astype("f")
    feeds = {n: graph.input(n, (), np.uint32) for n in ("seed", "step")}
    trace = nn.Trace(training=True, **feeds)
    output = net.trace_forward(trace, graph.input("x", (graph.batch, 6, 8)))
    (kept,) = (c.output for c in trace.calls if c.path == "attention.dropout")
    (weights,) = (c.output for c in trace.calls if c.path == "attention.weights")
    state = State({h.tensor: h.value for _, h in net.named_held()})
    program = Program({"y": output, "kept": kept, "weights": weights})
    found = backend.compile(program).run(
        state, Feeds({"x": x}, 4, fixed={"seed": np.uint32(1), "step": np.uint32(0)})
    )
    on = found["kept"] != 0
    assert 0.35 < on.mean() < 0.65
    np.testing.assert_allclose(found["kept"][on], 2 * found["weights"][on], rtol=1e-6)
