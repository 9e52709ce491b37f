"""What all tests share: the backends, and JAX as an oracle in double precision."""

import importlib
import os
import signal

import numpy as np
import pytest

# JAX is an oracle here, not a peer in a race: compiling quickly matters more than running fast.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

# Every pass of the compiler is verified; see layerwise.compiler.verify.
os.environ.setdefault("LAYERWISE_VERIFY", "1")

# A shell ignores Ctrl-C for what it starts in the background; tests of Ctrl-C would wait for ever.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

BACKENDS = ["reference", "native"]

COMPILED_ELSEWHERE = ("estimators", "cli", "docs")
"""Folders of tests whose programs are of kinds that other tests compile: verifying the hundreds of
them again would take a quarter of their time."""


@pytest.fixture(autouse=True)
def _verification(request, monkeypatch):
    """Verify the compiler's passes but in those folders."""
    if request.path.parent.name in COMPILED_ELSEWHERE:
        monkeypatch.setenv("LAYERWISE_VERIFY", "0")


def pytest_collection_modifyitems(config, items):
    """Leave slow tests out, unless `-m` says what to run."""
    if config.option.markexpr:
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if item not in slow]


@pytest.fixture(scope="session", params=BACKENDS)
def backend(request):
    """Each backend in turn: it has `name` and `compile`."""
    return importlib.import_module(f"layerwise.backends.{request.param}")


@pytest.fixture
def generator():
    """Random numbers, the same in every run."""
    return np.random.default_rng(20240229)


@pytest.fixture(autouse=True)
def chosen_backend(request):
    """Calls that name no backend, such as net(X), run on the backend under test too."""
    if "backend" not in request.fixturenames:
        yield
        return
    from layerwise import backends

    with backends.using(request.getfixturevalue("backend").name):
        yield


@pytest.fixture
def classes():
    """Rows whose class is the position of the largest of three columns."""
    random = np.random.default_rng(7)
    x = random.standard_normal((210, 8)).astype(np.float32)
    return x, x[:, :3].argmax(1)
