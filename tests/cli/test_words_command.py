import json

import pytest

VECTORS = """8 3
man 1 0 0.1
woman -1 0 0.1
king 1 1 0
queen -1 1 0
prince 0.9 0.8 0
Paris 0 0 1
france 0.1 0 0.9
man 5 5 5
"""


@pytest.fixture
def file(folder):
    path = folder / "vectors.txt"
    path.write_text(VECTORS)
    return path


def test_what_a_file_is(command, file):
    code, out, error = command("words", file)
    assert (code, error) == (0, "")
    assert out.splitlines()[0] == "7 words, 3 numbers each"
    assert "note: 1 of its words had come before" in out
    assert "the first are man, woman, king" in out


def test_neighbours_and_analogies(command, file):
    code, out, _ = command(
        "words", file, "--nearest", "king", "--nearest", "paris", "--any-case", "--count", 2,
        "--analogy", "man", "king", "woman",
    )  # fmt: skip
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    place = lines.index(["nearest", "to", "king"])
    assert lines[place + 1][1] == "prince"
    assert 0.99 < float(lines[place + 1][0]) < 1
    assert len(lines[place + 2]) == 2
    assert lines[place + 3] == []
    assert lines[lines.index(["nearest", "to", "paris"]) + 1][1] == "france"
    assert (
        lines[lines.index(["man", "is", "to", "king", "as", "woman", "is", "to"]) + 1][1] == "queen"
    )


def test_the_map(command, file, folder):
    code, out, _ = command("words", file, "--map", "a.png", "--words", "king, queen,man")
    assert code == 0
    assert "map: a.png" in out
    assert (folder / "a.png").read_bytes().startswith(b"\x89PNG")
    # Without words those of the answers are drawn.
    assert command("words", file, "--nearest", "king", "--count", 3, "--map", "b.svg")[0] == 0
    assert (folder / "b.svg").read_text().startswith("<?xml")


def test_measures(command, file, folder):
    (folder / "questions").write_text(
        ": family\nman king woman queen\n: gram1\nman king woman cat\n"
    )
    (folder / "pairs").write_text("king,prince,9\nman,woman,1\nking,queen,5\nking,cat,2\n")
    options = "words", file, "--questions", "questions", "--similarity", "pairs"
    code, out, _ = command(*options)
    assert code == 0
    assert "rank correlation 1.000 over 3 pairs, 1 more with unknown words" in out
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if " of " in line}
    assert rows["family"] == ["100.0%", "1", "of", "1,", "0", "unknown"]
    assert rows["gram1"] == ["-", "0", "of", "0,", "1", "unknown"]
    assert rows["total"] == ["100.0%", "1", "of", "1,", "1", "unknown"]
    code, out, _ = command(
        *options, "--json", "--nearest", "king", "--analogy", "man", "king", "woman"
    )
    found = json.loads(out)
    assert found["similarity"] == {"spearman": pytest.approx(1), "pairs": 3, "unknown": 1}
    assert found["questions"][1] == {
        "section": "gram1", "accuracy": None, "right": 0, "asked": 0, "unknown": 1,
    }  # fmt: skip
    assert found["nearest"]["king"][0]["word"] == "prince"
    assert found["analogy"]["answers"][0]["word"] == "queen"
    assert (found["words"], found["dimension"]) == (7, 3)


def test_another_format(command, file, folder):
    code, out, _ = command("words", file, "--out", "v.bin", "--format", "word2vec-binary")
    assert (code, out.splitlines()[-1]) == (0, "saved: v.bin")
    assert (folder / "v.bin").read_bytes().startswith(b"7 3\nman \0\0\x80?")
    assert command("words", "v.bin", "--limit", 2)[1].splitlines()[0] == "2 words, 3 numbers each"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--nearest", "kingg"), "'kingg' is none of the 7 words that have a vector; close spel"),
        (("--map", "a.gif"), ".png, .svg, .pdf"),
        (("--map", "no/a.png"), "there is no folder"),
        (("--words", "a,b"), "--map FILE.png"),
        (("--map", "a.png", "--words", "king"), "at least 3 different words"),
        (("--method", "umap", "--map", "a.png"), "unknown value of --method"),
        (("--format", "zip"), "unknown value of --format"),
        (("--count", "0"), "--count: expected 1 or more"),
        (("--limit", "0"), "limit: expected 1 or more"),
        (("--errors", "maybe"), "unknown errors 'maybe'"),
        (("--questions", "missing"), "there is no file missing"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(command, file, folder, options, message):
    code, _, error = command("words", file, *options)
    assert code in (1, 2)
    assert message in error
    assert "Traceback" not in error
    assert [path.name for path in folder.iterdir()] == ["vectors.txt"]


def test_damaged_files(command, folder):
    (folder / "bad.txt").write_text("a 1 2\nb 1\nc 1 2\n")
    code, _, error = command("words", "bad.txt")
    assert code == 2
    assert "bad.txt, line 2: expected a word and 2 numbers, got 1" in error
    assert command("words", "missing.txt")[0] == 2


def test_a_narrow_terminal(command, file, folder, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    (folder / "questions").write_text(": a-section-of-a-name-that-is-long\nman king woman queen\n")
    (folder / "pairs").write_text("king queen 9\nman woman 8\nking france 1\n")
    code, out, _ = command("words", file, "--questions", "questions", "--similarity", "pairs")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 60
    assert "1 of 1, 0 unknown" in out


def test_a_model_is_no_file_of_vectors(command):
    assert "`layerwise show`" in command("words", "model.safetensors")[2]
    assert "`layerwise report`" in command("plot", "model.safetensors")[2]
