"""Tables from lists, and encoders fitted on them."""

import json

import numpy as np
import pytest

from layerwise.data.encoders import TableEncoder
from layerwise.data.tables.roles import Decision
from layerwise.data.tables.table import Column, Table

ROLES = {"numbers": "number", "words": "category", "dates": "date"}


def _column(name, values):
    values = np.asarray(values)
    if values.dtype.kind in "fiub":
        return Column(name, values if values.dtype == np.float32 else values.astype(np.float64))
    if values.dtype.kind == "M":
        return Column(name, values.astype("datetime64[us]"))
    # Levels backwards: their order must not matter.
    levels = tuple(sorted({v for v in values.tolist() if v is not None}, reverse=True))
    places = [-1 if v is None else levels.index(v) for v in values.tolist()]
    return Column(name, np.array(places, np.int32), levels)


@pytest.fixture(scope="session")
def make():
    """A table: make(age=[1, np.nan], colour=["red", None], joined=np.array([...], "M8[us]"))."""

    def make(**columns):
        made = tuple(_column(name, values) for name, values in columns.items())
        return Table(made, len(made[0]))

    return make


@pytest.fixture(scope="session")
def fit():
    """Fit on a table, each column in the role of its kind unless another is said."""

    def fit(table, roles=None, **options):
        chosen = {c.name: ROLES[c.storage] for c in table} | (roles or {})
        return TableEncoder.fit(table, [Decision(*item) for item in chosen.items()], **options)

    return fit


@pytest.fixture(scope="session")
def same_encoder():
    """Whether two encoders are the same to the last bit."""

    def same_encoder(one, other):
        (about, tensors), (about2, tensors2) = one.to_json(), other.to_json()
        assert json.dumps(about) == json.dumps(about2)
        assert tensors.keys() == tensors2.keys()
        for name, tensor in tensors.items():
            assert tensor.dtype == tensors2[name].dtype
            np.testing.assert_array_equal(tensor, tensors2[name], name)

    return same_encoder


@pytest.fixture(scope="session")
def same_table():
    """Whether two tables hold the same words, and numbers and dates that are nearly the same."""

    def same_table(found, expected, tolerance=1e-5, seconds=0):
        assert found.names == expected.names
        for name in found.names:
            one, other = found[name], expected[name]
            assert one.storage == other.storage
            if one.storage == "numbers":
                largest = np.nanmax(np.abs(other.values), initial=0)
                np.testing.assert_allclose(
                    one.values, other.values, rtol=tolerance, atol=tolerance * largest
                )
            elif one.storage == "dates" and seconds:
                np.testing.assert_array_equal(one.missing, other.missing)
                difference = np.abs(one.values - other.values)[~one.missing]
                assert (difference <= np.timedelta64(seconds, "s")).all()
            else:
                assert one.words().tolist() == other.words().tolist()

    return same_table
