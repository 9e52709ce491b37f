import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise.data.encoders import TableEncoder
from layerwise.errors import DataError

NAT = np.datetime64("NaT")


def days(first, last, step=1):
    return np.arange(np.datetime64(first), np.datetime64(last), step).astype("M8[us]")


def test_parts_of_whole_days(make, fit):
    table = make(joined=days("2019-01-01", "2024-01-01"))
    encoder = fit(table)
    assert encoder.output_names == (
        "joined: time",
        "joined: time of year, sine", "joined: time of year, cosine",
        "joined: day of month, sine", "joined: day of month, cosine",
        "joined: day of week, sine", "joined: day of week, cosine",
    )  # fmt: skip
    assert set(encoder.kinds) == {"date"}
    found = encoder.transform(table).numbers
    assert np.isfinite(found).all()
    assert np.abs(found).max() < 1.1
    first = encoder.transform(make(joined=np.array(["1970-01-05"], "M8[us]"))).numbers[0]
    # A Monday, four days into a year, four of 31 into a month.
    np.testing.assert_allclose(first[1], np.sin(2 * np.pi * 4 / 365), rtol=1e-5)
    np.testing.assert_allclose(first[3], np.sin(2 * np.pi * 4 / 31), rtol=1e-5)
    np.testing.assert_allclose(first[5:], [0, 1], atol=1e-6)


def test_the_time_of_day_where_it_differs(make, fit):
    moments = days("2020-01-01", "2020-01-31") + np.timedelta64(6, "h")
    encoder = fit(make(t=moments))
    # Always six o'clock, so it says nothing; and a month is not months.
    assert encoder.dates[0].parts == ("time", "time of year", "day of week")
    moments[3] += np.timedelta64(6, "h")
    encoder = fit(make(t=moments))
    assert encoder.dates[0].parts == ("time", "time of year", "day of week", "time of day")
    found = encoder.transform(make(t=moments)).numbers
    np.testing.assert_allclose(found[:4, -2:], [[1, 0]] * 3 + [[0, -1]], atol=1e-6)


def test_later_dates_go_on_gently(make, fit):
    encoder = fit(make(t=days("2019-01-01", "2022-01-01")))
    later = np.array(["2021-12-31", "2022-06-01", "2024-01-01", "2040-01-01", "2500-01-01",
                      "9999-12-31", "100000-01-01"], "M8[us]")  # fmt: skip
    found = encoder.transform(make(t=later)).numbers
    assert np.isfinite(found).all()
    assert (np.diff(found[:5, 0]) > 0).all()
    assert (np.diff(found[:, 0]) >= 0).all()
    assert found[:, 0].max() <= 3
    assert np.abs(found[:, 1:]).max() <= 1


def test_missing(make, fit):
    table = make(t=np.array(["2020-01-01", "NaT", "2020-03-05"], "M8[us]"))
    encoder = fit(table)
    assert encoder.output_names[-1] == "t is missing"
    assert encoder.kinds[-1] == "indicator"
    found = encoder.transform(table).numbers
    assert found[1].tolist() == [0] * (len(encoder.output_names) - 1) + [1]
    whole = fit(make(t=days("2020-01-01", "2020-01-05")))
    assert not whole.transform(make(t=[NAT])).numbers.any()


def test_constant_empty_and_a_single_row(make, fit, same_table):
    for values in (np.array(["2020-02-29T12:34:56"] * 3, "M8[us]"), np.array(["2020-01-01"], "M8")):
        table = make(t=values)
        encoder = fit(table)
        assert encoder.transform(table).numbers.shape == (len(values), 0)
        assert "never changed" in encoder.describe()[0]
        same_table(encoder.inverse(*encoder.transform(table)), table)
    table = make(t=np.array([NAT, NAT], "M8[us]"))
    encoder = fit(table, {"t": "date"})
    assert encoder.transform(table).numbers.tolist() == [[1], [1]]
    same_table(encoder.inverse(*encoder.transform(table)), table)


@given(st.lists(st.one_of(st.integers(-20_000, 40_000), st.none()), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_whole_days_come_back(make, fit, same_table, offsets):
    dates = np.array([NAT if o is None else np.datetime64(o, "D") for o in offsets], "M8[us]")
    table = make(t=dates)
    encoder = fit(table, {"t": "date"})
    about, tensors = encoder.to_json()
    again = TableEncoder.from_json(json.loads(json.dumps(about)), tensors)
    spread = encoder.dates[0].spread
    far = encoder.transform(table).numbers[:, :1]
    if spread and np.abs(far).max() > 2:  # Clipping costs digits.
        return
    same_table(again.inverse(*encoder.transform(table)), table)


def test_moments_come_back_to_a_few_minutes(make, fit, generator):
    moments = np.datetime64("2000-01-01", "us") + generator.integers(
        0, 25 * 365 * 86_400_000_000, 999
    )
    table = make(t=moments)
    encoder = fit(table)
    back = encoder.inverse(*encoder.transform(table))["t"].values
    assert np.abs(back - moments).max() < np.timedelta64(3, "m")


def test_far_numbers_come_back_as_some_date(make, fit):
    encoder = fit(make(t=days("2019-01-01", "2022-01-01")))
    numbers = np.zeros((3, 7), np.float32)
    numbers[:, 0] = 3e38, -3e38, np.nan
    back = encoder.inverse(numbers, np.empty((3, 0), np.int32))["t"].values
    assert back[0] > np.datetime64("2022-01-01")
    assert back[1] < np.datetime64("2019-01-01")
    assert np.isnat(back[2])


def test_extreme_dates_stay_finite(make, fit):
    ends = np.array([-(2**63) + 1, 0, 2**63 - 1]).view("M8[us]")
    encoder = fit(make(t=ends))
    found = encoder.transform(make(t=ends))
    assert np.isfinite(found.numbers).all()
    encoder.inverse(*found)
    assert np.isfinite(
        fit(make(t=days("2020-01-01", "2020-03-09"))).transform(make(t=ends)).numbers
    ).all()
    TableEncoder.from_json(*encoder.to_json())


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_weights_are_repetitions(make, fit, same_encoder, data):
    rows = data.draw(st.integers(1, 10))
    moment = st.one_of(st.integers(0, 10**15), st.integers(0, 30).map(lambda d: d * 86_400_000_000))
    values = (
        np.array(data.draw(st.lists(moment, min_size=rows, max_size=rows))).view("M8[us]").copy()
    )
    values[data.draw(st.lists(st.booleans(), min_size=rows, max_size=rows))] = NAT
    weights = np.array(data.draw(st.lists(st.integers(0, 3), min_size=rows, max_size=rows)))
    weights[0] = 1
    order = np.array(data.draw(st.permutations(range(rows))))
    same_encoder(
        fit(make(t=values[order]), {"t": "date"}, sample_weight=weights[order]),
        fit(make(t=np.repeat(values, weights)), {"t": "date"}),
    )


def test_what_is_no_date(make, fit):
    with pytest.raises(
        DataError, match=r"column 't', row 1 .*expected dates, got numbers, the .*5"
    ):
        fit(make(t=[np.nan, 5]), {"t": "date"})
