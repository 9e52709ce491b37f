import codecs
import gzip
import io
from types import SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layerwise.data.tables import read_table, sources, table_of
from layerwise.errors import DataError


def words(column):
    return column.words().tolist()


def check_equal(table, expected):
    assert table.names == expected.names
    for column, other in zip(table, expected, strict=True):
        if column.missing.all() and other.missing.all():
            continue
        assert column.storage == other.storage
        if column.storage == "words":
            assert words(column) == words(other)
        else:
            np.testing.assert_array_equal(column.values, other.values)


def test_the_three_kinds_of_columns(write):
    table = read_table(write("a,b,c\n1,x,2024-03-01\n,,\n2.5e1,y,2024-03-02 12:30\n"))
    assert table.names == ("a", "b", "c")
    assert table.source.endswith("rows.csv")
    np.testing.assert_array_equal(table["a"].values, [1, np.nan, 25])
    assert words(table["b"]) == ["x", None, "y"]
    assert table["c"].values.astype(str).tolist()[0] == "2024-03-01T00:00:00.000000"
    assert np.isnat(table["c"].values[1])
    assert table["c"].values[2] == np.datetime64("2024-03-02T12:30")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_separators_line_ends_and_marks(write, separator, end, mark):
    text = 'a,"b,;|\t",c\n1,"x,;|",2\n\n3,"two ""y""",4'
    text = text.replace("\n", end)
    parts = text.split('"')
    # What is in quotes keeps its commas.
    text = '"'.join(p if n % 2 else p.replace(",", separator) for n, p in enumerate(parts))
    table = read_table(write(mark + text))
    assert table.names == ("a", "b,;|", "c")
    assert words(table["b,;|"]) == ["x,;|", 'two "y"']
    assert table["c"].values.tolist() == [2, 4]


def test_a_single_column_and_the_suffix_in_doubt(write):
    assert read_table(write("name\nSmith\n\nJones\n")).rows == 2
    assert read_table(write("a b,c\n1,2\n")).names == ("a b", "c")
    assert read_table(write("a,b\tc\n1,2\t3\n", "rows.tsv")).names == ("a,b", "c")
    assert read_table(write("a,b;c\n1,5;2\n2,5;1\n3;4\n")).names == ("a,b", "c")


@pytest.mark.parametrize("cell", ["+3", " 3", "3 ", "3.", "0.3e1", "30E-1", "+.3e+1"])
def test_numbers(write, cell):
    column = read_table(write(f"a,b\n{cell},x\n-1,y\n"))["a"]
    assert column.values.tolist() == [3, -1]


@pytest.mark.parametrize("cell", ["1,000", "0x10", "1_000", "12abc", "1e", "٣", "$3"])
def test_what_is_no_number(write, cell):
    column = read_table(write(f'a,b\n"{cell}",x\n1,y\n'))["a"]
    assert words(column) == [cell, "1"]


@pytest.mark.parametrize(
    "cell", ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?", "-", " NA ", '""', '"NA"']
)
def test_missing_values(write, cell):
    table = read_table(write(f"a,b,c\n1,x,2024-03-01\n{cell},{cell},{cell}\n"))
    assert table["a"].missing.tolist() == [False, True]
    assert table["c"].missing.tolist() == [False, True]
    # In quotes it is a word, as Namibia's code is.
    assert words(table["b"]) == ["x", "NA" if cell == '"NA"' else None]


def test_a_column_without_values_is_one_of_numbers(write):
    table = read_table(write('a,b\n,1\nNA,2\n"",3\n'))
    assert table["a"].storage == "numbers"
    assert table["a"].missing.all()


def test_flags_are_words(write):
    table = read_table(write("a,b\ntrue,yes\nFalse,no\n"))
    assert words(table["a"]) == ["true", "False"]
    assert words(table["b"]) == ["yes", "no"]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2024-03-01", "2024-03-01"),
        ("2024/03/01", "2024-03-01"),
        ("2024-03-01T12:30", "2024-03-01T12:30"),
        ("2024-03-01 12:30:05.25", "2024-03-01T12:30:05.25"),
        ("2024-03-01T12:30:05.123456789Z", "2024-03-01T12:30:05.123456"),
        ("2024-03-01T12:30+02:00", "2024-03-01T10:30"),
        ("2024-03-01 00:30:00 -0130", "2024-03-01T02:00"),
        ("2024-02-29", "2024-02-29"),
        ("0001-01-01", "0001-01-01"),
    ],
)
def test_iso_dates(write, cell, expected):
    column = read_table(write(f"a,b\n{cell},1\n,2\n"))["a"]
    assert column.storage == "dates"
    assert column.values[0] == np.datetime64(expected)


@pytest.mark.parametrize(
    "cells",
    [
        ["2023-02-29"], ["2024-13-01"], ["2024-03-01 24:00"], ["24-03-01"], ["2024-03"],
        ["01/02/2024", "03/04/2024"], ["13/02/2024", "02/13/2024"], ["2024-03-01", "13/02/2024"],
        ["2024-03-01", "later"],
    ],
)  # fmt: skip
def test_what_is_no_column_of_dates(write, cells):
    table = read_table(write("a,b\n" + "".join(f"{cell},x\n" for cell in cells)))
    assert words(table["a"]) == cells


def test_day_and_month_are_told_apart_by_the_whole_column(write):
    table = read_table(
        write("d,m,p\n01/02/2024,02/01/2024,1.2.2024 7:05\n13/02/2024,02/13/2024,31.12.2024\n")
    )
    for name in ("d", "m"):
        assert table[name].values.astype("datetime64[D]").astype(str).tolist() == [
            "2024-02-01",
            "2024-02-13",
        ]
    assert table["p"].values[0] == np.datetime64("2024-02-01T07:05")


def test_mixed_types_become_words_with_a_warning_that_names_the_line(write):
    text = 'n,"a\nb"\n1,2\n\n3,"x\ny"\n4,five\n5,6\n,\n7,8\n9,8\n'
    column = read_table(write(text))["a\nb"]
    assert words(column) == ["2", "x\ny", "five", "6", None, "8", "8"]
    assert column.warning == (
        "mixed types: 2 of 6 cells are no numbers, the first 'x\ny' in line 5; all are read as "
        "words"
    )
    assert not read_table(write("a\n1\nx\n"))["a"].warning


def test_decimal_commas_are_pointed_out(write):
    column = read_table(write("a;b\n1,5;x\n-2,5;y\n"))["a"]
    assert "numbers with commas, such as '1,5'" in column.warning


def test_columns_that_are_words_as_they_stand(write):
    path = write("zip,day,n\n01234,2024-03-01,1\n99,NA,2\n")
    table = read_table(path, words=["zip", "day", "other"])
    assert words(table["zip"]) == ["01234", "99"]
    assert words(table["day"]) == ["2024-03-01", None]
    assert table["n"].storage == "numbers"


def test_some_columns_in_the_order_asked_for(write, tmp_path):
    text = write("a,b,c\n1,2,3\n")
    pa.parquet.write_table(pa.table({"a": [1], "b": [2], "c": [[3]]}), tmp_path / "t.parquet")
    for path in (text, tmp_path / "t.parquet"):
        assert read_table(path, columns=["b", "a"]).names == ("b", "a")
        with pytest.raises(DataError, match=r"no column 'A' \(did you mean 'a'\?\)"):
            read_table(path, columns=["A"])


def test_the_index_of_pandas_has_a_name(tmp_path):
    frame = pd.DataFrame({"a": [1, 2]}, index=[7, 8])
    frame.to_csv(tmp_path / "t.csv")
    assert read_table(tmp_path / "t.csv").names == ("unnamed 1", "a")
    frame.to_parquet(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet").names == ("a",)
    pd.DataFrame(np.eye(4)).to_csv(tmp_path / "t.csv", index=False)
    assert read_table(tmp_path / "t.csv").names == ("0", "1", "2", "3")


FRAME = pl.DataFrame(
    {
        "whole": [1, 2, None],
        "flag": [True, None, False],
        "word": ["b", None, "a"],
        "category": pl.Series(["x", "y", "x"], dtype=pl.Categorical),
        "day": pl.Series(["2024-03-01", None, "2024-03-02"]).str.to_date(),
    }
)


@pytest.mark.parametrize("format", ["parquet", "file", "stream", "compressed"])
@pytest.mark.parametrize("suffix", [".parquet", ".feather", ".csv", ""])
def test_parquet_and_arrow_by_their_content(tmp_path, format, suffix):
    path = tmp_path / f"rows{suffix}"
    table = FRAME.to_arrow()
    if format == "parquet":
        pa.parquet.write_table(table, path)
    elif format == "stream":
        with pa.ipc.new_stream(path, table.schema) as file:
            file.write_table(table)
    else:
        pa.feather.write_feather(table, path, compression="zstd" if format == "file" else "lz4")
    found = read_table(path)
    check_equal(found, table_of(FRAME))
    assert found["flag"].source == "bool"


@pytest.mark.parametrize("name", ["rows.csv.gz", "rows.csv", "rows"])
def test_packed_text(write, name):
    packed = gzip.compress(b"a,b\n1,2\n") + gzip.compress(b"3,4\n")
    assert read_table(write(packed, name))["b"].values.tolist() == [2, 4]
    # Some downloads are unpacked on their way, and keep the name.
    assert read_table(write("a,b\n1,2\n", "plain.csv.gz")).rows == 1


@pytest.mark.parametrize("order", ["le", "be"])
def test_utf_16(write, order):
    mark = {"le": codecs.BOM_UTF16_LE, "be": codecs.BOM_UTF16_BE}[order]
    table = read_table(write(mark + "a\tb\nä\t1\n".encode(f"utf-16-{order}"), "rows.txt"))
    assert words(table["a"]) == ["ä"]
    assert table["b"].values.tolist() == [1]
    with pytest.raises(DataError, match="begins as UTF-16"):
        read_table(write(mark + b"a"))


def test_standard_input(monkeypatch, tmp_path):
    def give(content):
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content)))

    pa.parquet.write_table(pa.table({"a": [1], "b": [2]}), tmp_path / "t.parquet")
    binary = (tmp_path / "t.parquet").read_bytes()
    for content in (b"a,b\n1,2\n", b"a\tb\n1\t2\n", gzip.compress(b"a,b\n1,2\n"), binary):
        give(content)
        table = read_table("-")
        assert table.source == "standard input"
        assert table["b"].values.tolist() == [2]
    give(b"a,b\n1,2\n3\n")
    with pytest.raises(DataError, match="standard input, line 3: expected 2 cells"):
        read_table("-")
    give(b"")
    with pytest.raises(DataError, match="standard input is empty"):
        read_table("-")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        (",,\n", "is empty"),
        ("a,b\n", "has a header but no rows"),
        ("a,b\n\n \n", "has a header but no rows"),
        ("1,2\n3,4\n", r"line 1: expected a header .* \(1, 2\)"),
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n", "line 1: expected a header"),
        ("a,b\n1\n", "line 2: expected 2 cells divided by commas, as in the header, got 1; is the"),
        ("a;b\n1;2;3\n", "line 2: expected 2 cells divided by semicolons.*got 3; is there a cell"),
        ('a,b\n"x\ny",1\n\n2\n3,4\n', "line 5: expected 2 cells.*got 1"),
        ("a,b,a\n1,2,3\n", "line 1: the columns 1, 3 are all named 'a'"),
        (b"a,b\n1,\xe9t\xe9\n", r"line 2, column 2 \('b'\): .*UTF-8, got the byte 0xe9"),
        (b"a,\xe9\n1,2\n", "line 1, column 2: expected text in UTF-8"),
        ("a,b\n1,2\n3,inf\n", r"line 3, column 2 \('b'\): expected a finite number, got 'inf'"),
        ("a,b\n1,2\n\n-Infinity ,1\nx,1\n4,\n", None),
        ("a,b\n1,2\n\n-Infinity ,1\n", r"line 4, column 1 \('a'\): .*got '-Infinity'"),
        ("a,b\n1,2\n3,1e999\n", r"line 3, column 2 \('b'\): expected a finite number, got '1e999'"),
        ('a,b\n1,2\n3,"x\n4,5\n', "line 3: a quote is opened that is not closed"),
        ('a,b\n1,2\n"3,x\n4,5\n', "line 3: a quote is opened that is not closed"),
        ('a,"b\n1,2\n', "line 1: a quote is opened that is not closed"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(write, text, message):
    path = write(text)
    if message is None:
        assert words(read_table(path)["a"]) == ["1", "-Infinity", "x", "4"]
        return
    with pytest.raises(DataError, match=message) as caught:
        read_table(path)
    assert str(path) in str(caught.value)


def test_an_open_quote_shows_also_when_its_column_is_not_asked_for(write):
    path = write('a,b\n1,2\n3,"x\n4,5\n')
    with pytest.raises(DataError, match="not closed"):
        read_table(path, columns=["a"])


def test_years_are_names_beside_words(write):
    assert read_table(write("country,2001,2002\nx,1,2\n")).names == ("country", "2001", "2002")


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(DataError, match=r"there is no file .*nothing.csv"):
        read_table(tmp_path / "nothing.csv")
    with pytest.raises(DataError, match="is a folder"):
        read_table(tmp_path)


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"PK\x03\x04....", "rows.xlsx", "a zip archive or an Excel workbook; expected CSV"),
        (b"\x00\x01\x02", "rows.csv", "binary data"),
        (b'{"a": 1}', "rows.json", "a .json file"),
        (b"a,b\n1,2\n", "rows.parquet", "named like a Parquet file"),
        (b"", "rows.parquet", "is empty"),
        (b"FEA1....", "rows.feather", "Feather file of version 1"),
    ],
)
def test_other_formats(write, content, name, message):
    with pytest.raises(DataError, match=message):
        read_table(write(content, name))


def test_damaged_files(write, tmp_path):
    packed = gzip.compress(b"a,b\n" + b"1,2\n" * 1000)
    for content in (packed[:-12], packed[:12] + b"....." + packed[17:]):
        with pytest.raises(DataError, match="damaged gzip file"):
            read_table(write(content, "rows.csv.gz"))
    path = tmp_path / "t"
    pa.parquet.write_table(pa.table({"a": range(1000)}), path)
    whole = path.read_bytes()
    for content in (whole[:-9], whole[:4] + b"\0" * 40 + whole[44:], whole[:8]):
        with pytest.raises(DataError, match="damaged Parquet file"):
            read_table(write(content, "t.parquet"))
    pa.feather.write_feather(pa.table({"a": ["x"] * 9}), path, compression="uncompressed")
    whole = path.read_bytes()
    for content in (whole[:-9], whole[:20]):
        with pytest.raises(DataError, match="damaged Arrow file"):
            read_table(write(content, "t.feather"))


def test_no_rows_and_no_unique_names_in_binary_files(tmp_path):
    path = tmp_path / "t.parquet"
    pa.parquet.write_table(pa.table({"a": pa.array([], pa.int64())}), path)
    with pytest.raises(DataError, match="has columns but no rows"):
        read_table(path)
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"])
    pa.parquet.write_table(twice, path)
    with pytest.raises(DataError, match=r"t.parquet: the columns 1, 2 are all named 'a'"):
        read_table(path)
    pa.parquet.write_table(pa.table({"a": [1.0, np.inf]}), path)
    with pytest.raises(DataError, match=r"t.parquet: column 'a', row 2: .* got inf"):
        read_table(path)
    pa.parquet.write_table(pa.table({"a": [[1]]}), path)
    with pytest.raises(DataError, match=r"t.parquet: column 'a' holds list"):
        read_table(path)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("where", ["header", "middle", "end"])
def test_lines_without_end_are_refused(write, monkeypatch, packed, where):
    monkeypatch.setattr(sources, "LONGEST_LINE", 1000)
    monkeypatch.setattr(sources, "_CHUNK", 500)
    long = b"x" * 5000 + b"\n"
    content = {
        "header": long + b"1\n",
        "middle": b"a,b\n" + b"1,2\n" * 500 + b"1," + long + b"1,2\n" * 5,
        "end": b"a,b\n" + b"1,2\n" * 500 + b"1," + long[:-1],
    }[where]
    line = 1 if where == "header" else 502
    with pytest.raises(DataError, match=f"line {line}: the line is longer than 1,000 bytes"):
        read_table(write(gzip.compress(content) if packed else content))


def test_lines_longer_than_a_block_are_read(write, monkeypatch):
    monkeypatch.setattr("layerwise.data.tables.text_files._BLOCK", 100)
    names = ",".join(f"column{n}" for n in range(100))
    table = read_table(write(f"{names}\n" + ",".join(["1"] * 100) + "\n"))
    assert len(table.columns) == 100
    table = read_table(write("a,b\n" + "1,2\n" * 100 + f"3,{'x' * 1000}\n"))
    assert table.rows == 101


@pytest.mark.parametrize("columns", [1, 3])
def test_rows_of_many_blocks_keep_their_order(write, columns):
    n = 150_000
    text = ",".join("abc"[:columns]) + "\n"
    text += "".join(f"{','.join([str(row)] * columns)}\n" for row in range(n))
    table = read_table(write(text))
    np.testing.assert_array_equal(table["a"].values, np.arange(n))


number = st.none() | st.floats(allow_nan=False, allow_infinity=False)
text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8)
# With a letter in front it is neither a number, nor missing, nor a date.
word = st.none() | text.map(lambda end: f"w{end}".rstrip()) | st.just('w"x",\ny')


@st.composite
def frames(draw):
    rows = draw(st.integers(1, 8))
    columns = draw(st.lists(st.sampled_from([number, word]), min_size=1, max_size=4))
    data = {
        f"c{place}": draw(st.lists(cells, min_size=rows, max_size=rows))
        for place, cells in enumerate(columns)
    }
    return pl.DataFrame(data, strict=False)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frame=frames())
def test_what_is_written_is_read_again(tmp_path, frame):
    expected = table_of(frame)
    pandas = pd.DataFrame(frame.to_dict(as_series=False))
    pandas.to_csv(tmp_path / "pandas.csv", index=False)
    frame.write_parquet(tmp_path / "polars.parquet")
    pandas.to_parquet(tmp_path / "pandas.parquet")
    for path in tmp_path.iterdir():
        check_equal(read_table(path), expected)
