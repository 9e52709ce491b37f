import copy
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

import layerwise as lw
from layerwise import data
from layerwise.doctor.diagnosis import Diagnosis
from layerwise.doctor.finding import Finding, Remedy
from layerwise.errors import DataError, OptionError
from layerwise.report import build_report, write_report
from layerwise.report.collect import collect

EVIL = "<script>alert(1)</script>"

VOID = {"meta", "link", "img", "br", "input", "hr", "path", "circle", "rect", "polyline", "polygon"}


class Page(HTMLParser):
    """Sections, scripts and whether every element is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.scripts, self.images, self.text = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, name, attributes):
        told = dict(attributes)
        if "id" in told:
            self.ids.append(told["id"])
        if name == "script":
            self.scripts.append(told.get("type"))
        if name == "img":
            self.images.append(told)
        if name not in VOID:
            self.open.append(name)

    def handle_startendtag(self, name, attributes):
        pass

    def handle_endtag(self, name):
        if name not in VOID:
            assert self.open.pop() == name

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def page(digits):
    model, run, parts = digits
    return build_report(
        model, parts["test"], training=parts["training"], validation=parts["validation"], run=run,
        picture_shape=(8, 8), source="digits",
    )  # fmt: skip


def rows(seed=0, count=160):
    random = np.random.default_rng(seed)
    x = random.normal(size=(count, 3)).astype(np.float32)
    return x, x[:, 0] * 2 + x[:, 1] + 0.1 * random.normal(size=count)


@pytest.fixture(scope="module")
def numbers():
    """A trained regression."""
    x, y = rows()
    with lw.nn.seed(0):
        net = lw.nn.Sequential(lw.nn.Linear(3, 16), lw.nn.Tanh(), lw.nn.Linear(16, 1))
    target = y.astype(np.float32)
    return lw.train(net, (x[:120], target[:120]), validation=(x[120:], target[120:]), epochs=20)


def test_the_page_is_whole_and_holds_everything(page):
    found = Page(page)
    assert found.open == []
    assert {
        "top", "draw", "classes", "learning", "inside", "layers", "network", "activations"
    } <= set(found.ids)  # fmt: skip
    assert len(found.ids) == len(set(found.ids))
    assert len(page.encode()) < 2_000_000
    assert all(image["src"].startswith("data:") and image["alt"] for image in found.images)
    addresses = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert all(a.startswith(("#", "data:")) for a in addresses)
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", page)


def test_every_chart_says_what_it_shows(page):
    charts = re.findall(r"<svg xmlns[^>]*>", page)
    assert len(charts) > 15
    for chart in charts:
        said = re.search(r'aria-label="([^"]*)"', chart)[1]
        assert len(said) > 20, chart
        assert re.search(r"\d", said), chart


def test_the_result_is_that_of_the_held_out_rows(digits, page):
    model, _, parts = digits
    right = model.predict_probabilities(parts["test"].inputs).argmax(1) == parts["test"].truth
    assert f"<strong>{100 * right.mean():.1f}%</strong>" in page
    assert f"{(~right).sum()} of {len(right)} held-out rows are wrong" in page
    frequent = np.bincount(parts["training"].truth).argmax()
    ratio = (parts["test"].truth != frequent).mean() / (~right).mean()
    assert f"{ratio:.0f} times fewer errors than always guessing" in page


def test_a_loaded_model_gives_the_same_sections(digits, tmp_path, page):
    model, _, parts = digits
    model.save(tmp_path / "d.safetensors")
    loaded = lw.load(tmp_path / "d.safetensors")
    again = build_report(
        loaded, parts["test"], training=parts["training"], validation=parts["validation"],
        picture_shape=(8, 8), source="digits",
    )  # fmt: skip
    assert Page(again).ids == Page(page).ids
    found = re.search(r"<strong>([^<]*)</strong>", page)[1]
    assert f"<strong>{found}</strong>" in again
    # Its file does not say how layers begin; the layers found in the graph do.
    assert "same network, untrained" in again


def test_without_rows_the_page_says_what_is_left_out(digits):
    model, _, _ = digits
    text = build_report(model, notes=["Something to know."])
    found = Page(text)
    assert "No result on held-out rows" in text
    assert "left-out" in found.ids
    assert "classes" not in found.ids
    assert "learning" in found.ids
    assert "Something to know." in text
    remembered = copy.copy(model)
    remembered.summary = {**model.summary, "test": {"rows": 100, "accuracy": 0.9}}
    text = build_report(remembered)
    assert "<strong>90.0%</strong>" in text
    assert "82.6% to 94.5%" in text


def test_a_run_alone_is_enough(numbers):
    x, y = rows(1, 60)
    text = build_report(numbers, (x, y))
    found = Page(text)
    assert found.open == []
    assert {"errors", "columns", "learning", "inside", "layers"} <= set(found.ids)
    data_ = collect(numbers, (x, y))
    predicted = np.asarray(numbers.net(x))[:, 0]
    assert data_.regression.rmse == pytest.approx(np.sqrt(np.mean((predicted - y) ** 2)), rel=1e-5)
    assert sum(s.rows for s in data_.regression.by_prediction) == 60
    assert data_.regression.counts.sum() == 60
    assert data_.outcome.guess_error > data_.outcome.error
    assert "smaller error (RMSE) than always answering the mean" in text


def test_names_from_files_are_never_markup(tmp_path):
    random = np.random.default_rng(0)
    number = random.normal(size=120)
    word = random.choice([EVIL, "</style>"], 120)
    y = np.where(number + 0.3 * random.normal(size=120) > 0, EVIL, "b & c")
    rows_ = {EVIL: number, "word": word}
    model = lw.Classifier(preset="fast", random_state=0).fit(rows_, y)
    text = build_report(model, (rows_, y), title=EVIL, source=EVIL, notes=[EVIL])
    found = Page(text)
    assert EVIL not in text
    assert found.open == []
    assert found.scripts == []  # no drawing here, so no script at all
    assert EVIL in "".join(found.text)


def test_names_from_files_cannot_end_the_script(digits):
    model, run, parts = digits
    names = ("</script><b>", *map(str, range(1, 10)))
    evil = lw.Model(model.net, run=run, classes=names, preprocess=model.preprocess)
    text = build_report(evil, parts["test"], picture_shape=(8, 8))
    found = Page(text)
    assert found.open == []
    assert found.scripts == ["application/json", None, None]
    inside = re.search(r'id="player-data">(.*?)</script>', text, re.DOTALL)[1]
    assert json.loads(inside)["classes"][0] == names[0]


def test_findings_are_shown_with_sign_word_and_remedy(digits):
    model, _, _ = digits
    remedy = Remedy("Lower the rate.", "--lr 0.001", "learning_rate=0.001")
    found = Diagnosis(
        [
            Finding("a", "error", "It blew up", "loss 1e9", "too large steps", remedy, "relu"),
            Finding("b", "note", EVIL, "seen", "why", None, "losses", layer="1", epoch=3),
        ]
    )
    for given in (found, found.as_dicts()):
        text = build_report(model, diagnosis=given)
        card = text[text.index('class="finding error"') :]
        for wanted in ('<span class="level">error</span> It blew up', "--lr 0.001", "loss 1e9",
                       "learning_rate=0.001", "relu.md"):  # fmt: skip
            assert wanted in card
        assert "layer 1, epoch 3" in text
        assert EVIL not in text
        assert "It blew up, and" in text or "Diagnosis:</b> It blew up" in text


def test_mistakes_of_tables_show_the_columns_that_matter():
    random = np.random.default_rng(1)
    table = {"useful": random.normal(size=200), "idle": random.normal(size=200)}
    y = np.where(table["useful"] + 0.8 * random.normal(size=200) > 0, "yes", "no")
    model = lw.Classifier(preset="fast", random_state=0)
    train = {name: values[:120] for name, values in table.items()}
    test = {name: values[120:] for name, values in table.items()}
    model.fit(train, y[:120])
    found = collect(model, (test, y[120:]))
    assert found.columns.importance.columns[0].column == "useful"
    assert found.classification.mistakes == int((model.predict(test) != y[120:]).sum())
    text = build_report(model, (test, y[120:]))
    assert "The worst mistakes" in text
    worst = found.classification.worst[0]
    assert f'<th scope="row" class="words">{worst.place}</th>' in text


def test_a_temperature_needs_validation_rows(digits):
    model, _, parts = digits
    without = collect(model, parts["test"])
    assert without.classification.calibration.temperature is None
    with_them = collect(model, parts["test"], validation=parts["validation"])
    assert with_them.classification.calibration.temperature > 0
    assert with_them.classification.calibration.error_after < 0.2


def test_wrong_arguments_say_what_was_expected(digits, tmp_path):
    model, _, parts = digits
    images = parts["test"].inputs
    with pytest.raises(OptionError, match=r"\.html"):
        write_report(tmp_path / "a.txt", model)
    with pytest.raises(OptionError, match="no folder"):
        write_report(tmp_path / "b" / "a.html", model)
    with pytest.raises(OptionError, match="held_out: expected rows and their answers"):
        build_report(model, images)
    with pytest.raises(DataError, match="held_out: expected an answer for each of 449 rows, got 5"):
        build_report(model, (images, parts["test"].truth[:5]))
    with pytest.raises(DataError, match="at least one row"):
        build_report(model, (images[:0], parts["test"].truth[:0]))
    with pytest.raises(OptionError, match="height"):
        build_report(model, parts["test"], picture_shape=(8, 7))
    with pytest.raises(OptionError, match="picture_shape"):
        build_report(model, picture_shape=(0, 8))
    with pytest.raises(TypeError, match="expected a layerwise"):
        build_report("model")
    assert list(tmp_path.iterdir()) == []


def test_a_page_is_written_whole(digits, tmp_path):
    path = write_report(tmp_path / "page.html", digits[0])
    assert path.read_text(encoding="utf-8").endswith("</html>")
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]


def test_pictures_of_two_axes_need_no_shape():
    images, labels = data.load_digits()
    images = (images[:300] / 16).reshape(-1, 8, 8)
    with lw.nn.seed(0):
        net = lw.nn.Sequential(lw.nn.Flatten(), lw.nn.Linear(64, 10))
    run = lw.train(net, (images[:200], labels[:200]), epochs=2)
    found = collect(run, (images[200:], labels[200:300]))
    assert found.task.pictures == (8, 8)
    assert found.player is not None
    assert found.columns is None
