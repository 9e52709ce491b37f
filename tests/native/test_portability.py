"""Other processors: the least x86-64 runs the whole op table, AArch64 compiles it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from programs import EXAMPLES

from layerwise.backends.native import (
    _schedule,
    convolution,
    driver,
    jit,
    matmul,
    planning,
    target,
)
from layerwise.backends.native.emitter import Module

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "graph"))

import harness  # noqa: E402
from cases import CASES, GROUPS  # noqa: E402

from layerwise.compiler import Program  # noqa: E402

ARM = target.aarch64()


def compile_for(program, processor):
    """Objects of a program's kernels for a processor, all in one module."""
    plan = planning.make_plan(program, _schedule(program), processor)
    module = Module()
    for name, (text, declarations) in plan.functions.items():
        module.functions[name] = text.replace("@kernel(", f"@{name}(", 1)
        module.declarations.update(declarations)
    return jit.emit_object(module.text, processor)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("group", GROUPS)
def test_the_op_table_compiles_for_arm(group, dtype):
    outputs = {
        f"{case.name}/{name}": tensor
        for case in CASES
        if case.group == group
        for name, tensor in harness.build(case, dtype).results.items()
    }
    assert compile_for(Program(outputs), ARM)[:4] == b"\x7fELF"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_realistic_programs_compile_for_arm(name, dtype):
    example = EXAMPLES[name](dtype)
    for program in (example.program, example.prediction):
        assert compile_for(program, ARM)[:4] == b"\x7fELF"


def test_the_driver_and_products_compile_for_arm():
    module = Module()
    driver.emit(module, ARM)
    assert jit.emit_object(module.text, ARM)[:4] == b"\x7fELF"
    for element in ("float", "double"):
        module = Module()
        driver.emit_product(module, ARM, element)
        assert jit.emit_object(module.text, ARM)[:4] == b"\x7fELF"
        module = Module()
        matmul.emit(module, ARM, element)
        convolution.emit(module, ARM, element)
        assert jit.emit_object(module.text, ARM)[:4] == b"\x7fELF"


@pytest.mark.parametrize("choice", ["baseline", pytest.param("avx2", marks=pytest.mark.slow)])
def test_the_op_table_runs_on_older_processors(choice, tmp_path):
    if not target.host().triple.startswith("x86_64") or target.host().vector_bytes < 32:
        pytest.skip("this processor cannot play an older x86-64")
    tests = HERE.parent / "graph" / "test_primitives.py"
    command = [sys.executable, "-m", "pytest", tests, "-p", "no:cacheprovider",
               "-k", "native and (forward or extremes)"]  # fmt: skip
    environment = os.environ | {"LAYERWISE_TARGET": choice, "LAYERWISE_VERIFY": "0"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
