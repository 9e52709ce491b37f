"""Every line of the op table on every backend, against three oracles.

The oracles are the graph's own evaluation in double precision, central differences of it, and JAX.
"""

import inspect

import numpy as np
import pytest
from cases import CASES, GROUPS
from harness import ROWS, Compiled, arrays_for, assert_close, build, oracle, results, truth

from layerwise import graph
from layerwise.compiler import Feeds, Program, State

DTYPES = ("float32", "float64")
DIFFERENTIABLE = [c for c in CASES if c.differentiable]
WITH_EXTREMES = [c for c in CASES if c.extremes]
ALONE = [
    c for c in CASES
    if c.name in ("add (3, 5)", "matmul 17x31x33", "softmax (batch, 10) -1", "take batch words")
]  # fmt: skip

# Functions about graphs instead of numbers, which have tests of their own.
NO_OPERATIONS = {
    "apply", "as_tensor", "backpropagate", "concrete", "evaluate", "gradients", "input", "rewrite",
    "show", "stabilise", "substitute", "to_text", "topological_order", "value_and_gradients",
    "variable",
}  # fmt: skip


def table(cases):
    """Parametrise a test over lines of the table."""
    return pytest.mark.parametrize("case", cases, ids=lambda c: c.name)


each_dtype = pytest.mark.parametrize("dtype", DTYPES)


def test_every_primitive_has_a_line():
    used = set()
    for case in CASES:
        output = build(case, "float32").results["output"]
        used.update(node.primitive.name for node in graph.topological_order([output]))
    assert set(graph.PRIMITIVES) - used == set(), "add a line to cases.py for these primitives"


def test_every_function_has_a_line():
    functions = {
        name for name in graph.__all__ if inspect.isfunction(getattr(graph, name))
    } - NO_OPERATIONS
    about = {case.about for case in CASES}
    assert functions - about == set(), "add a line to cases.py for these functions"


def test_every_line_is_about_a_function():
    known = {*graph.__all__, "getitem", "iota", "constant"}
    assert {case.about for case in CASES} - known == set()


def test_every_line_has_an_oracle():
    assert [case.name for case in CASES if case.oracle is None] == []


@table(CASES)
@each_dtype
def test_forward(backend, case, dtype):
    found = results(backend, case, dtype)
    for name, tensor in build(case, dtype).results.items():
        assert found[name].shape == graph.concrete(tensor.shape, ROWS), name
        assert found[name].dtype == tensor.dtype, name
    assert_close(found["output"], truth(case)["output"], case.tolerance)


@table(DIFFERENTIABLE)
@each_dtype
def test_derivatives(backend, case, dtype):
    found = results(backend, case, dtype)
    for name, want in truth(case).items():
        if name.startswith("gradient"):
            assert_close(found[name], want, 4 * case.tolerance, name)
        elif name.startswith("second"):
            assert_close(found[name], want, 40 * case.tolerance, name)


@table(WITH_EXTREMES)
@each_dtype
def test_extremes(backend, case, dtype):
    found = results(backend, case, dtype)
    for k, extreme in enumerate(case.extremes):
        got = found[f"extreme{k}"]
        want = np.asarray(extreme.expected)
        want = np.resize(want, 19) if case.elementwise else want
        _assert_extreme(got, want, f"output for {extreme.inputs}")
        for i, gradient in enumerate(extreme.gradients or ()):
            want = np.resize(gradient, 19) if case.elementwise else np.asarray(gradient)
            _assert_extreme(
                found[f"extreme{k}/gradient{i}"], want, f"gradient {i} at {extreme.inputs}"
            )


def _assert_extreme(got, want, message):
    assert got.shape == want.shape, message
    tiny = 1e-6 if got.dtype == np.float32 else 1e-13
    np.testing.assert_allclose(got, want, rtol=tiny * 4, atol=tiny * 1e-6, err_msg=message)


@table(CASES)
def test_against_jax(case):
    found = truth(case)
    for name, want in oracle(case.group)[case.name].items():
        assert_close(found[name], want, 10 * case.tolerance, name)


def _difference(case, result, step=1e-5):
    """Central difference of a scalar along a random direction of all arguments, and what to expect.

    `result` names what is differentiated: "output" (weighted by the cotangent), whose derivatives
    are called gradient0, ...; or "gradient" (weighted by the directions), second0, ...
    """
    built, arrays = build(case, "float64"), arrays_for(case, "float64")
    floats = [
        n for n, t in built.inputs.items() if n.startswith("argument") and t.dtype.kind == "f"
    ]
    generator = np.random.default_rng(7)
    along = {name: generator.uniform(-1, 1, arrays[name].shape) for name in floats}
    names = [n for n in built.results if n.startswith(result)]
    weights = (
        [arrays["cotangent"].reshape(truth(case)["output"].shape)]
        if result == "output"
        else [arrays[f"direction{i}"] for i in range(len(names))]
    )

    def value(distance):
        moved = {n: a + distance * along[n] if n in along else a for n, a in arrays.items()}
        values = {tensor: moved[name] for name, tensor in built.inputs.items()}
        found = graph.evaluate([built.results[n] for n in names], values, ROWS, stable=False)
        return sum(np.sum(f * w) for f, w in zip(found, weights, strict=True))

    derivative = "gradient" if result == "output" else "second"
    parts = [truth(case)[f"{derivative}{i}"] * along[n] for i, n in enumerate(floats)]
    expected = sum(np.sum(part) for part in parts)
    size = sum(np.abs(part).sum() for part in parts)
    return (value(step) - value(-step)) / (2 * step), expected, size


def _fixed_to_float32(case):
    """Differences are no oracle in single precision, which some casts are fixed to."""
    return "float32" in case.name


@table([c for c in DIFFERENTIABLE if c.about != "stop_gradient" and not _fixed_to_float32(c)])
def test_against_differences(case):
    difference, expected, size = _difference(case, "output")
    assert difference == pytest.approx(expected, rel=1e-6, abs=1e-7 * (1 + size))
    if case.smooth:
        difference, expected, size = _difference(case, "gradient")
        assert difference == pytest.approx(expected, rel=1e-5, abs=1e-6 * (1 + size))


@table([c for c in CASES if c.eager])
def test_eager_functions_take_and_give_arrays(case):
    arrays = arrays_for(case, "float64")
    found = case.function(*(arrays[f"argument{i}"] for i in range(len(case.arguments))))
    want = truth(case)["output"]
    assert isinstance(found, np.ndarray | np.generic)
    assert found.dtype == want.dtype
    assert_close(np.asarray(found), want, 10)


@pytest.mark.parametrize("rows", [1, 2, 17, 33])
@pytest.mark.parametrize("group", GROUPS)
def test_other_batch_sizes(backend, group, rows):
    for case in (c for c in CASES if c.group == group):
        if not any(graph.batch in a.shape for a in case.arguments):
            continue
        found = results(backend, case, "float64", rows)
        for name, want in truth(case, rows).items():
            if not name.startswith("extreme"):
                assert_close(found[name], want, 100 * case.tolerance, f"{case.name}: {name}")


@table(ALONE)
@each_dtype
def test_compiled_alone(backend, case, dtype):
    found = Compiled(backend, (case,), dtype).results()[case.name]
    for name, want in truth(case).items():
        assert_close(found[name], want, 40, name)


# -- random bits -----------------------------------------------------------------------------------


def _draw(backend, tensor, seed, step, rows=1):
    executable = backend.compile(Program({"bits": tensor}))
    fed = {"x": np.zeros(rows, "float32")}
    found = executable.run(State(), Feeds(fed, rows, fixed={"seed": seed, "step": step}))["bits"]
    return found if graph.batch in tensor.shape else found[0]


@pytest.fixture
def seed():
    return graph.input("seed", (), "uint32"), graph.input("step", (), "uint32")


def test_random_bits_do_not_depend_on_the_batch_size(backend, seed):
    bits = graph.random_bits(*seed, "dropout", (graph.batch, 7))
    many = _draw(backend, bits, 3, 4, rows=20)
    few = _draw(backend, bits, 3, 4, rows=6)
    np.testing.assert_array_equal(many[:6], few)


def test_sites_seeds_and_steps_differ(backend, seed):
    first = graph.random_bits(*seed, "first", (100,))
    second = graph.random_bits(*seed, "second", (100,))
    draws = [
        _draw(backend, first, 3, 4), _draw(backend, second, 3, 4), _draw(backend, first, 4, 3),
        _draw(backend, first, 3, 5),
    ]  # fmt: skip
    assert len(np.unique(np.concatenate(draws))) == 400
    np.testing.assert_array_equal(draws[0], _draw(backend, first, 3, 4))


def test_uniform_is_uniform(backend, seed):
    numbers = _draw(backend, graph.uniform(*seed, "site", (200, 100)), 11, 0)
    assert numbers.dtype == np.float32
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert numbers.mean() == pytest.approx(0.5, abs=0.01)
    assert numbers.var() == pytest.approx(1 / 12, abs=0.005)
    counts, _ = np.histogram(numbers, 20, (0, 1))
    # Chi-squared with 19 degrees of freedom: 43.8 is exceeded once in a thousand.
    assert ((counts - 1000) ** 2 / 1000).sum() < 43.8
    flat = numbers.reshape(-1) - 0.5
    assert abs(np.mean(flat[1:] * flat[:-1])) < 0.002


def test_uniform_is_below_one(backend):
    """The largest words would round up to 1 in float32."""
    word = graph.input("word", (3,), "uint32")
    below_one = float(np.nextafter(np.float32(1), np.float32(0)))
    numbers = graph.minimum(word.astype("float32") * 2.0**-32, below_one)
    words = np.array([0, 2**32 - 1, 2**31], "uint32")
    executable = backend.compile(Program({"numbers": numbers}))
    found = executable.run(State(), Feeds(fixed={"word": words}))["numbers"][0]
    assert found.tolist() == [0, below_one, 0.5]
