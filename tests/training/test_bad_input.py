"""What bad input gets: an error that says what was expected, what came, and what to do."""

import numpy as np
import pytest

import layerwise as lw

X = np.random.default_rng(0).standard_normal((30, 4)).astype(np.float32)
Y = np.arange(30) % 3


class Column(np.ndarray):
    """An array with names of columns, as a data frame has."""

    columns = ("age", "height", "weight", "income")


def net(outputs=3):
    return lw.nn.Sequential(lw.nn.Linear(4, 5), lw.nn.ReLU(), lw.nn.Linear(5, outputs))


def changed(array, place, value):
    array = np.array(array, dtype=np.float64 if isinstance(value, float) else None)
    array[place] = value
    return array


CASES = {
    "NaN": (
        {"data": (changed(changed(X, (20, 1), np.nan), (7, 2), np.nan), Y)},
        lw.DataError,
        r"^X: NaN in column 1, row 20 \(2 such values in all\)",
    ),
    "infinity in a named column": (
        {"data": (changed(X, (3, 0), np.inf).view(Column), Y)},
        lw.DataError,
        r"X: infinity in column 'age', row 3; .*fill the gaps",
    ),
    "too large for float32": (
        {"data": (changed(X, (3, 0), 1e300), Y)},
        lw.DataError,
        r"X: 1e\+300 in column 0, row 3 is too large for float32",
    ),
    "NaN in validation": (
        {"validation": (changed(X, (5, 3), np.nan), Y)},
        lw.DataError,
        r"^validation X: NaN in column 3, row 5;",
    ),
    "NaN in the target": (
        {"data": (X, changed(Y, 4, np.nan)), "loss": "mse", "outputs": 1},
        lw.DataError,
        "y: NaN in row 4",
    ),
    "width": (
        {"data": (X[:, :3], Y)},
        lw.ShapeError,
        r"in layer '0' \(Linear\(4, 5.*expected 4 features.*got 3 features",
    ),
    "width of validation": ({"validation": (X[:, :3], Y)}, lw.DataError, r"\(3,\).*\(4,\)"),
    "label too large": (
        {"data": (X, changed(Y, 9, 3))},
        lw.DataError,
        r"y: label 3 in row 9 is outside the classes 0 to 2 .*3 outputs; give",
    ),
    "labels from 1": ({"data": (X, Y + 1)}, lw.DataError, "start at 0, so subtract 1"),
    "negative label": ({"data": (X, Y - 1)}, lw.DataError, "label -1 in row 0"),
    "text labels": (
        {"data": (X, np.array(["cat", "dog", "cow"])[Y])},
        lw.DataError,
        r"y: expected numbers, got text such as .*cat.*numpy\.unique",
    ),
    "text column": ({"data": ([["a", 1.0, 2.0, 3.0]] * 30, Y)}, lw.DataError, "X: .*one-hot"),
    "missing objects": (
        {"data": (np.array([[None] * 4] * 30), Y)},
        lw.DataError,
        "X: NaN in column 0",
    ),
    "dates": ({"data": (np.zeros((30, 4), "datetime64[s]"), Y)}, lw.DataError, "datetime64"),
    "ragged": ({"data": ([[1.0], [1.0, 2.0]], Y[:2])}, lw.DataError, "rows of equal length"),
    "complex": ({"data": (X + 1j, Y)}, lw.DataError, "expected real numbers"),
    "empty": ({"data": (X[:0], Y[:0])}, lw.DataError, "X: expected at least one row"),
    "a number": ({"data": (3.0, Y)}, lw.DataError, "X: expected rows"),
    "one class": ({"data": (X, Y * 0)}, lw.DataError, "y: every row has the class 0"),
    "one of two classes": (
        {"data": (X, Y * 0 + 1.0), "loss": "bce_with_logits", "outputs": 1},
        lw.DataError,
        "every row has the class 1",
    ),
    "rows": ({"data": (X, Y[:29])}, lw.DataError, "X has 30, y has 29"),
    "fractions as classes": (
        {"data": (X, Y + 0.5)},
        lw.DataError,
        "takes class numbers, got 0.5.*mse",
    ),
    "classes for bce": (
        {"data": (X, Y), "loss": "bce_with_logits", "outputs": 1},
        lw.DataError,
        "takes 0 and 1.*got 2.*cross_entropy",
    ),
    "several outputs for one number": (
        {"data": (X, X[:, 0]), "loss": "mse"},
        lw.ShapeError,
        r"the net gives \(batch, 3\), y is \(n,\); let the last layer",
    ),
    "one output for classes": (
        {"outputs": 1, "loss": "cross_entropy"},
        (lw.ShapeError, lw.DataError),
        "output",
    ),
    "no pair": ({"data": X}, lw.DataError, r"expected a pair \(X, y\), got ndarray"),
    "no target": ({"data": (X, None)}, lw.DataError, "y is None"),
    "loss": ({"loss": "crossentropy"}, lw.OptionError, "cross_entropy"),
    "optimizer": ({"optimizer": "adm"}, lw.OptionError, "did you mean 'adam'"),
    "schedule": ({"schedule": "cosin"}, lw.OptionError, "did you mean 'cosine'"),
    "backend": ({"backend": "nativ"}, ValueError, "did you mean 'native'"),
    "epochs": ({"epochs": 0}, lw.OptionError, "epochs: expected a whole number of at least 1"),
    "batch size": ({"batch_size": 2.5}, lw.OptionError, "batch_size: .*got 2.5"),
    "threads": ({"threads": 0}, lw.OptionError, "threads"),
    "seed": ({"seed": -1}, lw.OptionError, "seed"),
    "patience": (
        {"early_stopping": True, "validation": (X, Y)},
        lw.OptionError,
        "number of epochs",
    ),
    "early stopping alone": ({"early_stopping": 3}, lw.DataError, "needs validation"),
    "smoothing": ({"label_smoothing": 1.0}, lw.OptionError, "label_smoothing"),
    "smoothing of numbers": (
        {"data": (X, X[:, :3]), "loss": "mse", "label_smoothing": 0.1},
        ValueError,
        "label smoothing",
    ),
    "clipping": ({"clip_norm": 0}, lw.OptionError, "clip_norm"),
    "class weight": ({"class_weight": "balance"}, lw.OptionError, "'balanced'"),
    "class weights": ({"class_weight": [1, 2]}, lw.OptionError, "expected 3 weights"),
    "class weight of no class": ({"class_weight": {5: 1.0}}, lw.OptionError, "0 to 2.*got 5"),
    "class weight of numbers": (
        {"data": (X, X[:, :3]), "loss": "mse", "class_weight": "balanced"},
        lw.OptionError,
        "no classes",
    ),
    "sample weights": ({"sample_weight": np.ones(29)}, lw.DataError, "30 rows"),
    "negative weights": ({"sample_weight": -np.ones(30)}, lw.OptionError, "at least 0"),
    "checkpoint in no folder": ({"checkpoint": "/no/such/folder/c"}, lw.OptionError, "no folder"),
    "checkpoint is a folder": ({"checkpoint": "/tmp"}, lw.OptionError, "is a folder"),
    "resume from nothing": ({"resume": True}, lw.OptionError, "checkpoint="),
}


@pytest.mark.parametrize("case", CASES)
def test_the_error_says_what_to_do(case):
    options, kind, message = CASES[case]
    options = dict(options)
    model = net(options.pop("outputs", 3))
    before = model.state_dict()
    data = options.pop("data", (X, Y))
    with pytest.raises(kind, match=message):
        lw.train(model, data, **{"loss": "cross_entropy", "backend": "reference"} | options)
    after = model.state_dict()
    assert all(np.array_equal(before[k], after[k]) for k in before)


def test_a_net_without_parameters():
    with pytest.raises(lw.DataError, match="nothing to train"):
        lw.train(lw.nn.Sequential(lw.nn.ReLU()), (X, X), loss="mse", backend="reference")


def test_batch_normalisation_needs_two_rows():
    model = lw.nn.Sequential(lw.nn.Linear(4, 3), lw.nn.BatchNorm1d(3))
    with pytest.raises(lw.DataError, match="at least 2 rows"):
        lw.train(model, (X, Y), loss="cross_entropy", batch_size=1, backend="reference")


def resume(tmp_path, model=None, data=(X, Y), **options):
    return lw.train(
        model or net(), data,
        **{"loss": "cross_entropy", "epochs": 2, "backend": "reference", "resume": True,
           "checkpoint": tmp_path / "c"} | options,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"batch_size": 8}, "options differ .batch_size was 32 and is now 8"),
        ({"data": (X + 1, Y)}, "training data differ"),
        ({"model": lw.nn.Linear(4, 3)}, "network differ"),
        ({"optimizer": "sgd"}, "options differ"),
        ({"validation": (X, Y)}, "validation data differ"),
    ],
)
def test_a_checkpoint_of_another_training(tmp_path, other, message):
    resume(tmp_path)
    with pytest.raises(lw.CheckpointError, match=message):
        resume(tmp_path, **other)


def test_a_finished_training_can_be_made_longer(tmp_path):
    resume(tmp_path)
    run = resume(tmp_path, epochs=5)
    assert run.history["epoch"] == [1, 2, 3, 4, 5]


def test_a_damaged_checkpoint(tmp_path):
    resume(tmp_path)
    path = tmp_path / "c"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(lw.CheckpointError, match=r"cut off.*begin anew"):
        resume(tmp_path)


def test_a_model_is_no_checkpoint(tmp_path):
    run = resume(tmp_path)
    run.net.save(tmp_path / "m")
    with pytest.raises(lw.CheckpointError, match="saved model"):
        resume(tmp_path, checkpoint=tmp_path / "m")
    with pytest.raises(lw.ModelFileError, match="resume=True"):
        lw.load(tmp_path / "c")
