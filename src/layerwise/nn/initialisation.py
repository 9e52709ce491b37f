"""Initial values of parameters.

An initialiser is a function of a shape and a NumPy generator; it gives a float32 array. A weight's
shape is (out, in, ...), as in `Linear`: a unit has in * (sizes of the axes that follow) inputs, its
fan-in; the fan-out counts likewise where an input goes.

Modules draw their initial values when they are made, from fresh entropy, or, after `seed`, from a
generator that makes them the same each time::

    with lw.nn.seed(0):  # for what is made in the block
        net = lw.nn.Sequential(lw.nn.Linear(64, 10))

    lw.nn.seed(0)  # from here on
    net = lw.nn.Sequential(lw.nn.Linear(64, 10))
"""

from __future__ import annotations

import math
import threading
import zlib
from collections.abc import Callable
from contextvars import ContextVar, Token

import numpy as np

from .. import errors
from ..graph import ShapeError

Initialiser = Callable[[tuple[int, ...], np.random.Generator], np.ndarray]

_generator: ContextVar[np.random.Generator | None] = ContextVar("layerwise_seed", default=None)
"""That of the enclosing `with seed(...)`."""


class _Thread(threading.local):
    generator: np.random.Generator | None = None
    """That of a `seed` without `with`. No context variable: a notebook may run each of its cells in
    a context of its own."""


_thread = _Thread()


def seed(number: int) -> Seed:
    """Make the modules that are built from here on begin with the same values each time.

    Called alone it acts at once and for good, as `torch.manual_seed` does: for this thread, or, in
    the block of a ``with lw.nn.seed(...)``, until that block ends. In a ``with`` statement of its
    own it acts for the block; what was before is restored at its end::

        lw.nn.seed(0)          # from here on
        with lw.nn.seed(0):    # in the block
            ...

    It decides initial weights only. The order of rows and dropout follow from the `seed=` of
    `layerwise.train`.
    """
    return Seed(number)


class Seed:
    """What `seed` gives, for the ``with`` statement."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._tokens: list[Token[np.random.Generator | None]] = []
        self._before = _generator.get() or _thread.generator
        self._mine = np.random.default_rng(number)
        if _generator.get() is not None:
            _generator.set(self._mine)
        else:
            _thread.generator = self._mine

    def __enter__(self) -> None:
        # It was meant for the block, so the call alone did nothing.
        if _generator.get() is self._mine:
            _generator.set(self._before)
        elif _thread.generator is self._mine:
            _thread.generator = self._before
        self._tokens.append(_generator.set(np.random.default_rng(self._number)))

    def __exit__(self, *error: object) -> None:
        _generator.reset(self._tokens.pop())


def current_generator() -> np.random.Generator:
    """Give the generator of the `seed` that is in force, or a new one with fresh entropy."""
    return _generator.get() or _thread.generator or np.random.default_rng()


def generator_for(number: int | None, path: str) -> np.random.Generator:
    """Give the generator for the layer at a path, with fresh entropy when there is no seed."""
    if number is None:
        return np.random.default_rng()
    return np.random.default_rng([number, zlib.crc32(path.encode())])


# -- initialisers ----------------------------------------------------------------------------------


def zeros(shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    """All 0. For weights of hidden layers it is a trap: all units stay equal."""
    return np.zeros(shape, np.float32)


def ones(shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    """All 1."""
    return np.ones(shape, np.float32)


def uniform(
    shape: tuple[int, ...], generator: np.random.Generator, low: float = -0.05, high: float = 0.05
) -> np.ndarray:
    """Uniform from `low` to `high`."""
    return generator.uniform(low, high, shape).astype(np.float32)


def normal(
    shape: tuple[int, ...],
    generator: np.random.Generator,
    mean: float = 0.0,
    deviation: float = 0.05,
) -> np.ndarray:
    """Normal with a mean and a standard deviation."""
    return generator.normal(mean, deviation, shape).astype(np.float32)


def xavier_uniform(
    shape: tuple[int, ...], generator: np.random.Generator, gain: float = 1.0
) -> np.ndarray:
    """Uniform with variance gain^2 * 2 / (fan-in + fan-out), for tanh and sigmoid.

    Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural
    networks", equation 16.
    """
    bound = gain * math.sqrt(6 / sum(fans(shape)))
    return uniform(shape, generator, -bound, bound)


def xavier_normal(
    shape: tuple[int, ...], generator: np.random.Generator, gain: float = 1.0
) -> np.ndarray:
    """Normal with variance gain^2 * 2 / (fan-in + fan-out) (Glorot & Bengio 2010, equation 12)."""
    return normal(shape, generator, 0.0, gain * math.sqrt(2 / sum(fans(shape))))


def kaiming_uniform(
    shape: tuple[int, ...], generator: np.random.Generator, gain: float = math.sqrt(2)
) -> np.ndarray:
    """Uniform with variance gain^2 / fan-in; the gain's square of 2 makes up for ReLU's zeros.

    He, Zhang, Ren & Sun 2015, "Delving deep into rectifiers", equation 10.
    """
    bound = gain * math.sqrt(3 / fans(shape)[0])
    return uniform(shape, generator, -bound, bound)


def kaiming_normal(
    shape: tuple[int, ...], generator: np.random.Generator, gain: float = math.sqrt(2)
) -> np.ndarray:
    """Normal with variance gain^2 / fan-in (He et al. 2015, equation 10)."""
    return normal(shape, generator, 0.0, gain / math.sqrt(fans(shape)[0]))


def orthogonal(
    shape: tuple[int, ...], generator: np.random.Generator, gain: float = 1.0
) -> np.ndarray:
    """Rows (or columns, if they are fewer) of length `gain` at right angles, in all directions.

    Saxe, McClelland & Ganguli 2014, "Exact solutions to the nonlinear dynamics of learning in deep
    linear neural networks". The signs make the distribution uniform: Mezzadri 2007, "How to
    generate random matrices from the classical compact groups", section 5.
    """
    fans(shape)
    rows, columns = shape[0], math.prod(shape[1:])
    tall = generator.normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diagonal(r))
    return (gain * (q if rows >= columns else q.T)).reshape(shape).astype(np.float32)


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Count the inputs and outputs of the units of a weight (out, in, ...): fan-in and fan-out."""
    if len(shape) < 2:
        raise ShapeError(
            f"this initialiser needs a weight of shape (out, in, ...), got {tuple(shape)}; use "
            "zeros, uniform or normal for biases"
        )
    field = math.prod(shape[2:])
    return max(shape[1] * field, 1), max(shape[0] * field, 1)


INITIALISERS: dict[str, Initialiser] = {
    "zeros": zeros,
    "ones": ones,
    "uniform": uniform,
    "normal": normal,
    "xavier_uniform": xavier_uniform,
    "xavier_normal": xavier_normal,
    "glorot_uniform": xavier_uniform,
    "glorot_normal": xavier_normal,
    "kaiming_uniform": kaiming_uniform,
    "kaiming_normal": kaiming_normal,
    "he_uniform": kaiming_uniform,
    "he_normal": kaiming_normal,
    "orthogonal": orthogonal,
}


def initialiser(given: str | Initialiser) -> Initialiser:
    """Find an initialiser by name, or take the given function.

    Raises `OptionError` with the nearest valid name.
    """
    if not isinstance(given, str):
        if not callable(given):
            raise TypeError(f"expected an initialiser's name or function, got {given!r}")
        return given
    found = INITIALISERS.get(given.lower().replace("-", "_"))
    if found is None:
        raise errors.unknown("initialiser", given, INITIALISERS)
    return found
