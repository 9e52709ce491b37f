"""The cache of plans and code: shared by processes, rebuilt when damaged, switched off at will."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

WORK = """
    import sys
    sys.path.insert(0, sys.argv[1])
    import hashlib
    from programs import mlp
    from layerwise.backends import native
    from layerwise.backends.native import jit, planning

    compiled = []
    emit = jit.emit_object
    jit.emit_object = lambda *given: compiled.append(1) or emit(*given)
    planned = []
    plan = native.make_plan
    native.make_plan = lambda *given: planned.append(1) or plan(*given)
    example = mlp()
    losses, state = example.train(native.compile(example.program))
    digest = hashlib.sha256(losses.tobytes() + b"".join(a.tobytes() for a in state))
    print(digest.hexdigest(), len(planned), len(compiled))
"""


def start(directory, **settings):
    environment = os.environ | {"LAYERWISE_CACHE_DIR": str(directory), "LAYERWISE_VERIFY": "0"}
    environment.pop("LAYERWISE_CACHE", None)
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(WORK), Path(__file__).parent]
    return subprocess.Popen(command, env=environment | settings, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)  # fmt: skip


def finish(process):
    """The results' digest, and how many plans and objects were made."""
    shown, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert errors == ""
    digest, planned, compiled = shown.split()
    return digest, int(planned), int(compiled)


@pytest.fixture(scope="module")
def cold(tmp_path_factory):
    """What a first process finds out, and the cache that it leaves behind."""
    directory = tmp_path_factory.mktemp("cache")
    result = finish(start(directory))
    assert result[1] == 1
    assert result[2] >= 1
    return directory, result[0]


def test_a_second_process_compiles_nothing(cold):
    directory, digest = cold
    assert finish(start(directory)) == (digest, 0, 0)


def test_two_processes_compile_at_once(cold, tmp_path):
    results = [finish(p) for p in [start(tmp_path), start(tmp_path)]]
    assert {r[0] for r in results} == {cold[1]}
    assert finish(start(tmp_path)) == (cold[1], 0, 0)


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]),
        lambda raw: raw[: len(raw) // 2],
        lambda raw: b"",
    ],
    ids=["flipped", "short", "empty"],
)
def test_damaged_entries_are_rebuilt_silently(cold, damage):
    directory, digest = cold
    entries = list((directory / "native").iterdir())
    for path in entries:
        path.write_bytes(damage(path.read_bytes()))
    again, planned, compiled = finish(start(directory))
    assert again == digest
    assert planned == 1
    assert compiled >= 1
    assert finish(start(directory)) == (digest, 0, 0)


def test_off(cold, tmp_path):
    digest, planned, compiled = finish(start(tmp_path, LAYERWISE_CACHE="off"))
    assert (digest, planned) == (cold[1], 1)
    assert compiled >= 1
    assert not list(tmp_path.iterdir())
