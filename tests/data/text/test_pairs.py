import gzip

import pytest

from layerwise.data import read_pairs
from layerwise.data.text import read_lines
from layerwise.errors import DataError, OptionError


@pytest.fixture
def write(tmp_path):
    def write(content, name="pairs"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


EXPECTED = [("Good day.", "Bonjour."), ('He said "no".', "Il a dit « non »."), ("a, b", "c")]
TSV = "".join(f"{source}\t{target}\n" for source, target in EXPECTED)
CSV = 'Good day.,Bonjour.\n"He said ""no"".",Il a dit « non ».\n"a, b",c\n'


@pytest.mark.parametrize("text", [TSV, CSV], ids=["tsv", "csv"])
@pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        lambda text: text.removesuffix("\n"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\n\n"),
        lambda text: "\ufeff" + text,
        lambda text: gzip.compress(text.encode()),
        lambda text: text.encode("utf-16"),
    ],
)
def test_pairs(write, text, change):
    found = read_pairs(write(change(text)))
    assert list(found) == EXPECTED
    assert found.sources == tuple(source for source, _ in EXPECTED)
    assert len(found) == 3


def test_lines_are_counted(write):
    assert read_pairs(write("a\tb\n\nc\td\n")).lines == (1, 3)
    assert read_pairs(write('a,b\n"c\nc",d\n\ne,f\n')).lines == (1, 2, 5)


@pytest.mark.parametrize(
    ("head", "options"),
    [
        ("source\ttarget\n", {}),
        ("English\tFrench\n", {}),
        ("weather\tclimate\n", {"header": True}),
        ("a\tb\n", {"source": "a", "target": "b"}),
    ],
)
def test_headers(write, head, options):
    assert list(read_pairs(write(head + TSV), **options)) == EXPECTED


def test_no_header_where_none_is(write):
    assert list(read_pairs(write("source\ttarget\n" + TSV), header=False)) == [
        ("source", "target"), *EXPECTED,
    ]  # fmt: skip
    assert list(read_pairs(write("text\tTexte\n"))) == [("text", "Texte")]


def test_named_columns_among_others(write):
    path = write("id,fr,en,note\n1,oui,yes,\n2,non,no,x\n")
    assert list(read_pairs(path, "en", "fr")) == [("yes", "oui"), ("no", "non")]
    with pytest.raises(DataError, match="'de'"):
        read_pairs(path, "en", "de")
    with pytest.raises(OptionError, match="names of both columns"):
        read_pairs(path, "en")
    with pytest.raises(OptionError, match="header=True"):
        read_pairs(path, "en", "fr", header=False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("source\ttarget\n", "has no pairs"),
        ("a\tb\nc\t\n", "line 2: expected a sentence and its translation, got no target for 'c'"),
        ("a\tb\n \td\n", "line 2: expected a sentence and its translation, got no source for 'd'"),
        ("a\tb\n\t\n", "line 2: .* got no source; complete the pair"),
        ("a,b\n,d\n", "line 2: .* got no source for 'd'"),
        ("a\tb\nc\n", "line 2: expected 2 columns divided by tabs or commas, got one"),
        ("a\n", "line 1: expected 2 columns divided by tabs or commas, got one"),
        ("a\tb\n\nc\td\te\n", "line 3: expected 2 columns, got 3"),
        ("a,b\nc,d,e\n", "line 2: expected 2 columns, got 3; put cells with commas"),
        ('a,b\n"c,d\n', "line 2: .*expected CSV"),
        ('a,b\n"c"x,d\n', "line 2: .*expected CSV"),
        (b"a\tb\nc\t\xff\n", "line 2: expected text in UTF-8, got the byte 0xff"),
        (b"a,b\nc,d\ne,\xe9t\xe9\n", r"line 3: expected text in UTF-8, got the byte 0xe9 in b'e,"),
        (b"PAR1....", "of the format parquet; expected text"),
        (b"PK\x03\x04", "a zip archive"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(write, text, message):
    path = write(text)
    with pytest.raises(DataError, match=message) as error:
        read_pairs(path)
    assert str(path) in str(error.value)


def test_files_that_cannot_be_read(tmp_path, write):
    with pytest.raises(DataError, match="there is no file"):
        read_pairs(tmp_path / "missing")
    with pytest.raises(DataError, match="damaged gzip"):
        read_pairs(write(gzip.compress(TSV.encode())[:-9]))


def test_long_lines(write, monkeypatch):
    monkeypatch.setattr("layerwise.data.tables.sources.LONGEST_LINE", 200)
    assert len(read_pairs(write("a" * 90 + "\t" + "b" * 90 + "\n"))) == 1
    with pytest.raises(DataError, match="line 2: the line is longer than 200 bytes"):
        read_pairs(write("a\tb\n" + "a" * 300 + "\tb\n"))


def test_lines_end_with_a_line_feed_only(write):
    text = "a\u2028b\x85c\x0bd\r\ne\n\nf"
    assert list(read_lines(write(text))) == [(1, "a\u2028b\x85c\x0bd"), (2, "e"), (3, ""), (4, "f")]
    with pytest.raises(DataError, match="line 2: expected text in UTF-8"):
        list(read_lines(write(b"a\n\xff\n")))
