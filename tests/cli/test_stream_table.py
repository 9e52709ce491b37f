"""Tables that are read in parts while a network trains."""

import json

import numpy as np
import pandas as pd
import pytest

import layerwise as lw
from layerwise.cli.table import streaming
from layerwise.data.tables import Table, table_of
from layerwise.data.tables.table import joined

from .tables import customers

QUICK = ("--stream", "--hidden", "16", "--threads", "1", "--drop", "customer")


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Parts, and numbers of rows held, as small as the tables of the tests."""
    monkeypatch.setattr(streaming, "ROWS_PER_BATCH", 500)
    monkeypatch.setattr(streaming, "SAMPLE", 1_000)
    monkeypatch.setattr(streaming, "MOST_TEST", 800)
    monkeypatch.setattr(streaming, "MOST_VALIDATION", 300)


@pytest.fixture
def table(folder):
    frame = customers(6_000)
    frame.loc[17, "churned"] = None
    frame.to_parquet(folder / "customers.parquet", row_group_size=400)
    frame.to_csv(folder / "customers.csv", index=False)
    return frame


@pytest.mark.parametrize("name", ["customers.parquet", "customers.csv"])
def test_it_says_that_it_reads_in_parts_and_learns(command, table, name):
    code, out, err = command("train", name, "--target", "churned", "--epochs", "3", *QUICK)
    said = " ".join(out.split())
    assert (code, err) == (0, "")
    assert "6,000 rows" in said
    assert "the file is read in parts of 500 rows while the network trains" in said
    assert "1 member trained" in said
    model = lw.load("customers.safetensors")
    agree = (model.predict(table.drop(columns=["churned"])) == table["churned"]).mean()
    assert agree > max(0.7, (table["churned"] == "no").mean() + 0.02)


def test_rows_held_are_not_trained_on(command, table):
    code, out, _ = command("train", "customers.parquet", "--target", "spent", "--json", *QUICK)
    facts = json.loads(out)
    assert code == 0
    assert facts["streamed"]
    assert facts["rows"] == 6_000
    assert facts["training_rows"] + facts["validation_rows"] + facts["test_rows"] == 6_000
    assert 600 < facts["test_rows"] < 1_000
    assert facts["test_r2"] > 0.5


def test_the_parts_do_not_depend_on_how_the_file_is_cut(command, table, monkeypatch):
    found = []
    for size in (500, 700):
        monkeypatch.setattr(streaming, "ROWS_PER_BATCH", size)
        _, out, _ = command("train", "customers.parquet", "--target", "spent", "--json", *QUICK)
        found.append(json.loads(out))
    assert found[0]["test_rows"] == found[1]["test_rows"]
    assert found[0]["constant_rmse"] == found[1]["constant_rmse"]


def test_a_large_file_is_read_in_parts_by_itself(command, table, monkeypatch):
    monkeypatch.setattr(streaming, "machine_memory", lambda: 100_000)
    given = [option for option in QUICK if option != "--stream"]
    code, out, _ = command("train", "customers.csv", "--target", "spent", "--json", *given)
    assert code == 0
    assert json.loads(out)["streamed"]


@pytest.mark.parametrize("option", [("--cv", "3"), ("--group", "town"), ("--ensemble", "4")])
def test_what_needs_all_rows_is_refused(command, table, folder, option):
    code, _, err = command("train", "customers.csv", "--target", "spent", *QUICK, *option)
    assert code == 2
    assert option[0] in err
    assert "read in parts" in err
    assert not (folder / "customers.safetensors").exists()


def test_too_few_rows_are_an_error(command, folder):
    customers(2).to_csv("few.csv", index=False)
    code, _, err = command("train", "few.csv", "--target", "spent", *QUICK)
    assert code == 2
    assert "leave --stream out" in err


def test_tables_are_joined_by_word():
    frames = [
        pd.DataFrame({"a": [1.0, np.nan], "b": ["x", None]}),
        pd.DataFrame({"a": [3.0], "b": ["z"]}),
        pd.DataFrame({"a": [4.0, 5.0], "b": ["x", "y"]}),
    ]
    both: Table = joined([table_of(frame) for frame in frames])
    expected = table_of(pd.concat(frames, ignore_index=True))
    assert len(both) == 5
    assert list(both["b"].words()) == list(expected["b"].words())
    assert np.array_equal(both["a"].values, expected["a"].values, equal_nan=True)
    assert list(both.origin) == [0, 1, 2, 3, 4]
