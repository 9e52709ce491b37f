import gzip

import numpy as np
import pytest

from layerwise.data import read_rows
from layerwise.errors import DataError


@pytest.fixture
def write(tmp_path):
    def write(text, name="rows.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("header", ["", "a,b,c\n"])
def test_numbers(write, header, end):
    text = (header + "1, 2.5,-3\n4e2,0,.5\n").replace("\n", end)
    np.testing.assert_array_equal(
        read_rows(write(text), 3), np.float32([[1, 2.5, -3], [400, 0, 0.5]])
    )


def test_packed_files_marks_quotes_and_blank_lines(write):
    packed = gzip.compress(b'\xef\xbb\xbf"1","2"\n\n3,4\n\n')
    np.testing.assert_array_equal(read_rows(write(packed, "rows.csv.gz")), [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("a,b\n", "header but no rows"),
        ("1,2\n3\n", "line 2: expected 2 columns, got 1"),
        ("1,2\n3,4,5\n", "line 2: expected 2 columns, got 3"),
        ("a,b\n1,2\n3,x\n", r"line 3, column 2 \('b'\): expected a number, got 'x'"),
        ("1,2\n3,\n", "line 2, column 2: expected a number, got an empty cell"),
        ("1,two\n3,4\n", "line 1, column 2: expected a number, got 'two'"),
        ("1,nan\n", "line 1, column 2: expected a number, got 'nan'"),
        ("1,inf\n", "got 'inf'"),
        ("1,1e300\n", "got '1e300'"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(write, text, message):
    with pytest.raises(DataError, match=message):
        read_rows(write(text))


def test_the_wrong_number_of_columns(write):
    with pytest.raises(DataError, match="line 1: expected 64 columns, got 2"):
        read_rows(write("1,2\n"), 64)


def test_files_that_cannot_be_read(write, tmp_path):
    with pytest.raises(DataError, match="there is no file"):
        read_rows(tmp_path / "missing.csv")
    with pytest.raises(DataError, match="cannot read"):
        read_rows(tmp_path)
    with pytest.raises(DataError, match="cannot read"):
        read_rows(write(b"no gzip", "rows.csv.gz"))
    with pytest.raises(DataError, match="cannot read"):
        read_rows(write(gzip.compress(b"1,2\n" * 999)[:20], "rows.csv.gz"))
