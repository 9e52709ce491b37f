"""The guide is code: every page runs, prints what it says, and makes the pictures that it shows.

All blocks of Python of a page run in order in one namespace, and blocks of sh in between. A block
of text right after a block of code is what that block prints: to the character, unless it is opened
with ``text within 30%``. Then the words are the same and each number is within 30% of the page's,
or within one unit of its last digit, because what comes out of a training differs a little from
machine to machine. After a change, `python docs/guide/make_pictures.py --printouts` writes pictures
and printouts anew; the test marked slow does the same in a copy and checks that pictures stay
small.
"""

import ast
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

import layerwise
from layerwise.doctor.rules import RULES

GUIDE = Path(__file__).parents[2] / "docs" / "guide"

_spec = importlib.util.spec_from_file_location("guide_pages", GUIDE / "make_pictures.py")
guide = importlib.util.module_from_spec(_spec)
sys.modules["guide_pages"] = guide
_spec.loader.exec_module(guide)

LIMIT = 60_000
"""Bytes of a picture."""

CONCEPTS = [
    "layers-find-patterns", "dense-layer", "sigmoid", "relu", "softmax", "gradient-descent",
    "backpropagation", "nonlinear-activations", "one-hot", "normalisation", "losses",
    "cross-entropy-is-likelihood", "log-softmax", "learning-rate", "dropout",
    "vanishing-gradients", "relu-against-vanishing", "learning-rate-decay",
    "word-embeddings", "embeddings-in-a-net", "attention",
]  # fmt: skip
OTHERS = ["doctor", "report", "tables", "from-scikit-learn"]


@pytest.fixture(autouse=True)
def as_a_reader_runs_it(monkeypatch):
    """Without verifying passes, as other tests do: of an unrolled network that takes minutes."""
    monkeypatch.setenv("LAYERWISE_VERIFY", "0")


@pytest.mark.parametrize("page", guide.PAGES, ids=lambda page: page.stem)
def test_a_page_runs_and_prints_what_it_says(page, tmp_path):
    said = 0
    for block, printed in guide.run(page, tmp_path):
        if block.text is None:
            assert not printed, f"{page.name}, line {block.line}: prints, but no text follows"
            continue
        said += 1
        assert guide.same(block.text, printed, block.tolerance), (
            f"{page.name}, line {block.line}: the page says\n{block.text}\nand it prints\n{printed}"
        )
    assert said
    shown = set(re.findall(r"!\[[^\]]+\]\(pictures/([^)]+)\)", page.read_text(encoding="utf-8")))
    assert {picture.name for picture in (tmp_path / "pictures").iterdir()} == shown
    for name in shown:
        assert 0 < (GUIDE / "pictures" / name).stat().st_size < LIMIT


def test_there_is_a_page_for_each_concept_and_the_index_has_all():
    assert {page.stem for page in guide.PAGES} == {*CONCEPTS, *OTHERS}
    index = (GUIDE / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"\]\(([\w-]+)\.md\)", index) == [*CONCEPTS, *OTHERS]


def test_every_finding_has_its_row_and_its_page():
    page = (GUIDE / "doctor.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", page, re.MULTILINE)
    assert [name for name, _ in rows] == [rule.name for rule in RULES]
    for rule, (_, row) in zip(RULES, rows, strict=True):
        assert (GUIDE / f"{rule.guide}.md").exists(), rule.name
        assert f"]({rule.guide}.md)" in row.split("|")[-1], rule.name


def test_every_parameter_of_the_mlps_has_its_counterpart():
    page = (GUIDE / "from-scikit-learn.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[^|]+) \| ([^|]*)\| [^|]*\|$", page, re.MULTILINE)[1:]
    columns = ("".join(cells) for cells in zip(*rows, strict=True))
    theirs, ours = (re.findall(r"`(\w+)(?:=([^`]+))?`", column) for column in columns)
    mlps = {**MLPClassifier().get_params(), **MLPRegressor().get_params()}
    assert {name for name, _ in theirs} == mlps.keys()
    for said, known in ((theirs, mlps), (ours, layerwise.Classifier().get_params())):
        for name, default in said:
            assert name in known
            assert not default or ast.literal_eval(default) == known[name]


@pytest.mark.parametrize("page", [*guide.PAGES, GUIDE / "README.md"], ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert targets
    assert not [target for target in targets if not (page.parent / target).exists()]
    # GitHub opens a formula with $$ on a line of its own.
    assert page.name == "README.md" or text.count("\n$$\n") == 2


def test_every_picture_is_shown():
    text = "".join(page.read_text(encoding="utf-8") for page in guide.PAGES)
    pictures = [picture.name for picture in (GUIDE / "pictures").iterdir()]
    assert not [name for name in pictures if f"pictures/{name}" not in text]


@pytest.mark.parametrize(
    ("expected", "printed", "tolerance", "result"),
    [
        ("a 1.00\n", "a 1.00\n\n", 0.0, True),
        ("a 1.00\n", "a 1.01\n", 0.0, False),
        ("loss 0.50, 97%", "loss 0.55,  98%", 0.2, True),
        ("loss 0.50", "loss 0.70", 0.2, False),
        ("loss 0.50", "cost 0.50", 0.2, False),
        ("0.01 rows 1,078", "0.02 rows 1,079", 0.2, True),
        ("1 of 2", "1 of 2 of 3", 0.2, False),
    ],
)
def test_printouts_are_compared_as_described(expected, printed, tolerance, result):
    assert guide.same(expected, printed, tolerance) is result


@pytest.mark.slow
def test_pictures_and_printouts_can_be_written_anew(tmp_path):
    copy = tmp_path / "guide"
    shutil.copytree(GUIDE, copy, ignore=shutil.ignore_patterns("*.png"))
    command = [sys.executable, str(copy / "make_pictures.py"), "--printouts"]
    subprocess.run(command, check=True, timeout=300, capture_output=True)
    for page in guide.PAGES:
        for old, new in zip(
            guide.blocks(page), guide.blocks(copy / page.name), strict=True
        ):  # fmt: skip
            assert old.code == new.code
            assert old.text is None or guide.same(old.text, new.text, old.tolerance)
    for picture in (GUIDE / "pictures").iterdir():
        assert (copy / "pictures" / picture.name).stat().st_size < LIMIT
