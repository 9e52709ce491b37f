import csv
import gzip
import io

import numpy as np
import pytest

import layerwise as lw
from layerwise import data

pytestmark = pytest.mark.usefixtures("trained")


@pytest.fixture
def pixels(folder):
    """Raw pixels of 20 digits in a CSV file."""
    images = data.load_digits().images[:20]
    path = folder / "new.csv"
    np.savetxt(path, images, fmt="%g", delimiter=",")
    return path, images


def check(text, images):
    head, *rows = csv.reader(io.StringIO(text))
    assert head == ["prediction", *(f"probability_{i}" for i in range(10))]
    assert len(rows) == len(images)
    table = np.array([[float(cell) for cell in row[1:]] for row in rows])
    np.testing.assert_allclose(table.sum(1), 1, atol=1e-5)
    model = lw.load("digits.safetensors")
    np.testing.assert_allclose(table, model.predict_probabilities(images), rtol=1e-5, atol=1e-9)
    assert [row[0] for row in rows] == [str(c) for c in model.predict(images)]


def test_predictions_of_raw_values(command, folder, pixels):
    path, images = pixels
    code, out, err = command("predict", "digits.safetensors", path, "--out", "predicted.csv")
    assert (code, out) == (0, "")
    assert "20 predictions written to predicted.csv" in err
    check((folder / "predicted.csv").read_text(), images)


@pytest.mark.parametrize("options", [(), ("--out", "-")])
def test_predictions_to_standard_output(command, pixels, options):
    path, images = pixels
    code, out, err = command("predict", "digits.safetensors", path, *options)
    assert (code, err) == (0, "")
    check(out, images)


def test_predictions_of_the_other_backend(command, pixels):
    path, images = pixels
    code, out, err = command("predict", "digits.safetensors", path, "--backend", "reference")
    assert (code, err) == (0, "")
    check(out, images)
    code, out, err = command("predict", "digits.safetensors", path, "--backend", "referense")
    assert (code, out) == (2, "")
    assert "did you mean 'reference'" in err


def test_a_packed_file_with_a_header(command, folder, pixels):
    path, images = pixels
    text = ",".join(f"pixel_{i}" for i in range(64)) + "\n" + path.read_text()
    packed = folder / "new.csv.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    check(command("predict", "digits.safetensors", packed)[1], images)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "there is no file"),
        ("", "is empty"),
        ("1,2,3\n", "line 1: expected 64 columns, got 3"),
        (",".join(["1"] * 63 + ["x"]), "line 1, column 64: expected a number, got 'x'"),
    ],
)
def test_bad_rows(command, folder, text, message):
    if text is not None:
        (folder / "bad.csv").write_text(text)
    code, out, err = command("predict", "digits.safetensors", "bad.csv", "--out", "p.csv")
    assert (code, out) == (2, "")
    assert message in err
    assert not (folder / "p.csv").exists()


def test_bad_model_files(command, folder, pixels):
    path, _ = pixels
    whole = (folder / "digits.safetensors").read_bytes()
    (folder / "cut.safetensors").write_bytes(whole[:-100])
    (folder / "text.safetensors").write_text("not a model at all")
    (folder / "empty.safetensors").write_bytes(b"")
    for name in ("missing", "cut", "text", "empty"):
        for arguments in (
            ("predict", f"{name}.safetensors", path),
            ("show", f"{name}.safetensors"),
        ):
            code, out, err = command(*arguments)
            assert (code, out) == (1, ""), (arguments, err)
            assert name in err
            assert "Traceback" not in err


def test_an_unwritable_place(command, folder, pixels):
    path, _ = pixels
    code, _, err = command("predict", "digits.safetensors", path, "--out", "missing/p.csv")
    assert code == 1
    assert "there is no folder missing" in err


def test_show(command, trained):
    code, out, err = command("show", "digits.safetensors")
    assert (code, err) == (0, "")
    for part in ("Linear(64, 16)", "(batch, 10)", "1,040", "cross_entropy", "Adam", "2 epochs"):
        assert part in out
    assert f"accuracy {trained['test_accuracy']:.1%} on 449 rows" in out
