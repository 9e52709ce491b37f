"""Models of tables: raw rows in, before saving and after, and files that lie about columns."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import layerwise as lw
from layerwise import tabular
from layerwise.data.encoders import NumberTarget, TableEncoder
from layerwise.data.tables import decide_roles, table_of
from layerwise.model import container, file
from layerwise.model.raw_columns import RawColumns
from layerwise.nn.losses import LOSSES

RECIPE = tabular.Recipe(kinds=("linear", "piecewise"), folds=2, epochs=3, hidden=(8,))

ROWS = 120


def mixed_frame(rows=ROWS):
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "size": random.normal(50, 20, rows),
            "colour": random.choice(["red", "green", "blue"], rows),
            "town": [f"town {i}" for i in random.integers(0, 40, rows)],
            "since": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(random.integers(0, 900, rows), "D"),
            "paid": random.choice([True, False], rows),
            "always": 1,
        }
    )
    frame.loc[::7, "size"] = None
    return frame


def made(kind):
    """A fitted model of a kind of target, the table, and its ensemble's own predictions."""
    frame = mixed_frame()
    table = table_of(frame)
    decisions = decide_roles(table)
    encoder = TableEncoder.fit(table, decisions)
    encoded = encoder.transform(table)
    size = np.nan_to_num(frame["size"].to_numpy(), nan=50)
    scale = None
    if kind == "numbers":
        target = size * 1e6 + 1e9
        scale = NumberTarget.fit(target)
        task = tabular.Task("numbers", 1, LOSSES["mse"])
        y = scale.transform(target)
    elif kind == "binary":
        task = tabular.Task("binary", 1, LOSSES["bce_with_logits"])
        y = (size > 50).astype(np.float32)[:, None]
    else:
        task = tabular.Task("classes", 3, LOSSES["cross_entropy"])
        y = np.digitize(size, [40, 60]).astype(np.int32)
    plain = sum(k == "number" for k in encoder.kinds)
    columns = tabular.Columns(encoded.numbers.shape[1], plain, encoder.cardinalities)
    rows = tabular.Rows(encoded.numbers, encoded.codes, y)
    ensemble = tabular.fit(rows, columns, task, RECIPE, threads=1)
    model = lw.Model(
        ensemble.module(),
        classes={"numbers": None, "binary": ["no", "yes"]}.get(kind, ["a", "b", "c"]),
        output=task.loss.output,
        target=task.loss.target,
        columns=RawColumns.of(encoder, table),
        scale=scale,
        summary={"columns": [{"name": d.name, "role": d.role} for d in decisions]},
    )
    return model, frame, ensemble.predict(rows), scale


@pytest.fixture(scope="module", params=["numbers", "binary", "classes"])
def case(request, tmp_path_factory):
    with lw.backends.using("native"):
        model, frame, raw, scale = made(request.param)
        path = tmp_path_factory.mktemp("model") / "m.safetensors"
        model.save(path)
        yield model, frame, raw, scale, path


def probabilities(model, raw):
    if model.target == "binary":
        one = 1 / (1 + np.exp(-raw.astype(np.float64)))
        return np.concatenate([1 - one, one], 1)
    shifted = np.exp(raw - raw.max(1, keepdims=True))
    return shifted / shifted.sum(1, keepdims=True)


def test_the_same_before_and_after_saving(case):
    model, frame, raw, scale, path = case
    loaded = lw.load(path)
    np.testing.assert_array_equal(loaded.predict(frame), model.predict(frame))
    np.testing.assert_array_equal(loaded(frame), model(frame))
    assert loaded.features == model.features == tuple(frame.columns)
    assert loaded.summary == model.summary
    assert loaded.encoder.describe() == model.encoder.describe()
    assert loaded.columns.latest == model.columns.latest
    assert list(loaded.columns.latest) == ["since"]
    if scale is not None:
        # The inverse in the graph is that of the target, on numbers that float32 cannot tell apart.
        want = scale.inverse(raw)
        np.testing.assert_allclose(loaded.predict(frame), want, rtol=1e-6)
        assert loaded.predict(frame).dtype == np.float64
        assert loaded.predict(frame).shape == (len(frame),)
    else:
        found = loaded.predict_probabilities(frame)
        np.testing.assert_array_equal(found, model.predict_probabilities(frame))
        np.testing.assert_allclose(found, probabilities(model, raw), rtol=1e-4, atol=1e-6)
        assert set(loaded.predict(frame)) <= set(loaded.classes)


def test_whatever_holds_the_rows(case):
    _, frame, *_, path = case
    loaded = lw.load(path)
    want = loaded.predict(frame)
    shuffled = frame[list(frame.columns)[::-1]].assign(more=1.5)
    for given in (
        table_of(frame),
        pl.from_pandas(frame),
        shuffled,
        {name: frame[name].to_list() for name in frame.columns},
        frame.drop(columns="always"),
        [tuple(row) for row in frame.itertuples(index=False)],
    ):
        np.testing.assert_array_equal(loaded.predict(given), want)
    assert loaded.predict(frame[:0]).shape == (0,)


def test_unseen_and_missing_values(case):
    _, frame, *_, path = case
    loaded = lw.load(path)
    odd = frame[:3].copy()
    odd["colour"] = ["violet", None, "red"]
    odd["town"] = ["Atlantis", "town 1", None]
    odd["since"] = pd.Timestamp("2035-01-01")
    odd["size"] = np.nan
    assert len(loaded.predict(odd)) == 3
    raw = loaded(odd)
    assert np.isfinite(raw).all()
    found = loaded.columns.unfamiliar(loaded.columns.table(odd))
    assert [tuple(f) for f in found] == [
        ("colour", "unseen", 1, "violet"),
        ("colour", "missing", 1, ""),
        ("town", "unseen", 1, "Atlantis"),
        ("town", "missing", 1, ""),
        ("since", "later", 3, "2035-01-01T00:00:00.000000"),
    ]
    assert loaded.columns.unfamiliar(loaded.columns.table(frame)) == []


def test_columns_that_are_not_there_or_of_another_kind(case):
    _, frame, *_, path = case
    loaded = lw.load(path)
    with pytest.raises(lw.DataError, match=r"needs the column 'colour'; is it the column 'color'"):
        loaded.predict(frame.rename(columns={"colour": "color"}))
    with pytest.raises(lw.DataError, match=r"'size'.*numbers.*'tall'"):
        loaded.predict(frame.assign(size="tall"))
    with pytest.raises(lw.DataError, match=r"expected rows of 6 values, in the order of training"):
        loaded.predict([[1.0, 2.0]])
    with pytest.raises(TypeError, match="one table"):
        loaded.predict(frame, frame)


def test_arrays_go_by_position(tmp_path):
    x = np.random.default_rng(0).normal(size=(60, 3))
    table = table_of(x)
    encoder = TableEncoder.fit(table, decide_roles(table))
    net = lw.nn.Linear(3, 1)
    model = lw.Model(net, columns=RawColumns.of(encoder, table), target="numbers")
    model.save(tmp_path / "m")
    loaded = lw.load(tmp_path / "m")
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))
    np.testing.assert_array_equal(loaded.predict(x.tolist()), model.predict(x))
    names = {f"x{i}": x[:, i] for i in (2, 0, 1)}
    np.testing.assert_array_equal(loaded.predict(names), model.predict(x))
    with pytest.raises(lw.DataError, match="expected rows of 3 values"):
        loaded.predict(np.ones((2, 4)))
    with pytest.raises(lw.OptionError, match="both"):
        lw.Model(net, columns=model.columns, preprocess=lambda v: v)
    with pytest.warns(UserWarning, match="preprocesses"):
        lw.load(tmp_path / "m", into=lw.nn.Linear(3, 1))


def changed(path, change):
    """A copy of a model file whose description or tensors are changed, with a fitting checksum."""
    about, tensors = container.read_tensors(path, file.FORMAT, file.VERSION)
    change(about, tensors)
    copy = path.with_name("changed")
    container.write_tensors(copy, file.FORMAT, file.VERSION, about, tensors)
    return copy


def set_in(*keys, to):
    def change(about, tensors):
        place = about
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = to

    return change


def without_tensor(about, tensors):
    del tensors[next(name for name in tensors if name.startswith("encoder."))]


def infinite_tensor(about, tensors):
    name = next(n for n in tensors if n.startswith("encoder.") and tensors[n].dtype.kind == "f")
    tensors[name] = np.full_like(tensors[name], np.inf)


@pytest.mark.parametrize(
    "change",
    [
        set_in("columns", to=[]),
        set_in("columns", to={"encoder": {}}),
        set_in("columns", "names", to=["size", "size"]),
        set_in("columns", "names", to=["size"]),
        set_in("columns", "names", to=[1, 2]),
        set_in("columns", "latest", to={"colour": "2020-01-01T00:00:00.000000"}),
        set_in("columns", "latest", to={"since": "soon"}),
        set_in("columns", "dtype", to="float16"),
        set_in("columns", "latest", to={"since": "2020-99-01T00:00:00.000000"}),
        set_in("columns", "encoder", to=None),
        set_in("columns", "encoder", "version", to=99),
        set_in("columns", "encoder", "categories", to=[]),
        set_in("columns", "encoder", "inputs", to=[{"name": "size", "storage": "code"}]),
        without_tensor,
        infinite_tensor,
    ],
)
def test_files_that_lie_about_columns_are_refused(case, change):
    with pytest.raises(lw.ModelFileError):
        lw.load(changed(case[-1], change))


def test_an_encoder_of_another_width_is_refused(case):
    def change(about, tensors):
        levels = about["columns"]["encoder"]["categories"][0]["levels"]
        levels.append("zzz")

    with pytest.raises(lw.ModelFileError, match="the network takes"):
        lw.load(changed(case[-1], change))


def test_files_of_version_1_are_still_read():
    folder = Path(__file__).parent / "old"
    model = lw.load(folder / "version_1.safetensors")
    known = json.loads((folder / "version_1.json").read_text())
    rows = np.array(known["rows"], np.float32)
    assert model.predict(rows).tolist() == known["predictions"]
    np.testing.assert_allclose(
        model.predict_probabilities(rows), known["probabilities"], rtol=1e-5, atol=1e-7
    )
    assert model.features == ("a", "b", "c")
    assert model.columns is None
    assert model.encoder is None
