"""Accuracy against double precision, special values, equal bits whatever the number of lanes."""

import ctypes
import functools
import math

import numpy as np
import pytest

from layerwise.backends.native import jit, target, vector_math
from layerwise.backends.native.emitter import Function, Module, constant, vector
from layerwise.graph.threefry import threefry2x32

UNARY = ["exp", "expm1", "log", "log1p", "tanh", "erf", "sigmoid", "softplus", "sin", "cos",
         "sqrt", "floor", "sign", "absolute"]  # fmt: skip
BINARY = ["maximum", "minimum"]
TARGETS = {"host": target.host, "baseline": target.baseline}
TYPES = {"float": np.float32, "double": np.float64}
INF, NAN = math.inf, math.nan


def sigmoid(x):
    small = np.exp(-np.abs(x))
    return np.where(x < 0, small, 1.0) / (1.0 + small)


def softplus(x):
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


REFERENCE = {
    **{name: getattr(np, name) for name in UNARY if hasattr(np, name)},
    "erf": np.vectorize(math.erf, otypes=[float]),
    "sigmoid": sigmoid,
    "softplus": softplus,
}


def module_text(element, lanes):
    """A function over arrays for everything, in steps of `lanes` elements."""
    module, type_ = Module(), vector(element, lanes)
    for name in UNARY + BINARY + ["isfinite"]:
        f = Function(f"map_{name}", [("x", "ptr"), ("y", "ptr"), ("out", "ptr"), ("count", "i64")])
        x, y, out, count = f.parameters

        def body(index, _, name=name, f=f, x=x, y=y, out=out):
            operands = [f.load(f.offset(p, index, element), type_) for p in (x, y)]
            operands = operands if name in BINARY else operands[:1]
            result = getattr(vector_math, name)(f, *operands)
            if name == "isfinite":
                result = f.convert("uitofp", result, type_)
            f.store(result, f.offset(out, index, element))

        f.loop(0, count, body, step=lanes)
        module.add(f)
    return module.text


@functools.cache
def library(choice, element, scalar=False):
    processor = TARGETS[choice]()
    lanes = 1 if scalar else processor.lanes(element)
    return jit.load(module_text(element, lanes), processor, None)


def run(choice, name, x, y=None, scalar=False):
    """Apply a function of ours to arrays of any length; the array is padded to whole vectors."""
    element = "float" if x.dtype == np.float32 else "double"
    x, y = np.broadcast_arrays(x, x if y is None else y)
    padded = [np.append(a, np.ones(-len(a) % 16, a.dtype)) for a in (x, y)]
    out = np.empty_like(padded[0])
    address = library(choice, element, scalar).address(f"map_{name}")
    prototype = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3, ctypes.c_int64)
    prototype(address)(*(a.ctypes.data for a in (*padded, out)), len(out))
    return out[: len(x)]


def every_kind_of_float(count=1 << 17):
    """Random bits: all exponents, both signs, denormals, infinities and NaN."""
    bits = np.random.default_rng(7).integers(0, 1 << 32, count, dtype=np.uint32)
    special = np.float32([0.0, -0.0, INF, -INF, NAN, 1.0, -1.0, 1e-45, -1e-45, 1e-39, 88.72284])
    return np.concatenate([bits.view(np.float32), special])


def error_in_ulp(result, exact):
    spacing = np.spacing(np.abs(exact).astype(np.float32)).astype(float)
    return np.abs(result.astype(float) - exact) / spacing


ACCURACY = {  # largest error in ulp, and where the function bends
    "exp": (1.1, [(-87.3, 88.7), (-1, 1)]),
    "expm1": (1.7, [(-20, 88.7), (-1, 1)]),
    "log": (0.9, [(0, 5), (0.9, 1.1), (0, 1e9)]),
    "log1p": (1.6, [(-1, 2), (-0.1, 0.1), (0, 1e9)]),
    "tanh": (2.6, [(-10, 10), (-1, 1), (-0.01, 0.01)]),
    "erf": (1.3, [(-4, 4), (-1, 1)]),
    "sigmoid": (2.6, [(-87, 20), (-1, 1)]),
    "softplus": (1.9, [(-87, 90), (-2, 2)]),
    "sin": (1.7, [(-4, 4), (-3000, 3000), (-2e6, 2e6)]),
    "cos": (1.7, [(-4, 4), (-3000, 3000), (-2e6, 2e6)]),
    "sqrt": (0.5, [(0, 100)]),
    "floor": (0.0, [(-5, 5)]),
    "sign": (0.0, [(-5, 5)]),
    "absolute": (0.0, [(-5, 5)]),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("choice", TARGETS)
@pytest.mark.parametrize("name", UNARY)
def test_float_is_accurate(name, choice):
    limit, ranges = ACCURACY[name]
    sweeps = [np.linspace(low, high, 50_000, dtype=np.float32) for low, high in ranges]
    x = np.concatenate([*sweeps, every_kind_of_float()])
    result, exact = run(choice, name, x), REFERENCE[name](x.astype(float))
    rounded = exact.astype(np.float32)
    finite = np.isfinite(rounded)
    np.testing.assert_array_equal(result[~finite], rounded[~finite])
    tiny = np.abs(exact) < 2.0**-126
    assert np.all(np.abs(result[tiny] - exact[tiny]) <= 2.0**-126)
    assert error_in_ulp(result, exact)[finite & ~tiny].max() <= limit


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", UNARY)
def test_double_is_accurate(name):
    x = np.concatenate([np.linspace(-40, 40, 1001), [0.0, -0.0, 1e-300, 1e300, INF, -INF, NAN]])
    exact = REFERENCE[name](x)
    np.testing.assert_allclose(run("host", name, x), exact, rtol=1e-15, atol=0)


@pytest.mark.parametrize("name", [*UNARY, "isfinite"])
@pytest.mark.parametrize("choice", TARGETS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scalar_gives_the_bits_of_a_vector(name, choice, dtype):
    x = every_kind_of_float(1 << 13)
    with np.errstate(invalid="ignore"):
        x = x.astype(dtype)
    vectors, scalars = run(choice, name, x), run(choice, name, x, scalar=True)
    assert vectors.tobytes() == scalars.tobytes()


SPECIAL = [
    ("exp", [0, -0.0, 1000, -1000, -1e9, INF, -INF, NAN], [1, 1, INF, 0, 0, INF, 0, NAN]),
    ("expm1", [0, -0.0, 1000, -1000, INF, -INF, NAN], [0, -0.0, INF, -1, INF, -1, NAN]),
    ("log", [0, -0.0, 1, -1, INF, -INF, NAN], [-INF, -INF, 0, NAN, INF, NAN, NAN]),
    ("log1p", [0, -0.0, -1, -2, INF, -INF, NAN], [0, -0.0, -INF, NAN, INF, NAN, NAN]),
    ("tanh", [0, -0.0, 1000, -1000, INF, -INF, NAN], [0, -0.0, 1, -1, 1, -1, NAN]),
    ("erf", [0, -0.0, 1000, -1000, INF, -INF, NAN], [0, -0.0, 1, -1, 1, -1, NAN]),
    ("sigmoid", [0, 1000, -1000, INF, -INF, NAN], [0.5, 1, 0, 1, 0, NAN]),
    ("softplus", [1000, -1000, INF, -INF, NAN], [1000, 0, INF, 0, NAN]),
    ("sin", [0, -0.0, INF, -INF, NAN], [0, -0.0, NAN, NAN, NAN]),
    ("cos", [0, -0.0, INF, -INF, NAN], [1, 1, NAN, NAN, NAN]),
    ("sqrt", [0, -0.0, 4, -1, INF, NAN], [0, -0.0, 2, NAN, INF, NAN]),
    ("floor", [0, -0.0, 2.5, -2.5, INF, -INF, NAN], [0, -0.0, 2, -3, INF, -INF, NAN]),
    ("sign", [0, -0.0, 1e-45, -7, INF, -INF, NAN], [0, 0, 1, -1, 1, -1, NAN]),
    ("absolute", [0, -0.0, -7, -INF, NAN], [0, 0, 7, INF, NAN]),
    ("isfinite", [0, -0.0, 3e38, INF, -INF, NAN], [1, 1, 1, 0, 0, 0]),
]


@pytest.mark.parametrize(("name", "x", "expected"), SPECIAL)
@pytest.mark.parametrize("choice", TARGETS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_special_values(name, x, expected, choice, dtype):
    result, expected = run(choice, name, np.array(x, dtype)), np.array(expected, dtype)
    if dtype == np.float64 and name == "sign":
        expected[2] = 1
    np.testing.assert_array_equal(result, expected)
    known = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(result[known]), np.signbit(expected[known]))


@pytest.mark.parametrize("choice", TARGETS)
def test_logarithm_of_denormals(choice):
    x = np.float32([1e-45, 1e-42, 1e-40, 1.1e-38])
    exact = np.log(x.astype(float))
    assert error_in_ulp(run(choice, "log", x), exact).max() < 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tail_of_sigmoid_is_relatively_precise(dtype):
    x = np.array([-20.0, -50.0, -80.0], dtype)
    np.testing.assert_allclose(run("host", "sigmoid", x), np.exp(x.astype(float)), rtol=1e-6)
    assert run("host", "sigmoid", x)[0] == pytest.approx(2.0611536e-9, rel=1e-6)


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("choice", TARGETS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extremes_keep_nan_like_numpy(name, choice, dtype):
    values = np.array([0.0, 1.0, -1.0, INF, -INF, NAN], dtype)
    x, y = (a.ravel() for a in np.meshgrid(values, values))
    np.testing.assert_array_equal(run(choice, name, x, y), getattr(np, name)(x, y))
    scalars = run(choice, name, x, y, scalar=True)
    assert run(choice, name, x, y).tobytes() == scalars.tobytes()


@pytest.mark.parametrize("element", TYPES)
def test_compiles_for_aarch64(element):
    processor = target.aarch64()
    assert jit.emit_object(module_text(element, processor.lanes(element)), processor)
    assert jit.emit_object(threefry_text(4), processor)


# -- random words ------------------------------------------------------------------------------

KNOWN_ANSWERS = [  # Random123's kat_vectors, threefry2x32 20: key, counter, words
    ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
]


def threefry_text(lanes):
    module, type_ = Module(), vector("i32", lanes)
    f = Function("draw", [("words", "ptr")])
    (words,) = f.parameters
    places = [f.offset(words, number * lanes, "i32") for number in range(4)]
    drawn = vector_math.threefry2x32(f, *(f.load(place, type_) for place in places))
    for word, place in zip(drawn, places[:2], strict=True):
        f.store(word, place)
    module.add(f)
    return module.text


@pytest.mark.parametrize(("key", "counter", "expected"), KNOWN_ANSWERS)
def test_threefry_known_answers(key, counter, expected):
    assert tuple(int(word) for word in threefry2x32(*key, *counter)) == expected


@pytest.mark.parametrize("choice", TARGETS)
@pytest.mark.parametrize("lanes", [1, 4, 16])
def test_threefry_in_machine_code_equals_numpy(choice, lanes):
    compiled = jit.load(threefry_text(lanes), TARGETS[choice](), None)
    draw = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(compiled.address("draw"))
    words = np.random.default_rng(3).integers(0, 1 << 32, (4, lanes), dtype=np.uint32)
    expected = threefry2x32(*words)
    draw(words.ctypes.data)
    np.testing.assert_array_equal(words[:2], expected)


def test_threefry_broadcasts():
    first, second = threefry2x32(1, 2, np.arange(3, dtype=np.uint32)[:, None], np.uint32(4))
    assert first.shape == second.shape == (3, 1)
    assert first.dtype == second.dtype == np.uint32
    assert threefry2x32(1, 2, 0, 4)[0] == first[0, 0]


def test_constants_are_accepted():
    """A constant operand, as the lowering of `maximum(x, 0)` has it."""
    f = Function("relu", [("x", "float")], "float")
    module = Module()
    module.add(f, vector_math.maximum(f, f.parameters[0], constant(0.0, "float")))
    compiled = jit.load(module.text, target.host(), None)
    relu = ctypes.CFUNCTYPE(ctypes.c_float, ctypes.c_float)(compiled.address("relu"))
    assert [relu(-1.0), relu(2.0)] == [0.0, 2.0]
    assert math.isnan(relu(NAN))
