"""Feeds, state and programs: what is fed, what a run gives back, what it leaves behind."""

import numpy as np
import pytest

from layerwise import graph
from layerwise.compiler import Feeds, Program, State
from layerwise.graph import ShapeError, batch


@pytest.fixture
def x():
    return graph.input("x", (batch, 2), "float64")


@pytest.fixture
def data():
    return np.arange(14.0).reshape(7, 2)


# -- feeds -----------------------------------------------------------------------------------------


def test_rows_are_cut_into_batches(data):
    feeds = Feeds({"x": data}, batch_size=3)
    assert feeds.boundaries.tolist() == [0, 3, 6, 7]
    assert feeds.steps == 3
    assert feeds.largest_batch == 3
    assert feeds.indices(2) == slice(6, 7)


def test_a_batch_may_be_larger_than_the_data(data):
    feeds = Feeds({"x": data}, batch_size=100)
    assert feeds.boundaries.tolist() == [0, 7]
    assert feeds.largest_batch == 7


def test_order_says_which_rows_come(data):
    feeds = Feeds({"x": data}, batch_size=2, order=[6, 0, 0, 3, 5])
    assert feeds.boundaries.tolist() == [0, 2, 4, 5]
    assert feeds.indices(1).tolist() == [0, 3]


@pytest.mark.parametrize(
    ("count", "size", "minimum", "boundaries"),
    [
        (7, 3, 2, [0, 3, 7]), (8, 3, 2, [0, 3, 6, 8]), (6, 3, 2, [0, 3, 6]), (1, 3, 2, [0, 1]),
        (4, 3, 1, [0, 3, 4]), (0, 3, 2, [0]), (3, 3, 2, [0, 3]), (4, 3, 2, [0, 4]),
    ],
)  # fmt: skip
def test_a_last_batch_that_is_too_small_joins_the_one_before(count, size, minimum, boundaries):
    feeds = Feeds({"x": np.zeros((count, 2))}, batch_size=size, minimum=minimum)
    assert feeds.boundaries.tolist() == boundaries


def test_steps_without_rows():
    assert Feeds().steps == 1
    assert Feeds(steps=5).steps == 5
    assert Feeds(steps=0).steps == 0


def test_feeds_that_do_not_fit_are_refused(data):
    with pytest.raises(ShapeError, match="'x' has 7, 'y' has 3"):
        Feeds({"x": data, "y": data[:3]})
    with pytest.raises(IndexError, match=r"outside 0\.\.6"):
        Feeds({"x": data}, order=[7])
    with pytest.raises(IndexError, match=r"outside 0\.\.6"):
        Feeds({"x": data}, order=[-1])
    with pytest.raises(ValueError, match="at least 1, got 0"):
        Feeds({"x": data}, batch_size=0)
    with pytest.raises(ShapeError, match="'rate' has 2 values for 3 steps"):
        Feeds({"x": data}, batch_size=3, per_step={"rate": np.zeros(2)})


def test_what_is_fed_is_checked_against_the_inputs(x, data):
    rate = graph.input("rate", (3,))
    with pytest.raises(KeyError, match=r"'x' of shape \(batch, 2\) was not fed"):
        Feeds().check({"x": x})
    with pytest.raises(
        ShapeError, match=r"'x' \(rows\): expected shape \(batch, 2\), got \(7, 3\)"
    ):
        Feeds({"x": np.zeros((7, 3))}).check({"x": x})
    with pytest.raises(ShapeError, match=r"'rate' \(fixed\): expected shape \(3,\), got \(2,\)"):
        Feeds(fixed={"rate": np.zeros(2)}).check({"rate": rate})
    with pytest.raises(ShapeError, match=r"'rate' \(per step\)"):
        Feeds(per_step={"rate": np.zeros((1, 2))}).check({"rate": rate})
    with pytest.raises(ShapeError, match="no batch dimension"):
        Feeds({"rate": np.zeros((7, 3))}).check({"rate": rate})


def test_fed_arrays_are_converted_once(x, data):
    feeds = Feeds({"x": data})
    feeds.check({"x": x})
    assert feeds.rows["x"] is data
    feeds = Feeds({"x": np.asfortranarray(data.astype("float32"))})
    feeds.check({"x": x})
    assert feeds.rows["x"].dtype == np.float64
    assert feeds.rows["x"].flags.c_contiguous


# -- state -----------------------------------------------------------------------------------------


def test_state_holds_copies_of_the_right_type():
    w, scalar = graph.variable("w", (2, 3)), graph.variable("count", (), "int32")
    given = np.ones((3, 2)).T
    state = State({w: given, scalar: 3})
    assert state[w].dtype == np.float32
    assert state[w].flags.c_contiguous
    assert state[scalar].shape == ()
    given[:] = 5
    assert state[w].max() == 1
    twin = state.copy()
    twin[w] = np.zeros((2, 3))
    assert state[w].max() == 1
    assert list(state) == [w, scalar]
    del state[w]
    assert len(state) == 1


def test_state_refuses_what_does_not_fit(x):
    w = graph.variable("w", (2, 3))
    with pytest.raises(ShapeError, match=r"'w': expected shape \(2, 3\), got \(3, 2\)"):
        State({w: np.zeros((3, 2))})
    with pytest.raises(TypeError, match="a state holds variables"):
        State({x: np.zeros((3, 2))})
    with pytest.raises(KeyError):
        State()[w]


# -- programs --------------------------------------------------------------------------------------


def test_a_program_knows_its_leaves(x):
    w, unread = graph.variable("w", (2, 3), "float64"), graph.variable("unread", (), "float64")
    program = Program({"y": x @ w}, {unread: graph.constant(1.0, "float64")})
    assert program.inputs == {"x": x}
    assert program.variables == (w, unread)
    assert program.with_roots(program.roots).outputs == program.outputs


def test_programs_that_cannot_run_are_refused(x):
    w = graph.variable("w", (2,), "float64")
    with pytest.raises(ShapeError, match=r"output 'y' has shape \(2, batch\); the batch must lead"):
        Program({"y": x.T})
    with pytest.raises(TypeError, match="only variables can be updated"):
        Program({}, {x: x})
    with pytest.raises(ShapeError, match=r"new value has shape \(\)"):
        Program({}, {w: graph.sum(w)})
    with pytest.raises(ShapeError, match="float32"):
        Program({}, {w: w.astype("float32")})
    with pytest.raises(ValueError, match="two different inputs are named 'x'"):
        Program({"a": x, "b": graph.input("x", (), "float64")})


# -- runs, on every backend ------------------------------------------------------------------------


def run(backend, outputs, feeds, updates=None, state=None, **window):
    state = State() if state is None else state
    return backend.compile(Program(outputs, updates)).run(state, feeds, **window)


def test_rows_are_joined_and_values_stacked(backend, x, data):
    outputs = {
        "row": x * 2.0,
        "pairs": graph.reshape(x, (-1,)),
        "mean": graph.mean(x),
        "columns": graph.sum(x, 0),
        "rows": graph.batch_size("int32"),
        "positive": x > 3.0,
    }
    found = run(backend, outputs, Feeds({"x": data}, batch_size=3))
    np.testing.assert_array_equal(found["row"], data * 2)
    np.testing.assert_array_equal(found["pairs"], data.reshape(-1))
    np.testing.assert_allclose(found["mean"], [2.5, 8.5, 12.5])
    np.testing.assert_allclose(found["columns"], [[6, 9], [24, 27], [12, 13]])
    np.testing.assert_array_equal(found["rows"], [3, 3, 1])
    np.testing.assert_array_equal(found["positive"], data > 3)
    assert found["positive"].dtype == bool
    assert found["rows"].dtype == np.int32


def test_order_gathers_rows(backend, x, data):
    labels = graph.input("labels", (batch,), "int32")
    feeds = Feeds(
        {"x": data, "labels": np.arange(7)}, batch_size=2, order=np.array([6, 0, 0, 3, 5])
    )
    found = run(backend, {"x": x + 0.0, "labels": labels, "size": graph.batch_size()}, feeds)
    np.testing.assert_array_equal(found["x"], data[[6, 0, 0, 3, 5]])
    np.testing.assert_array_equal(found["labels"], [6, 0, 0, 3, 5])
    np.testing.assert_array_equal(found["size"], [2, 2, 1])


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint32", "bool"])
def test_leaves_may_be_outputs(backend, dtype):
    fed = graph.input("fed", (batch, 3), dtype)
    one = graph.input("one", (), dtype)
    v = graph.variable("v", (2,), dtype)
    rows = np.array([[0, 1, 2], [3, 0, 5]]).astype(dtype)
    state = State({v: np.array([1, 0])})
    outputs = {"fed": fed, "one": one, "v": v, "constant": graph.constant([1, 0], dtype)}
    found = run(backend, outputs, Feeds({"fed": rows}, 1, fixed={"one": 1}), state=state)
    np.testing.assert_array_equal(found["fed"], rows)
    np.testing.assert_array_equal(found["one"], np.array([1, 1]).astype(dtype))
    np.testing.assert_array_equal(found["v"], np.array([[1, 0]] * 2).astype(dtype))
    np.testing.assert_array_equal(found["constant"], np.array([[1, 0]] * 2).astype(dtype))
    assert {array.dtype for array in found.values()} == {np.dtype(dtype)}


def test_values_per_step_and_fixed(backend, x, data):
    rate, offset = graph.input("rate", (), "float64"), graph.input("offset", (2,), "float64")
    feeds = Feeds(
        {"x": data}, 3, per_step={"rate": np.array([1.0, 10.0, 100.0, 1000.0])},
        fixed={"offset": np.array([0.5, 0.25])},
    )  # fmt: skip
    found = run(backend, {"y": x * rate + offset}, feeds)["y"]
    rates = np.array([1, 1, 1, 10, 10, 10, 100])[:, None]
    np.testing.assert_allclose(found, data * rates + [0.5, 0.25])


def test_values_per_step_may_be_arrays(backend):
    v = graph.input("v", (3,), "float32")
    values = np.arange(12, dtype="float32").reshape(4, 3)
    found = run(backend, {"v": v * 2.0}, Feeds(per_step={"v": values}, steps=4))
    np.testing.assert_array_equal(found["v"], values * 2)


def test_updates_see_the_values_from_before_the_step(backend):
    a, b = (graph.variable(n, (2, 3), "float64") for n in "ab")
    first, second = np.arange(6.0).reshape(2, 3), -np.ones((2, 3))
    state = State({a: first, b: second})
    run(backend, {}, Feeds(steps=3), {a: b, b: a}, state)
    np.testing.assert_array_equal(state[a], second)
    np.testing.assert_array_equal(state[b], first)


def test_three_variables_in_a_ring(backend):
    a, b, c = (graph.variable(n, (17,), "float32") for n in "abc")
    state = State({a: np.full(17, 1), b: np.full(17, 2), c: np.full(17, 3)})
    found = run(backend, {"a": a, "sum": graph.sum(a + b + c)}, Feeds(steps=4), {a: b, b: c, c: a},
                state)  # fmt: skip
    np.testing.assert_array_equal(found["a"][:, 0], [1, 2, 3, 1])
    np.testing.assert_allclose(found["sum"], 17 * 6)
    assert [state[v][0] for v in (a, b, c)] == [2, 3, 1]


def test_an_update_may_read_its_variable_in_another_order(backend):
    """In place, element by element, these would read what they have just written."""
    a, b, c = (graph.variable(n, (5, 5), "float64") for n in "abc")
    start = np.arange(25.0).reshape(5, 5)
    state = State({a: start, b: start, c: start})
    updates = {
        a: a.T,
        b: b @ b,
        c: graph.concatenate([c[1:], c[:1]], 0) + graph.sum(c, 0, keepdims=True),
    }
    run(backend, {}, Feeds(steps=1), updates, state)
    np.testing.assert_array_equal(state[a], start.T)
    np.testing.assert_allclose(state[b], start @ start)
    np.testing.assert_allclose(state[c], np.roll(start, -1, 0) + start.sum(0))


def test_outputs_are_from_before_the_update(backend):
    count = graph.variable("count", (), "int32")
    state = State({count: 5})
    found = run(backend, {"count": count, "next": count + 1}, Feeds(steps=3), {count: count + 1},
                state)  # fmt: skip
    np.testing.assert_array_equal(found["count"], [5, 6, 7])
    np.testing.assert_array_equal(found["next"], [6, 7, 8])
    assert state[count] == 8
    assert state[count].shape == ()


def test_several_updates_may_share_a_value(backend):
    a, b = (graph.variable(n, (3,), "float64") for n in "ab")
    state = State({a: np.ones(3), b: np.zeros(3)})
    run(backend, {}, Feeds(steps=2), {a: a * 2.0, b: a * 2.0}, state)
    np.testing.assert_array_equal(state[a], [4, 4, 4])
    np.testing.assert_array_equal(state[b], [4, 4, 4])
    state[a][:] = 0
    np.testing.assert_array_equal(state[b], [4, 4, 4])


def descent(x):
    w = graph.variable("w", (2, 1), "float64")
    y = graph.input("y", (batch, 1), "float64")
    loss = graph.mean(graph.square(graph.tanh(x @ w) - y))
    loss, (gradient,) = graph.value_and_gradients(loss, [w])
    return Program({"loss": loss}, {w: w - gradient * 0.1}), w


def test_windows_of_steps_continue_where_the_last_ended(backend, x, data):
    program, w = descent(x)
    executable = backend.compile(program)
    order = np.random.default_rng(0).permutation(np.tile(np.arange(7), 4))
    feeds = Feeds({"x": data / 10, "y": np.sin(data[:, :1])}, 3, order)
    assert feeds.steps == 10

    def train(windows):
        state = State({w: np.array([[0.5], [-0.5]])})
        parts = [executable.run(state, feeds, first, steps)["loss"] for first, steps in windows]
        return np.concatenate(parts), state[w]

    losses, weights = train([(0, None)])
    assert losses.shape == (10,)
    for windows in ([(0, 4), (4, None)], [(i, 1) for i in range(10)], [(0, 0), (0, 9), (9, 1)]):
        other_losses, other_weights = train(windows)
        np.testing.assert_array_equal(other_losses, losses)
        np.testing.assert_array_equal(other_weights, weights)


def test_feeds_again_in_another_order(backend, x, data):
    rate = graph.input("rate", ())
    executable = backend.compile(Program({"y": x * graph.cast(rate, "float64")}))
    feeds = Feeds({"x": data}, 3, minimum=2)
    orders = [np.arange(7)[::-1], None, np.arange(7) * 3 % 7]
    for number, order in enumerate(orders, start=1):
        rates = number * np.arange(1, 3)
        again = feeds.again(order, {"rate": rates.astype(np.float64)})
        found = executable.run(State(), again)["y"]
        wanted = data if order is None else data[order]
        np.testing.assert_array_equal(found, wanted * rates[[0, 0, 0, 1, 1, 1, 1], None])
    assert feeds.order is None
    assert not feeds.per_step
    with pytest.raises(IndexError, match=r"0\.\.6"):
        feeds.again(np.arange(7) + 1, {})
    with pytest.raises(ShapeError, match="an order of 7 rows, got 6"):
        feeds.again(np.arange(6), {})
    with pytest.raises(ShapeError, match="'rate' has 1 values for 2 steps"):
        feeds.again(None, {"rate": np.ones(1)})
    with pytest.raises(ShapeError, match="per step"):
        executable.run(State(), feeds.again(None, {"rate": np.ones((2, 1))}))


def test_training_agrees_with_numpy(backend, x, data):
    program, w = descent(x)
    inputs, targets = data / 10, np.sin(data[:, :1])
    state = State({w: np.array([[0.5], [-0.5]])})
    losses = backend.compile(program).run(state, Feeds({"x": inputs, "y": targets}, 2))["loss"]
    weight = np.array([[0.5], [-0.5]])
    for step, start in enumerate(range(0, 7, 2)):
        rows, wanted = inputs[start : start + 2], targets[start : start + 2]
        out = np.tanh(rows @ weight)
        assert losses[step] == pytest.approx(np.mean((out - wanted) ** 2), rel=1e-12)
        weight = weight - 0.1 * rows.T @ (2 * (out - wanted) * (1 - out**2)) / len(rows)
    np.testing.assert_allclose(state[w], weight, rtol=1e-12)


def test_one_executable_serves_many_states_and_feeds(backend, x, data):
    program, w = descent(x)
    executable = backend.compile(program)
    fed = {"x": data / 10, "y": np.zeros((7, 1))}
    states = [State({w: np.full((2, 1), value)}) for value in (0.1, 0.2)]
    large = [executable.run(s.copy(), Feeds(fed, 7))["loss"] for s in states]
    for _ in range(2):
        for s in states:
            executable.run(s.copy(), Feeds(fed, 1))
        again = [executable.run(s.copy(), Feeds(fed, 7))["loss"] for s in states]
        np.testing.assert_array_equal(again, large)
    assert large[0] != large[1]


def test_two_programs_share_a_state(backend, x, data):
    program, w = descent(x)
    predict = backend.compile(Program({"y": x @ w}))
    train = backend.compile(program)
    state = State({w: np.zeros((2, 1))})
    assert not predict.run(state, Feeds({"x": data}))["y"].any()
    train.run(state, Feeds({"x": data / 10, "y": np.ones((7, 1))}))
    found = predict.run(state, Feeds({"x": data}))["y"]
    np.testing.assert_allclose(found, data @ state[w], rtol=1e-12)
    assert found.any()


def test_results_are_the_callers_own(backend, x, data):
    executable = backend.compile(Program({"y": x * 1.0}))
    feeds = Feeds({"x": data}, 3)
    first = executable.run(State(), feeds)["y"]
    first[:] = -1
    np.testing.assert_array_equal(executable.run(State(), feeds)["y"], data)
    assert data[0, 1] == 1


def test_no_rows_and_no_steps(backend, x):
    found = run(backend, {"y": x * 2.0, "loss": graph.sum(x)}, Feeds({"x": np.zeros((0, 2))}))
    assert found["y"].shape == (0, 2)
    assert found["loss"].shape == (0,)
    assert found["y"].dtype == np.float64


def test_a_missing_value_is_named(backend, x, data):
    program, _ = descent(x)
    fed = {"x": data, "y": np.zeros((7, 1))}
    executable = backend.compile(program)
    with pytest.raises(KeyError, match="w"):
        executable.run(State(), Feeds(fed))
    with pytest.raises(KeyError, match="'y' of shape"):
        executable.run(State(), Feeds({"x": data}))


def test_steps_outside_the_feeds_are_refused(backend, x, data):
    executable = backend.compile(Program({"y": x * 2.0}))
    feeds = Feeds({"x": data}, 3)
    with pytest.raises(IndexError):
        executable.run(State(), feeds, first=1, steps=3)


def test_nan_arrives(backend, x, data):
    data = data.copy()
    data[4, 1] = np.nan
    found = run(backend, {"loss": graph.mean(x * 0.0)}, Feeds({"x": data}, 3))["loss"]
    np.testing.assert_array_equal(np.isnan(found), [False, True, False])


@pytest.mark.parametrize("threads", [1, 2])
def test_thread_counts_are_accepted(backend, x, data, threads):
    executable = backend.compile(Program({"y": graph.exp(x)}), threads)
    np.testing.assert_allclose(executable.run(State(), Feeds({"x": data}))["y"], np.exp(data))
