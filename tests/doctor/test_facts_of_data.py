"""Facts of the training rows, against simple NumPy on tables that were made for it."""

import numpy as np
import pytest
from doctor_runs import layers, nn, not_begun

from layerwise.doctor.case import DataFacts
from layerwise.doctor.examine_data import examine_data, examine_target, one_hot_target

random = np.random.default_rng(5)


def facts(x, y=None, names=(), net=None, **options):
    x = np.asarray(x)
    if y is None:
        y = np.sin(np.arange(len(x)))
    if net is None:
        net = layers(int(np.prod(x.shape[1:])), 3, 1)
        net = nn.Sequential(nn.Flatten(), net) if x.ndim > 2 else net
    return examine_data(not_begun(net, (x, y), **options), names)


def table(rows=200, columns=5):
    return random.standard_normal((rows, columns)).astype(np.float32)


# -- scales ----------------------------------------------------------------------------------------


def test_scales_are_root_mean_squares():
    x = table() * np.array([1, 100, 0.01, 3, 1], np.float32) + np.array([0, 5, 0, -40, 0.5], "f")
    found = facts(x)
    wide = x.astype(np.float64)
    sizes = np.sqrt((wide**2).mean(0))
    assert (found.rows, found.columns) == (200, 5)
    assert found.largest_scale == pytest.approx(sizes.max(), rel=1e-6)
    assert found.smallest_scale == pytest.approx(sizes.min(), rel=1e-6)
    assert found.median_scale == pytest.approx(np.median(sizes), rel=1e-6)
    assert found.widest == 1
    offsets = np.abs(wide.mean(0)) / wide.std(0)
    assert found.offset == pytest.approx(offsets.max(), rel=1e-6)
    assert found.offset_column == 3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_huge_and_tiny_numbers(dtype):
    power = 30 if dtype == "float32" else 200
    scales = np.array([10.0**power, 1, 10.0**-power])
    x = (table(100, 3).astype(np.float64) * scales).astype(dtype)
    with np.errstate(over="raise"):
        found = facts(x, net=layers(3, 2, 1, dtype=dtype))
    spread = np.sqrt(((x / scales.astype(dtype)).astype(np.float64) ** 2).mean(0))
    assert found.largest_scale == pytest.approx(spread[0] * scales[0], rel=1e-5)
    assert found.smallest_scale == pytest.approx(spread[2] * scales[2], rel=1e-5)
    assert found.widest == 0
    assert found.constant == ()
    assert found.leaks == ()


def test_constant_columns_count_for_nothing_else():
    x = table(100, 6)
    x[:, 1], x[:, 3], x[:, 4] = 1e6, 0, x[:, 0]
    x[:, 5] = 1e6 + x[:, 0]
    found = facts(x)
    assert found.constant == (1, 3)
    assert found.largest_scale == pytest.approx(1e6, rel=1e-5)
    assert found.widest == 5
    assert found.offset_column == 5
    assert found.duplicated == ((4, 0),)
    nothing = facts(np.ones((50, 2), np.float32))
    assert nothing == DataFacts(rows=50, columns=2, constant=(0, 1))


def test_a_few_equal_values_are_no_constant():
    x = table(100, 2)
    x[1:, 0] = 7
    assert facts(x).constant == ()


# -- equal columns ---------------------------------------------------------------------------------


def test_duplicated_columns_name_the_first():
    x = table(60, 6)
    x[:, 3], x[:, 5], x[:, 4] = x[:, 1], x[:, 1], -x[:, 0]
    x[0, 2] = 0
    assert facts(x).duplicated == ((3, 1), (5, 1))
    assert facts(x, net=layers(6, 2, 1, dtype="float64")).duplicated == ((3, 1), (5, 1))


def test_zeros_of_either_sign_are_equal_and_scales_are_not():
    x = np.zeros((60, 4))
    x[::3, 0] = x[::3, 1] = 2
    x[1::3, 1] = -0.0
    x[:, 2:] = x[:, :2] * 0.5
    for dtype in ("float32", "float64"):
        found = facts(x.astype(dtype), net=layers(4, 2, 1, dtype=dtype))
        assert found.duplicated == ((1, 0), (3, 2))


def test_so_many_are_named():
    x = np.repeat(table(50, 1), 40, axis=1)
    assert facts(x).duplicated == tuple((i, 0) for i in range(1, 21))


# -- leaks -----------------------------------------------------------------------------------------


def leaking(found):
    return [column for column, _, _ in found.leaks]


def test_a_column_that_is_the_target_leaks():
    x = table(400)
    y = x[:, 0] - np.sin(2 * x[:, 1]) + random.standard_normal(400)
    x[:, 3] = 5 * y + 2 + 0.01 * random.standard_normal(400)
    found = facts(x, y)
    ((column, alone, rest),) = found.leaks
    assert column == 3
    assert 0.97 < alone <= 1
    assert rest < 0.8


def test_a_column_of_class_numbers_leaks():
    x = table(400)
    y = random.integers(0, 3, 400)
    x[:, 2] = y
    assert leaking(facts(x, y, net=layers(5, 3))) == [2]
    assert facts(x, y, net=layers(5, 3)).leaks[0][1] == 1
    hot = np.eye(3, dtype=np.float32)[y]
    assert leaking(facts(x, hot, net=layers(5, 3), loss="cross_entropy")) == [2]
    yes = (y == 1).astype(int)
    x[:, 2] = yes
    assert leaking(facts(x, yes)) == [2]


def test_what_others_explain_as_well_is_told_with_it():
    """A column with R2 0.999 is no leak where the others reach as much: a rule can see that."""
    x = table(400)
    x[:, 4] = x[:, 0] + x[:, 1]
    found = facts(x, x[:, 0] + x[:, 1])
    assert leaking(found) == [4]
    _, alone, rest = found.leaks[0]
    assert alone > 0.97
    assert rest > 0.99


def test_numbers_of_many_classes_leak_though_they_go_up_and_down_with_none():
    """The numbers of the classes in the middle have nothing to do with either end's classes."""
    y = random.integers(0, 10, 500)
    x = table(500, 20)
    x[:, :10] += 0.8 * np.eye(10, dtype=np.float32)[y]  # each class has a column of its own
    x[:, 17] = (y - 4.5) / 4.5 + 0.005 * random.standard_normal(500)
    found = facts(x, y, net=layers(20, 10))
    assert leaking(found) == [17]
    assert found.leaks[0][1] == 1
    assert found.copies == (17,)


@pytest.mark.parametrize(("spread", "copied"), [(0.0, True), (0.05, True), (0.2, False)])
def test_a_copy_of_the_classes_has_them_far_apart(spread, copied):
    y = random.integers(0, 3, 400)
    x = table(400)
    x[:, 1] = y + spread * random.standard_normal(400)
    found = facts(x, y, net=layers(5, 3))
    assert leaking(found) == [1]
    assert found.copies == ((1,) if copied else ())


def test_no_leaks_where_there_are_none():
    x = table(400)
    assert facts(x, x @ np.ones(5) + 0.2 * random.standard_normal(400)).leaks == ()
    assert facts(x, random.integers(0, 2, 400), net=layers(5, 2)).leaks == ()


def test_too_little_to_tell():
    x = table(400)
    assert facts(x[:, :1], x[:, 0]).leaks == ()  # no others to compare with
    assert facts(x[:39], x[:39, 0]).leaks == ()
    x[:, 1:] = 3
    assert facts(x, x[:, 0]).leaks == ()


def test_columns_of_few_values():
    """What one column says of the target where its values are the same for many rows."""
    x = table(300, 3)
    x[:, 1] = random.integers(0, 4, 300)
    y = x[:, 1] ** 2 + 0.05 * random.standard_normal(300)
    ((column, alone, _),) = facts(x, y).leaks
    means = {v: y[x[:, 1] == v].mean() for v in range(4)}
    expected = 1 - np.mean([(a - means[b]) ** 2 for a, b in zip(y, x[:, 1], strict=True)]) / y.var()
    assert column == 1
    assert alone == pytest.approx(expected, abs=0.01)


# -- inputs of other kinds -------------------------------------------------------------------------


def test_names_of_columns():
    x = table(50, 2)
    found = facts(x, names=["age", "inf"])
    assert found.names == ("age", "inf")
    assert found.name(1) == "'inf'"
    assert facts(x, names=["age"]).names == ()
    assert facts(x).name(1) == "column 1"


def test_whole_numbers_that_are_fed_as_numbers_count():
    found = facts(random.integers(-9, 10, (80, 3)))
    assert found.columns == 3
    assert found.largest_scale > 3


def test_word_numbers_have_no_scale():
    words = random.integers(0, 9, (80, 4)).astype(np.int32)
    net = nn.Sequential(nn.Embedding(9, 2), nn.Flatten(), nn.Linear(8, 1))
    assert facts(words, net=net) == DataFacts(rows=80, kind="features")


def test_pictures_are_columns():
    x = random.standard_normal((60, 2, 3, 4)).astype(np.float32)
    x[:, 1, 2, 3], x[:, 0, 0, 1] = 4, x[:, 0, 0, 0]
    found = facts(x)
    assert (found.rows, found.columns) == (60, 24)
    assert found.constant == (23,)
    assert found.duplicated == ((1, 0),)
    assert (found.kind, found.height, found.width) == ("pixels", 3, 4)
    assert [found.name(number) for number in (0, 1, 23)] == [
        "pixel (0, 0)", "pixel (0, 1)", "pixel (2, 3)",
    ]  # fmt: skip


def test_the_first_of_several_inputs_counts():
    class Two(nn.Module):
        def __init__(self):
            self.a, self.b = nn.Linear(3, 4), nn.Linear(2, 4)

        def forward(self, x, other):
            return self.a(x) + self.b(other)

    x = table(50, 3)
    run = not_begun(Two(), ((x, table(50, 2)), np.zeros((50, 4), np.float32)), loss="mse")
    assert examine_data(run).columns == 3


# -- the target ------------------------------------------------------------------------------------


def target_of(y, net=None, loss=None, x=None):
    x = table(len(y), 2) if x is None else x
    return examine_target(not_begun(net or layers(2, 1), (x, y), loss=loss))


def test_counts_of_classes():
    y = np.array([0] * 30 + [2] * 5 + [4])
    for target, loss in ((y, None), (np.eye(5, dtype=np.float32)[y], "cross_entropy")):
        found = target_of(target, layers(2, 5), loss)
        assert found.kind == "classes"
        assert found.counts == (30, 0, 5, 0, 1)
    binary = (y == 0).astype(int)
    for shape in ((-1,), (-1, 1)):
        found = target_of(binary.reshape(shape))
        assert found.kind == "binary"
        assert found.counts == (6, 30)
    soft = target_of(np.full((10, 2), 0.5), layers(2, 2), "cross_entropy")
    assert soft.counts == (5, 5)


def test_numbers():
    y = 100 + 7 * random.standard_normal(60)
    for shape in ((-1,), (-1, 1)):
        found = target_of(y.reshape(shape))
        assert found.kind == "numbers"
        assert found.mean == pytest.approx(y.mean(), rel=1e-6)
        assert found.deviation == pytest.approx(y.std(), rel=1e-5)
        assert (found.low, found.high) == pytest.approx((y.min(), y.max()), rel=1e-6)
        assert found.distinct == 60
    several = target_of(np.stack([y, 3 * y, y / 9], 1), layers(2, 3), "mse")
    assert several.deviation == pytest.approx(3 * y.std(), rel=1e-5)
    assert several.distinct == 0


@pytest.mark.parametrize(
    ("y", "outputs", "looks_like"),
    [
        (np.arange(90) % 3, 1, "class numbers"), (1 + np.arange(90) % 4, 1, "class numbers"),
        (np.arange(90) % 3 * 2, 1, ""), (5 + np.arange(90) % 3, 1, ""),
        (np.arange(90) // 2, 1, "class numbers"), (np.where(np.arange(90) < 1, 1, 0), 1, ""),
        (np.arange(90) / 7, 1, ""), (np.eye(3)[np.arange(90) % 3], 3, "one-hot rows"),
        (np.eye(3)[np.arange(90) % 3] * 2, 3, ""), (np.ones((90, 3)), 3, ""),
        (np.full(90, 2.0), 1, ""),
    ],
)  # fmt: skip
def test_numbers_that_look_like_classes(y, outputs, looks_like):
    assert target_of(y, layers(2, outputs), "mse").looks_like == looks_like


def test_classes_that_look_like_numbers():
    x = table(600, 2)
    y = np.clip(np.round(20 * x[:, 0] + 50), 0, 99).astype(int)
    assert target_of(y, layers(2, 100), x=x).looks_like == "numbers"
    assert target_of(random.permutation(y), layers(2, 100), x=x).looks_like == ""
    assert target_of(y // 20, layers(2, 100), x=x).looks_like == ""


def test_many_classes_that_are_told_apart_are_no_numbers():
    """Letters in the order of the alphabet: their numbers are predicted well, as any would be."""
    y = random.integers(0, 26, 600)
    middles = np.random.default_rng(3).standard_normal((26, 8))
    x = (middles[y] + 0.3 * random.standard_normal((600, 8))).astype(np.float32)
    assert target_of(y, layers(8, 26), x=x).looks_like == ""


def test_names_of_classes():
    y = np.arange(60) % 3
    run = not_begun(layers(2, 3), (table(60, 2), y))
    found = examine_target(run, ["low", "middle", "high"])
    assert found.name(2) == "'high'"
    assert examine_target(run, ["low", "high"]).name(2) == "2"
    assert examine_target(run).name(0) == "0"


def test_sequences_of_targets():
    words = random.integers(0, 9, (50, 4)).astype(np.int32)
    net = nn.Sequential(nn.Embedding(9, 5), nn.Linear(5, 3))
    for y in (words % 3, np.eye(3, dtype=np.float32)[words % 3]):
        run = not_begun(net, (words, y), loss="cross_entropy")
        assert one_hot_target(run, run.data) is None
        found = examine_target(run)
        assert (found.kind, found.counts) == ("classes", ())
        assert examine_data(run) == DataFacts(rows=50, kind="features")
    labels = not_begun(layers(5, 3), (table(50, 5), words[:, :3] % 2), loss="bce_with_logits")
    assert one_hot_target(labels, labels.data) is None
    assert examine_target(labels).counts == ()
    assert examine_data(labels).leaks == ()
