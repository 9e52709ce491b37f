"""The matrix product in machine code against NumPy in double precision."""

from __future__ import annotations

import ctypes
import functools
import mmap
import sys

import numpy as np
import pytest

from layerwise.backends.native import jit, matmul
from layerwise.backends.native.emitter import Module
from layerwise.backends.native.target import Target, aarch64, baseline, host

DTYPES = {"float": np.float32, "double": np.float64}
TARGETS = {"host": host, "baseline": baseline}


class Kernels:
    """The compiled functions for one target and element type."""

    def __init__(self, target: Target, element: str) -> None:
        module = Module()
        matmul.emit(module, target, element)
        self.library = jit.load(module.text, target, cache=None)
        self.dtype = DTYPES[element]
        size, pointer = ctypes.c_int64, ctypes.c_void_p
        name = {"float": "f32", "double": "f64"}[element]
        self._matmul = ctypes.CFUNCTYPE(
            None, size, size, size, pointer, size, size, pointer, size, size, pointer, size,
            pointer, size,
        )(self.library.address(f"lw_matmul_{name}"))  # fmt: skip
        self._transpose = ctypes.CFUNCTYPE(None, size, size, pointer, size, pointer, size)(
            self.library.address(f"lw_transpose_{name}")
        )
        # Whatever lies in the scratch must not matter, and nothing behind it may change.
        self.scratch_bytes = matmul.scratch_bytes(target, element)
        self.memory = np.full(self.scratch_bytes + 128, 0xFF, np.uint8)
        self.scratch = self.memory.ctypes.data + -self.memory.ctypes.data % 64

    def matmul(self, a: np.ndarray, b: np.ndarray, c: np.ndarray, accumulate: bool = False) -> None:
        assert a.dtype == b.dtype == c.dtype == self.dtype
        (m, k), n, size = a.shape, b.shape[1], c.itemsize
        self.memory[:] = 0xFF
        self._matmul(
            m, n, k,
            a.ctypes.data, a.strides[0] // size, a.strides[1] // size,
            b.ctypes.data, b.strides[0] // size, b.strides[1] // size,
            c.ctypes.data, c.strides[0] // size, self.scratch, accumulate,
        )  # fmt: skip
        used = self.scratch - self.memory.ctypes.data
        assert (self.memory[:used] == 0xFF).all()
        assert (self.memory[used + self.scratch_bytes :] == 0xFF).all()

    def transpose(self, source: np.ndarray, target: np.ndarray) -> None:
        size = source.itemsize
        self._transpose(
            *source.shape, source.ctypes.data, source.strides[0] // size,
            target.ctypes.data, target.strides[0] // size,
        )  # fmt: skip


@functools.cache
def compiled(target: str, element: str) -> Kernels:
    return Kernels(TARGETS[target](), element)


@pytest.fixture(params=[(t, e) for t in TARGETS for e in DTYPES], ids="-".join)
def kernels(request: pytest.FixtureRequest) -> Kernels:
    return compiled(*request.param)


def random(rows: int, columns: int, form: str, dtype: type) -> np.ndarray:
    """A matrix with contiguous rows (N), contiguous columns (T), or gaps in both ways (S)."""
    generator = np.random.default_rng([rows, columns, ord(form)])
    if form == "N":
        return generator.normal(size=(rows, columns)).astype(dtype)
    if form == "T":
        return generator.normal(size=(columns, rows)).astype(dtype).T
    return generator.normal(size=(2 * rows, 3 * columns)).astype(dtype)[::2, ::3]


SHAPES = [
    (1, 1, 1),
    (1, 1, 16),
    (1, 16, 30),
    (1, 130, 77),
    (2, 5, 3),
    (5, 3, 9),
    (6, 16, 4),
    (7, 15, 31),
    (8, 17, 5),
    (9, 33, 2),
    (13, 47, 20),
    (16, 30, 1),
    (20, 64, 32),
    (32, 2, 64),
    (32, 1, 50),
    (33, 10, 300),
    (64, 20, 32),
    (49, 63, 100),
    (61, 65, 257),
    (50, 530, 261),
    (40, 1030, 9),
    (600, 3, 70),
    (530, 21, 515),
    (64, 128, 784),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("forms", ["NN", "NT", "TN", "TT", "SN", "NS", "SS"])
def test_equals_numpy(kernels: Kernels, shape: tuple[int, int, int], forms: str) -> None:
    m, n, k = shape
    a = random(m, k, forms[0], kernels.dtype)
    b = random(k, n, forms[1], kernels.dtype)
    exact = a.astype(np.float64) @ b.astype(np.float64)
    bound = np.abs(a).astype(np.float64) @ np.abs(b).astype(np.float64)
    for accumulate in (False, True):
        memory = np.full((m + 2, n + 5), 7, kernels.dtype)
        c = memory[1:-1, 2:-3]
        kernels.matmul(a, b, c, accumulate)
        error = np.abs(c - (exact + 7 * accumulate))
        assert (error <= (bound + 7) * (4 * np.sqrt(k) + 4) * np.finfo(c.dtype).eps).all()
        c[:] = 7
        assert (memory == 7).all(), "something beside C was written"


def test_empty(kernels: Kernels) -> None:
    c = np.full((3, 4), 7, kernels.dtype)
    nothing = np.empty((3, 0), kernels.dtype), np.empty((0, 4), kernels.dtype)
    c[0, 0] = -0.0
    kernels.matmul(*nothing, c, accumulate=True)
    assert np.signbit(c[0, 0])
    assert (c.ravel()[1:] == 7).all()
    kernels.matmul(*nothing, c)
    assert (c == 0).all()
    for m, n in [(0, 4), (3, 0), (0, 0)]:
        c[:] = 7
        ones = np.ones((m, 5), kernels.dtype), np.ones((5, n), kernels.dtype)
        kernels.matmul(*ones, c[:m, :n])
        assert (c == 7).all()


@pytest.mark.parametrize("forms", ["NN", "NT", "TN", "SS"])
@pytest.mark.parametrize(
    ("m", "n", "k"), [(75, 90, 40), (60, 34, 600), (67, 5, 300), (530, 13, 64), (70, 300, 520)]
)
def test_an_element_is_the_same_in_any_company(
    kernels: Kernels, m: int, n: int, k: int, forms: str
) -> None:
    a = random(m, k, forms[0], kernels.dtype)
    b = random(k, n, forms[1], kernels.dtype)
    start = random(m, n, "N", kernels.dtype)
    for accumulate in (False, True):
        whole = start.copy()
        kernels.matmul(a, b, whole, accumulate)
        for step in (1, 7, 29):
            parts = start.copy()
            for row in range(0, m, step if m < 100 else 8 * step):
                rows = slice(row, row + (step if m < 100 else 8 * step))
                kernels.matmul(a[rows], b, parts[rows], accumulate)
            np.testing.assert_array_equal(parts, whole, strict=True)
        parts = start.copy()
        for column in range(0, n, 11):
            columns = slice(column, column + 11)
            kernels.matmul(a, b[:, columns], parts[:, columns], accumulate)
        np.testing.assert_array_equal(parts, whole, strict=True)
        # Layouts change the path, not the result.
        same = start.copy()
        kernels.matmul(np.ascontiguousarray(a), np.asfortranarray(b), same, accumulate)
        np.testing.assert_array_equal(same, whole, strict=True)


@pytest.mark.parametrize("forms", ["NN", "NT", "TN"])
@pytest.mark.parametrize("n", [3, 16, 40, 70])
def test_nan_and_infinity_arrive(kernels: Kernels, n: int, forms: str) -> None:
    a = random(21, 33, forms[0], kernels.dtype)
    b = random(33, n, forms[1], kernels.dtype)
    a[4, 32], a[20, 0] = np.nan, np.inf
    a[7] = 0
    b[5, n - 1] = np.nan
    c = np.zeros((21, n), kernels.dtype)
    kernels.matmul(a, b, c)
    expected = np.zeros((21, n), bool)
    expected[4] = expected[:, -1] = True
    np.testing.assert_array_equal(np.isnan(c), expected)
    assert np.isinf(c[20, :-1]).all()


def test_transpose(kernels: Kernels) -> None:
    for rows, columns in [(1, 1), (3, 20), (20, 3), (4, 4), (16, 16), (17, 35), (64, 100), (0, 5)]:
        source = random(rows, columns + 3, "N", kernels.dtype)[:, :columns]
        memory = np.full((columns + 2, rows + 4), 7, kernels.dtype)
        target = memory[1:-1, 2:-2]
        kernels.transpose(source, target)
        np.testing.assert_array_equal(target, source.T)
        target[:] = 7
        assert (memory == 7).all()


class Fenced:
    """Memory that ends, or starts, where the processor lets nobody read or write."""

    def __init__(self) -> None:
        self.page = mmap.PAGESIZE
        self.bytes = 64 * self.page
        self.map = mmap.mmap(-1, self.bytes + 2 * self.page)
        self.start = ctypes.addressof(ctypes.c_char.from_buffer(self.map)) + self.page
        library = ctypes.CDLL(None, use_errno=True)
        for fence in (self.start - self.page, self.start + self.bytes):
            assert library.mprotect(ctypes.c_void_p(fence), ctypes.c_size_t(self.page), 0) == 0

    def place(self, matrix: np.ndarray, at_end: bool) -> np.ndarray:
        """Copy a matrix with contiguous rows or columns to one end of the memory."""
        flat = matrix.ravel(order="K")
        offset = self.page + (self.bytes - flat.nbytes if at_end else 0)
        placed = np.frombuffer(self.map, flat.dtype, flat.size, offset)
        placed[:] = flat
        by_rows = matrix.flags.c_contiguous
        return placed.reshape(matrix.shape, order="C" if by_rows else "F")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="uses mprotect")
@pytest.mark.parametrize("at_end", [False, True])
def test_stays_inside_the_matrices(kernels: Kernels, at_end: bool) -> None:
    fences = [Fenced() for _ in range(3)]
    shapes = [(1, 1, 1), (1, 3, 5), (7, 5, 3), (3, 17, 6), (31, 2, 19), (65, 30, 70), (50, 77, 260)]
    for m, n, k in shapes:
        for forms in ("NN", "NT", "TN"):
            a = fences[0].place(random(m, k, forms[0], kernels.dtype), at_end)
            b = fences[1].place(random(k, n, forms[1], kernels.dtype), at_end)
            c = fences[2].place(np.zeros((m, n), kernels.dtype), at_end)
            for accumulate in (False, True):
                kernels.matmul(a, b, c, accumulate)
            np.testing.assert_allclose(c, 2 * (a @ b), rtol=1e-3, atol=1e-3)
        source = fences[0].place(random(m, k, "N", kernels.dtype), at_end)
        target = fences[1].place(np.zeros((k, m), kernels.dtype), at_end)
        kernels.transpose(source, target)
        np.testing.assert_array_equal(target, source.T)


@pytest.mark.parametrize("element", list(DTYPES))
def test_compiles_for_arm(element: str) -> None:
    module = Module()
    matmul.emit(module, aarch64(), element)
    assert jit.emit_object(module.text, aarch64())[:4] == b"\x7fELF"


def test_calls_nothing_outside() -> None:
    """On a processor without fused multiply-add, llvm.fma would be a call of the C library."""
    for element in DTYPES:
        for target in (baseline(), host(), aarch64()):
            module = Module()
            matmul.emit(module, target, element)
            code = jit.emit_object(module.text, target)
            assert b"fma\0" not in code
            assert b"fmaf\0" not in code
