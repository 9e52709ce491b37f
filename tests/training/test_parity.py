"""Training against a loop written in NumPy, and against JAX + Optax."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.training import Permutations

STEPS, ROWS, BATCH = 50, 100, 10


def build(dtype):
    net = lw.nn.Sequential(
        lw.nn.Linear(6, 12, dtype=dtype), lw.nn.Tanh(), lw.nn.Linear(12, 4, dtype=dtype)
    )
    net.reset_parameters(3)
    return net


def rows(dtype):
    random = np.random.default_rng(0)
    x = random.standard_normal((ROWS, 6)).astype(dtype)
    return x, (x @ random.standard_normal((6, 4))).argmax(1)


def batches(seed=5):
    orders = Permutations(ROWS, seed)
    for step in range(STEPS):
        start = step * BATCH % ROWS
        yield orders[step * BATCH // ROWS][start : start + BATCH]


def trained(net, data, optimizer, backend):
    lw.train(
        net, data, loss="cross_entropy", optimizer=optimizer, epochs=STEPS * BATCH // ROWS,
        batch_size=BATCH, seed=5, backend=backend.name,
    )  # fmt: skip
    return [p.value for p in net.parameters()]


def numpy_loop(net, data, update):
    """Forward, backward and update by hand."""
    x_all, y_all = data
    parameters = [p.value.astype(np.float64) for p in net.parameters()]
    for number, index in enumerate(batches()):
        w1, b1, w2, b2 = parameters
        x, y = x_all[index].astype(np.float64), y_all[index]
        h = np.tanh(x @ w1.T + b1)
        z = h @ w2.T + b2
        e = np.exp(z - z.max(1, keepdims=True))
        dz = (e / e.sum(1, keepdims=True) - np.eye(4)[y]) / len(y)
        dh = dz @ w2 * (1 - h * h)
        gradients = [dh.T @ x, dh.sum(0), dz.T @ h, dz.sum(0)]
        parameters = [
            update(number, i, p, g)
            for i, (p, g) in enumerate(zip(parameters, gradients, strict=True))
        ]
    return parameters


def numpy_momentum(rate, momentum):
    velocity = {}

    def update(number, i, parameter, gradient):
        velocity[i] = momentum * velocity.get(i, 0) + gradient
        return parameter - rate * velocity[i]

    return update


def numpy_adam(rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    means, squares = {}, {}

    def update(number, i, parameter, gradient):
        means[i] = beta1 * means.get(i, 0) + (1 - beta1) * gradient
        squares[i] = beta2 * squares.get(i, 0) + (1 - beta2) * gradient**2
        mean = means[i] / (1 - beta1 ** (number + 1))
        square = squares[i] / (1 - beta2 ** (number + 1))
        return parameter - rate * mean / (np.sqrt(square) + epsilon)

    return update


CASES = {
    "momentum": (lambda: lw.optim.SGD(0.1, momentum=0.9), lambda: numpy_momentum(0.1, 0.9)),
    "adam": (lambda: lw.optim.Adam(0.01), lambda: numpy_adam(0.01)),
}


@pytest.mark.parametrize("case", CASES)
def test_like_a_numpy_loop_in_float64(case, backend):
    ours, theirs = CASES[case]
    data = rows(np.float64)
    expected = numpy_loop(build("float64"), data, theirs())
    for got, want in zip(trained(build("float64"), data, ours(), backend), expected, strict=True):
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-8)


def test_like_a_numpy_loop_in_float32(backend):
    ours, theirs = CASES["momentum"]
    data = rows(np.float32)
    expected = numpy_loop(build("float32"), data, theirs())
    for got, want in zip(trained(build("float32"), data, ours(), backend), expected, strict=True):
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-4)


@pytest.mark.parametrize("case", CASES)
def test_like_jax_and_optax(case, backend):
    jax, optax = pytest.importorskip("jax"), pytest.importorskip("optax")
    data = rows(np.float64)
    net = build("float64")
    parameters = [jax.numpy.asarray(p.value) for p in net.parameters()]

    def loss(parameters, x, y):
        w1, b1, w2, b2 = parameters
        z = jax.numpy.tanh(x @ w1.T + b1) @ w2.T + b2
        return optax.softmax_cross_entropy_with_integer_labels(z, y).mean()

    peer = optax.sgd(0.1, momentum=0.9) if case == "momentum" else optax.adam(0.01)
    state = peer.init(parameters)

    @jax.jit
    def step(parameters, state, x, y):
        updates, state = peer.update(jax.grad(loss)(parameters, x, y), state, parameters)
        return optax.apply_updates(parameters, updates), state

    for index in batches():
        parameters, state = step(parameters, state, data[0][index], data[1][index])
    got = trained(net, data, CASES[case][0](), backend)
    for ours, theirs in zip(got, parameters, strict=True):
        assert theirs.dtype == np.float64
        np.testing.assert_allclose(ours, np.asarray(theirs), rtol=0, atol=1e-8)
