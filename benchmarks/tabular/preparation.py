"""What peers need to have done to a raw table before they can learn from it."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

MISSING = "missing"

numbers = make_column_selector(dtype_include=np.number)
categories = make_column_selector(dtype_exclude=np.number)


def texts(column: pd.Series) -> pd.Series:
    """Write a column of categories as plain strings; what is missing stays so."""
    return column.astype(object).map(str, na_action="ignore").astype(object)


def as_strings(frame: pd.DataFrame) -> pd.DataFrame:
    """Write categories as plain strings; a missing one is a category of its own."""
    frame = frame.copy()
    for name in categories(frame):
        column = texts(frame[name])
        frame[name] = column.where(column.notna(), MISSING)
    return frame


def strings() -> FunctionTransformer:
    """`as_strings` as the step of a pipeline."""
    return FunctionTransformer(as_strings, feature_names_out="one-to-one")


class NativeCategories(TransformerMixin, BaseEstimator):
    """Give categories the ``category`` type with the levels of the training rows.

    A level that was not among them is missing, as is a missing cell.
    """

    def fit(self, frame: pd.DataFrame, target=None) -> "NativeCategories":
        """Learn the levels."""
        self.levels_ = {
            name: pd.Index(sorted(texts(frame[name]).dropna().unique()), dtype=object)
            for name in categories(frame)
        }
        return self

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Give the categories these levels."""
        frame = frame.copy()
        for name, levels in self.levels_.items():
            frame[name] = pd.Categorical.from_codes(levels.get_indexer(texts(frame[name])), levels)
        return frame


def only_numbers() -> Pipeline:
    """Medians and indicators for missing numbers, one-hot categories, unit variance."""
    scaled = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return make_pipeline(
        strings(),
        ColumnTransformer([("numbers", scaled, numbers), ("categories", one_hot, categories)]),
    )


def no_missing_numbers() -> Pipeline:
    """Medians and indicators for missing numbers, categories as strings."""
    filled = SimpleImputer(strategy="median", add_indicator=True)
    columns = ColumnTransformer(
        [("numbers", filled, numbers), ("categories", "passthrough", categories)],
        verbose_feature_names_out=False,
    )
    return make_pipeline(strings(), columns.set_output(transform="pandas"))
