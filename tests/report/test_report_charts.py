import base64
import struct
import xml.etree.ElementTree as ElementTree
import zlib

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.image import imread

from layerwise.report.charts import (
    Band,
    Bar,
    Guide,
    Mark,
    Points,
    Series,
    bar_chart,
    data_uri,
    heat_map,
    histogram,
    line_chart,
    matrix,
    picture_grid,
    png,
    scatter,
)
from layerwise.report.charts.markup import tag
from layerwise.report.charts.palette import viridis
from layerwise.report.charts.scales import Scale, even, logarithmic
from layerwise.report.charts.words import number, percent

EVIL = "<script>alert('x')</script>&\""
X = np.arange(5.0)

CHARTS = {
    "line": lambda: line_chart(
        [Series(EVIL, X, X**2), Series("b", X, np.array([1, np.nan, 2, np.inf, 3]), 1)],
        EVIL, across_name=EVIL, up_name=EVIL, marks=[Mark(2, EVIL)], guides=[Guide(3, EVIL)],
        bands=[Band(EVIL, X, X, X + 1)],
    ),
    "line log": lambda: line_chart(
        [Series("a", X, np.array([0, 1e-9, 1, 10, np.nan]))], EVIL, log=True
    ),
    "bars": lambda: bar_chart([Bar(EVIL, -1, -2, 3, 0.5), Bar("", np.nan)], EVIL),
    "heat": lambda: heat_map(
        np.array([[1, np.nan], [0, 3]]), [EVIL, "b"], [EVIL, "d"], EVIL, log=True
    ),
    "heat, wide": lambda: heat_map(
        np.random.default_rng(0).random((2, 500)), ["a", "b"], [f"{i}" for i in range(500)], EVIL
    ),
    "histogram": lambda: histogram(np.array([-1, 0, 2.0]), np.array([3, 0]), EVIL, name=EVIL),
    "scatter": lambda: scatter(
        [Points(EVIL, X, X, n) for n in range(6)] + [Points("s", X, X, sign="<")], EVIL, level=2
    ),
    "scatter of one point": lambda: scatter([Points("", X[:1], X[:1])], EVIL, diagonal=True),
    "matrix": lambda: matrix(np.array([[5, 1], [0, 0]]), [EVIL, "b"], EVIL),
    "nothing known": lambda: line_chart([Series("a", X, np.full(5, np.nan))], EVIL),
}  # fmt: skip


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_well_formed_and_says_what_it_shows(name):
    text = CHARTS[name]()
    root = ElementTree.fromstring(text)
    assert "<script" not in text
    # No number that SVG does not know.
    assert "nan" not in text
    assert "inf" not in text
    assert root.get("role") == "img"
    assert root.get("aria-label") == EVIL


def test_markup_is_escaped_once():
    inner = tag("b", "<i>")
    assert inner == "<b>&lt;i&gt;</b>"
    assert tag("p", inner, title='"', stroke_width=1.50) == (
        '<p title="&quot;" stroke-width="1.5"><b>&lt;i&gt;</b></p>'
    )


def test_a_line_goes_where_its_values_are():
    text = line_chart(
        [Series("a", np.array([0.0, 10.0]), np.array([0.0, 1.0]))],
        "",
        across=Scale(0, 10),
        up=Scale(0, 1),
        width=200,
        height=100,
    )
    root = ElementTree.fromstring(text)
    (line,) = [e for e in root.iter() if e.get("class") == "line"]
    first, last = (tuple(map(float, p.split(","))) for p in line.get("points").split())
    axis = next(e for e in root.iter() if e.get("class") == "axis").get("d")
    left, foot, right = axis.replace("M", "").replace("H", " ").split()
    assert first == (float(left), float(foot))
    assert last[0] == float(right)
    assert last[1] < first[1] - 30


def test_bars_begin_at_zero_and_are_as_long_as_their_values():
    root = ElementTree.fromstring(bar_chart([Bar("a", 2.0), Bar("b", 1.0), Bar("c", -1.0)], ""))
    rects = [e for e in root.iter() if e.tag.endswith("rect")]
    left, wide = zip(*((float(e.get("x")), float(e.get("width"))) for e in rects), strict=True)
    assert wide[0] == pytest.approx(2 * wide[1], abs=0.05)
    assert left[0] == left[1]
    assert left[2] + wide[2] == pytest.approx(left[0], abs=0.05)


def test_a_wide_heat_map_is_thinned_by_medians():
    values = np.ones((1, 600))
    values[0, 3] = 1e9
    root = ElementTree.fromstring(heat_map(values, ["a"], [str(i) for i in range(600)], ""))
    titles = [e.text for e in root.iter() if e.tag.endswith("title") and e.text.startswith("a, ")]
    assert len(titles) == 60
    assert all(text.endswith(": 1") for text in titles)


def test_png_is_read_back_as_it_was(tmp_path):
    random = np.random.default_rng(0)
    for shape in ((7, 5), (4, 9, 3)):
        pixels = random.integers(0, 256, shape, np.uint8)
        (tmp_path / "a.png").write_bytes(png(pixels))
        found = np.round(imread(tmp_path / "a.png") * 255).astype(np.uint8)
        np.testing.assert_array_equal(found.reshape(-1)[: pixels.size], pixels.reshape(-1))
    head, content = data_uri(pixels).split(",")
    assert head == "data:image/png;base64"
    decoded = base64.b64decode(content)
    assert struct.unpack(">II", decoded[16:24]) == (9, 4)
    length = struct.unpack(">I", decoded[33:37])[0]
    assert len(zlib.decompress(decoded[41 : 41 + length])) == 4 * (1 + 27)
    with pytest.raises(ValueError, match="uint8"):
        png(np.zeros((2, 2)))


def test_a_grid_has_every_picture_at_its_place():
    pictures = np.stack([np.full((2, 2), v) for v in (-1.0, 0.0, 1.0)])
    sheet = picture_grid(pictures, colours="signed", columns=2, alone=False)
    assert sheet.shape == (7, 7, 3)
    blue, white, orange = sheet[1, 1], sheet[1, 4], sheet[4, 1]
    assert blue[2] > blue[0]
    assert white.min() > 240
    assert orange[0] > orange[2]
    assert (sheet[0] == 128).all()
    assert picture_grid(pictures * 0, colours="ink").shape[2] == 3


def test_viridis_is_near_that_of_matplotlib():
    shares = np.linspace(0, 1, 50)
    expected = np.round(np.asarray(colormaps["viridis"](shares))[:, :3] * 255)
    assert np.abs(viridis(shares).astype(float) - expected).max() <= 16


def test_scales():
    assert [t for _, t in Scale(0, 1).ticks(5)] == ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    assert [t for _, t in Scale(1, 3, whole=True).ticks()] == ["1", "2", "3"]
    assert [t for _, t in Scale(1e-3, 10, log=True).ticks()] == ["0.001", "0.01", "0.1", "1", "10"]
    assert [v for v, _ in Scale(-2000, 2000).ticks(4)] == [-2000, -1000, 0, 1000, 2000]
    assert float(Scale(1, 100, log=True).share(10)) == pytest.approx(0.5)
    assert float(Scale(1, 100, log=True).share(0)) == 0
    same = even(np.array([5.0, 5.0]))
    assert same.low < 5 < same.high
    assert logarithmic(np.array([0.0, -1.0, np.nan])).low > 0


def test_numbers_as_people_read_them():
    assert [number(v) for v in (0, 1.5, 12345.6, 0.00012, 1e-9, None, np.nan)] == [
        "0", "1.5", "12,346", "0.00012", "1e-9", "\u2013", "\u2013",
    ]  # fmt: skip
    assert number(-0.25) == "\u22120.25"
    assert percent(0.1234) == "12.3%"
