"""Files of word vectors: every format, and what is wrong with them."""

import gzip
import struct

import numpy as np
import pytest

from layerwise import words
from layerwise.errors import DataError, OptionError
from layerwise.words import WordVectors

NAMES = ["the", "Straße", "你好", "ice-cream", "1984", "\u00a0"]
NUMBERS = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
NUMBERS[0] = [0, -0.0, 1, 1e-30, -3.4e38]
FORMATS = ["word2vec", "word2vec-binary", "glove", "fasttext"]


@pytest.fixture
def vectors():
    return WordVectors(NAMES, NUMBERS)


@pytest.fixture
def write(tmp_path):
    def write(content, name="vectors"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def binary(records, header=None, end=b"\n"):
    """A file of word2vec, written by hand."""
    dimension = len(records[0][1])
    head = header or f"{len(records)} {dimension}\n"
    return head.encode() + b"".join(
        word.encode() + b" " + struct.pack(f"<{dimension}f", *numbers) + end
        for word, numbers in records
    )


def read_by_hand(content, form):
    """What the file holds, read as the formats are described elsewhere."""
    if form == "word2vec-binary":
        head, _, rest = content.partition(b"\n")
        count, dimension = map(int, head.split())
        found = {}
        for _ in range(count):
            word, _, rest = rest.partition(b" ")
            found[word.decode()] = struct.unpack(f"<{dimension}f", rest[: 4 * dimension])
            assert rest[4 * dimension : 4 * dimension + 1] == b"\n"
            rest = rest[4 * dimension + 1 :]
        assert rest == b""
        return found
    lines = content.decode().split("\n")
    assert lines.pop() == ""
    if form != "glove":
        assert lines.pop(0) == f"{len(lines)} 5"
    assert all(line.endswith(" ") == (form == "fasttext") for line in lines)
    rows = [line.rstrip(" ").split(" ") for line in lines]
    return {row[0]: tuple(np.array(row[1:], np.float32).tolist()) for row in rows}


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("form", FORMATS)
def test_what_is_saved_comes_back_to_the_bit(vectors, form, packed, tmp_path):
    path = tmp_path / f"saved{packed}"
    vectors.save(path, form)
    content = gzip.decompress(path.read_bytes()) if packed else path.read_bytes()
    expected = {word: tuple(row) for word, row in zip(NAMES, NUMBERS.tolist(), strict=True)}
    assert read_by_hand(content, form) == expected
    path = path.rename(tmp_path / "a name that says nothing.txt")
    back = words.load(path)
    assert list(back.words) == NAMES
    assert back.vectors.tobytes() == NUMBERS.tobytes()
    assert back.notes == ()


def test_saving_leaves_nothing_half_done(vectors, tmp_path):
    with pytest.raises(DataError, match="cannot write"):
        vectors.save(tmp_path / "no folder" / "saved")
    with pytest.raises(OptionError, match="did you mean 'glove'"):
        vectors.save(tmp_path / "saved", "glov")
    bad = WordVectors(["New York", "b"], NUMBERS[:2])
    for form in ("word2vec", "word2vec-binary", "fasttext"):
        with pytest.raises(DataError, match=r"word 1, 'New York': it has a space"):
            bad.save(tmp_path / "saved", form)
    for word in ("route 66", " x", "a\nb", "a\tb", "\ud800"):
        with pytest.raises(DataError, match="cannot hold word 1"):
            WordVectors([word], NUMBERS[:1]).save(tmp_path / "saved", "glove")
    assert list(tmp_path.iterdir()) == []


def test_words_with_spaces_inside_as_glove_has_them(write):
    path = write(". . . 0.5 1\nat name@domain.com -1 2e-1\nking 0.25 3\n")
    found = words.load(path)
    assert list(found.words) == [". . .", "at name@domain.com", "king"]
    np.testing.assert_array_equal(found.vectors, np.float32([[0.5, 1], [-1, 0.2], [0.25, 3]]))
    found.save(path, "glove")
    assert list(words.load(path).words) == list(found.words)


@pytest.mark.parametrize("text", ["3 2\na 1 2\nb 3 4\nc 5 6\n", "a 1 2\nb 3 4\nc 5 6"])
@pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace(" ", "\t"),
        lambda text: text.replace("\n", " \n"),
        lambda text: text + "\n\n",
        lambda text: "\ufeff" + text,
        lambda text: text.replace("a 1 2", "a +1 02.0e0"),
    ],
)
def test_text_as_programs_write_it(write, text, change):
    found = words.load(write(change(text)))
    assert list(found.words) == ["a", "b", "c"]
    np.testing.assert_array_equal(found.vectors, [[1, 2], [3, 4], [5, 6]])


@pytest.mark.parametrize("end", [b"\n", b""])
def test_binary_with_and_without_line_feeds(write, end):
    records = [("a", [1, 2]), ("b", [3, 4])]
    found = words.load(write(binary(records, end=end)))
    assert list(found.words) == ["a", "b"]
    np.testing.assert_array_equal(found.vectors, [[1, 2], [3, 4]])


def test_short_binary_files_that_look_like_text_are_told_by_their_records(write):
    letters = struct.unpack("<2f", b"ab8>cd9=")
    found = words.load(write(binary([("x", letters), ("y", letters)], end=b"")))
    np.testing.assert_array_equal(found.vectors, np.float32([letters, letters]))


def test_blocks_end_anywhere(write, monkeypatch):
    """Lines and records that lie across the ends of blocks."""
    names = [f"word{i}" for i in range(300)]
    numbers = np.random.default_rng(1).normal(size=(300, 3)).astype(np.float32)
    made = WordVectors(names, numbers)
    for form in FORMATS:
        path = write("")
        made.save(path, form)
        for size in (7, 64, 1000):
            monkeypatch.setattr("layerwise.words.text_format._BLOCK", size)
            monkeypatch.setattr("layerwise.words.binary_format._BLOCK", size)
            monkeypatch.setattr("layerwise.words.binary_format.LONGEST_WORD", 10)
            monkeypatch.setattr("layerwise.words.binary_format._STEP", 11)
            found = words.load(path)
            assert list(found.words) == names
            assert found.vectors.tobytes() == numbers.tobytes()


TEXT = "4 2\na 1 2\nb 3 4\na 5 6\nc 7 8\n"
BINARY = binary([("a", [1, 2]), ("b", [3, 4]), ("a", [5, 6]), ("c", [7, 8])])


@pytest.mark.parametrize("content", [TEXT, TEXT[4:], BINARY], ids=["text", "glove", "binary"])
def test_the_first_of_equal_words_counts(write, content):
    found = words.load(write(content))
    assert list(found.words) == ["a", "b", "c"]
    np.testing.assert_array_equal(found.vectors, [[1, 2], [3, 4], [7, 8]])
    assert found.notes == ("1 of its words had come before; the first of each counts",)


@pytest.mark.parametrize("content", [TEXT, TEXT[4:], BINARY], ids=["text", "glove", "binary"])
def test_only_some_words_and_limits(write, content):
    path = write(content)
    assert list(words.load(path, only={"c", "a", "zebra"}).words) == ["a", "c"]
    assert list(words.load(path, only=["b"]).words) == ["b"]
    assert list(words.load(path, limit=2).words) == ["a", "b"]
    assert list(words.load(path, limit=3).words) == ["a", "b"]
    assert list(words.load(path, limit=99).words) == ["a", "b", "c"]
    assert list(words.load(path, only=["a", "c"], limit=2).words) == ["a"]
    with pytest.raises(DataError, match="none of the 1 words that are wanted"):
        words.load(path, only=["zebra"])
    with pytest.raises(OptionError, match="limit"):
        words.load(path, limit=0)
    with pytest.raises(OptionError, match="only"):
        words.load(path, only="abc")


def test_a_vocabulary_says_which_words_are_needed(write):
    from layerwise.data import Vocabulary

    assert list(words.load(write(TEXT), only=Vocabulary(["c", "x"])).words) == ["c"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("2 3\n", "a header but no words"),
        ("0 3\na 1 2 3\n", "line 1: expected a header .* both above 0, got '0 3'"),
        ("2 0\na\n", "line 1: expected a header"),
        ("2 2\na 1 2\nb 1\n", "line 3: expected a word and 2 numbers, got 1"),
        ("2 2\na 1 2 3\nb 1 2\n", "line 2: expected a word and 2 numbers, got 3"),
        ("a 1 2\nb 1\nc 1 2\n", "line 2: expected a word and 2 numbers, got 1"),
        ("a 1\nb 1 2\nc 1 2\n", "line 1: expected a word and 2 numbers, got 1"),
        ("a 1 2\nb 1 2 3\nc 1 2\n", "line 2: expected a word and 2 numbers, got 3"),
        ("a 1 2\nb 1 x\nc 1 2\n", "line 2: expected a finite number, got 'x'"),
        ("a 1 2\nb 1_0 2\nc 1 2\n", "line 2: expected a finite number, got '1_0'"),
        ("a 1 2\nb 1  2\nc 1 2\n", "line 2: .*, got nothing between two spaces"),
        ("a 1 2\nb nan 2\nc 1 2\n", "line 2: expected a finite number, got 'nan'"),
        ("a 1 2\nb 1 -inf\nc 1 2\n", "line 2: expected a finite number, got '-inf'"),
        ("a 1 2\nb 1 1e39\nc 1 2\n", "line 2: expected a finite number, got '1e39'"),
        ("a 1 2\n 1 2\nc 1 2\n", "line 2: expected a word and 2 numbers, got no word"),
        ("a 1 2\n\nc 1 2\n", "line 2: expected a word and its numbers, got an empty line"),
        ("a 1 2\nb 1 2\nc 1", "line 3: .* got 1; the file ends in this line"),
        ("3 2\na 1 2\nb 1 2\n", "line 3: expected 3 words, .* got 2; the file was probably cut"),
        ("1 2\na 1 2\nb 1 2\n", "line 3: expected 1 words, .* got 2; correct the header"),
        ("once upon a time\n", "line 1: expected a word and its numbers"),
        (b"a 1 2\nb\xff 1 2\n", r"line 2: .* in UTF-8, got the byte 0xff in b'b\\xff'"),
        (b"PK\x03\x04abc", "a zip archive: unpack it"),
        (b"\x80\x04\x95abc", "a Python pickle"),
        (b"\xba\x16O/\x0c\0\0\0", r"a whole model of fastText \(.bin\): take its .vec"),
        (b"\0\1\2\3\4", "binary data without the header"),
    ],
)  # fmt: skip
def test_damaged_text_is_named_with_its_line(write, text, message):
    path = write(text)
    with pytest.raises(DataError, match=message) as error:
        words.load(path)
    assert str(path) in str(error.value)
    packed = gzip.compress(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError, match=message):
        words.load(write(packed))


def test_the_line_is_right_beyond_the_first_block(write, monkeypatch):
    monkeypatch.setattr("layerwise.words.text_format._BLOCK", 100)
    lines = [f"word{i} 1 2" for i in range(1, 200)]
    for wrong in ("word150 1 x", "word150 1", "word150 1 2 3"):
        lines[149] = wrong
        with pytest.raises(DataError, match="line 150:"):
            words.load(write("\n".join(lines)))
        with pytest.raises(DataError, match="line 151:"):
            words.load(write("199 2\n" + "\n".join(lines)))


RECORDS = [("first", [1, 2, 3]), ("second", [4, 5, 6]), ("third", [7, 8, 9])]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (binary(RECORDS)[:-5], "word 3 at byte 43: expected 12 bytes of numbers, got 8; .*cut off"),
        (binary(RECORDS, "4 3\n"), "word 4 at byte 62: expected 4 words, .* got 3; .*cut off"),
        (binary(RECORDS, "2 3\n"), "byte 43: expected the end of the file after 2 words"),
        (binary([("a", [1, np.nan]), ("b", [1, 2])]), r"word 1 \(b'a'\): expected finite numbers"),
        (binary([("", [1, 2]), ("b", [1, 2])]), "word 1 at byte 4: expected a word, got none"),
        (b"2 2\n" + bytes(20_000), "word 1 at byte 4: .* 10,000 bytes without one"),
        (binary(RECORDS).replace(b"second", b"\xff\xfecond"), "word 2.*: expected a word in UTF-8"),
    ],
)
def test_damaged_binary_files_are_named_with_their_word_and_byte(write, content, message):
    path = write(content)
    with pytest.raises(DataError, match=message):
        words.load(path)
    with pytest.raises(DataError, match=message):
        words.load(write(gzip.compress(content)))
    if "finite" not in message and "end of the file" not in message:
        path.write_bytes(content)
        with pytest.raises(DataError, match=message):
            words.load(path, memory_map=True)


@pytest.mark.parametrize(
    "content",
    [b"a 1 2\nb\xff 3 4\nb\xfe 5 6\n", binary([("a", [1, 2]), ("b?", [3, 4]), ("b!", [5, 6])])
     .replace(b"b?", b"b\xff").replace(b"b!", b"b\xfe")],
    ids=["text", "binary"],
)  # fmt: skip
def test_words_that_are_not_utf8(write, content):
    path = write(content)
    replaced = words.load(path, errors="replace")
    assert list(replaced.words) == ["a", "b\ufffd"]
    np.testing.assert_array_equal(replaced.vectors, [[1, 2], [3, 4]])
    assert [note[:21] for note in replaced.notes] == [
        "1 of its words had co",
        "2 of its words are no",
    ]
    skipped = words.load(path, errors="skip")
    assert list(skipped.words) == ["a"]
    assert skipped.notes == ("2 of its words are not text in UTF-8",)
    with pytest.raises(OptionError, match="unknown errors 'ignore'"):
        words.load(path, errors="ignore")


def test_files_that_cannot_be_opened(write, tmp_path):
    with pytest.raises(DataError, match="there is no file"):
        words.load(tmp_path / "missing")
    with pytest.raises(DataError, match="is a folder"):
        words.load(tmp_path)
    packed = gzip.compress(TEXT.encode())
    with pytest.raises(DataError, match="damaged gzip file"):
        words.load(write(packed[:-9]))
    with pytest.raises(DataError, match="damaged gzip file"):
        words.load(write(packed[:12] + b"\xff\xff\xff" + packed[15:]))


def test_progress_is_reported_in_bytes_of_the_file(vectors, tmp_path, monkeypatch):
    monkeypatch.setattr("layerwise.words.text_format._BLOCK", 50)
    for name in ("saved", "saved.gz"):
        vectors.save(tmp_path / name, "glove")
        size = (tmp_path / name).stat().st_size
        seen = []
        words.load(tmp_path / name, progress=lambda done, total: seen.append((done, total)))  # noqa: B023
        assert {total for _, total in seen} == {size}
        assert [done for done, _ in seen] == sorted(done for done, _ in seen)
        assert seen[-1] == (size, size)


def test_vectors_that_stay_in_the_file(vectors, tmp_path):
    path = tmp_path / "saved"
    vectors.save(path, "word2vec-binary")
    mapped = words.load(path, memory_map=True)
    assert list(mapped.words) == NAMES
    assert not isinstance(mapped.vectors, np.ndarray)
    assert mapped.vectors[:].tobytes() == NUMBERS.tobytes()
    np.testing.assert_array_equal(np.asarray(mapped.vectors), NUMBERS)
    np.testing.assert_array_equal(mapped["1984"], vectors["1984"])
    assert mapped.nearest("1984", 3) == vectors.nearest("1984", 3)
    assert mapped.analogy("你好", "1984", "\u00a0") == vectors.analogy("你好", "1984", "\u00a0")
    np.testing.assert_array_equal(mapped.map(NAMES[1:]), vectors.map(NAMES[1:]))
    mapped.save(tmp_path / "again", "word2vec-binary")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_equal_words_of_a_mapped_file(write):
    found = words.load(write(BINARY), memory_map=True)
    assert list(found.words) == ["a", "b", "c"]
    np.testing.assert_array_equal(found.vectors[:], [[1, 2], [3, 4], [7, 8]])
    assert found.notes == ("1 of its words had come before; the first of each counts",)


def test_what_cannot_be_mapped(vectors, tmp_path):
    for name, form in (("a", "word2vec"), ("b", "glove"), ("c.gz", "word2vec-binary")):
        vectors.save(tmp_path / name, form)
        with pytest.raises(OptionError, match="memory_map: expected a word2vec binary file"):
            words.load(tmp_path / name, memory_map=True)
