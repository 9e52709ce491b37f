import gc
import gzip
import io
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from layerwise.data.tables import batches, columns_for, read_table
from layerwise.errors import DataError

ROWS = 1000
FRAME = pl.DataFrame(
    {
        "n": np.arange(ROWS),
        "w": [None if row % 7 == 0 else f"w{row % 5}" for row in range(ROWS)],
        "late": [None] * (ROWS - 1) + [2.5],
        "day": ["2024-03-01"] * ROWS,
    }
).with_columns(pl.col("day").str.to_date())


def written(folder, suffix):
    path = folder / f"rows{suffix}"
    if suffix == ".csv":
        FRAME.write_csv(path)
    elif suffix == ".csv.gz":
        path.write_bytes(gzip.compress(FRAME.write_csv().encode()))
    elif suffix == ".parquet":
        FRAME.write_parquet(path, row_group_size=130)
    elif suffix == ".feather":
        pa.feather.write_feather(FRAME.to_arrow(), path, chunksize=130)
    else:
        table = FRAME.to_arrow()
        with pa.ipc.new_stream(path, table.schema) as file:
            file.write_table(table, max_chunksize=400)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet", ".feather", ".arrows"])
@pytest.mark.parametrize("size", [1, 64, 999, 1000, 5000])
def test_batches_are_the_table_in_parts(tmp_path, suffix, size, monkeypatch):
    monkeypatch.setattr("layerwise.data.tables.text_files._BLOCK", 3000)
    path = written(tmp_path, suffix)
    whole = read_table(path)
    found = batches(path, rows_per_batch=size)
    assert found.rows == ROWS
    assert found.names == whole.names
    assert found.storages == tuple(column.storage for column in whole)
    parts = list(found)
    assert len(parts) == len(found)
    assert [part.rows for part in parts] == [size] * (ROWS // size) + [ROWS % size][: ROWS % size]
    for column in whole:
        together = np.concatenate([part[column.name].words() for part in parts])
        assert together.tolist() == column.words().tolist()
        assert {part[column.name].storage for part in parts} == {column.storage}
    assert parts[-1].origin.tolist() == list(range(ROWS - parts[-1].rows, ROWS))
    again = next(iter(found))
    assert again["n"].values.tolist() == list(range(min(size, ROWS)))


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_some_columns(tmp_path, suffix):
    path = written(tmp_path, suffix)
    assert next(iter(batches(path, ["day", "n"]))).names == ("day", "n")
    with pytest.raises(DataError, match="no column 'N'"):
        batches(path, ["N"])
    with pytest.raises(DataError, match="at least 1 row"):
        batches(path, rows_per_batch=0)


def test_the_whole_file_decides_the_types(write):
    path = write("a,b,c\n" + "1,1,01/02/2024\n" * 90 + "x,,13/02/2024\n")
    found = batches(path, rows_per_batch=10, words=["b"])
    assert found.storages == ("words", "words", "dates")
    assert "line 92" in found.warnings["a"]
    first = next(iter(found))
    assert first["a"].words()[0] == "1"
    assert first["a"].warning
    assert first["c"].values[0] == np.datetime64("2024-02-01")
    *_, last = found
    with pytest.raises(DataError, match=f"{path}, line 92, column 'a'"):
        columns_for(last, [("a", "numbers")])


def test_a_late_infinity_is_named_with_its_line(write, tmp_path):
    text = "a,b\n" + "1,2\n" * 100 + "1,inf\n"
    with pytest.raises(DataError, match=r"line 102, column 2 \('b'\): .*'inf'"):
        batches(write(text), rows_per_batch=10)
    path = tmp_path / "t.parquet"
    pa.parquet.write_table(pa.table({"a": [1.0] * 100 + [np.inf]}), path)
    with pytest.raises(DataError, match=r"column 'a', row 101: .* got inf"):
        list(batches(path, rows_per_batch=10))


@pytest.mark.parametrize("text", ["a,b\n" + "1,2\n" * 2000 + "3\n", 'a\n1\n"2\n3\n', "a\n"])
def test_damaged_text(write, text, monkeypatch):
    monkeypatch.setattr("layerwise.data.tables.text_files._BLOCK", 1000)
    path = write(text)
    with pytest.raises(DataError, match=r"line 2002|line 3: a quote|no rows"):
        batches(path)


def test_damaged_binary_files(tmp_path):
    path = written(tmp_path, ".parquet")
    whole = path.read_bytes()
    path.write_bytes(whole[:1000] + b"\0" * 500 + whole[1500:])
    with pytest.raises(DataError, match="damaged Parquet"):
        list(batches(path, rows_per_batch=10))
    pa.parquet.write_table(pa.table({"a": pa.array([], pa.int64())}), path)
    with pytest.raises(DataError, match="no rows"):
        batches(path)


def test_long_lines_among_short_ones(write, monkeypatch):
    monkeypatch.setattr("layerwise.data.tables.text_files._BLOCK", 100)
    text = "a,b\n" + "".join(f"{n},x\n" for n in range(100)) + f"100,{'y' * 1000}\n"
    parts = list(batches(write(text), rows_per_batch=7))
    assert [v for part in parts for v in part["a"].values] == list(range(101))


def test_copies_of_standard_input_are_removed(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def give():
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"a,b\n1,2\n3,4\n")))

    give()
    found = batches("-", rows_per_batch=1)
    assert [part["b"].values[0] for part in found] == [2, 4]
    assert len(list(Path(tmp_path).iterdir())) == 1
    del found
    gc.collect()
    assert not list(Path(tmp_path).iterdir())
    give()
    with batches("-") as found:
        assert found.rows == 2
    assert not list(Path(tmp_path).iterdir())
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"a,b\n1\n")))
    with pytest.raises(DataError, match="expected 2 cells"):
        batches("-")
    assert not list(Path(tmp_path).iterdir())
