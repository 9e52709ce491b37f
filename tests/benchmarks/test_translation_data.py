"""The sentence pairs that benchmarks and tests make or read from installed packages."""

import datetime

import pytest

from benchmarks.translation.dates import divide, make_dates, says_which
from benchmarks.translation.django_pairs import read_django_pairs
from layerwise.data import read_pairs


@pytest.fixture(scope="module")
def dates():
    pytest.importorskip("babel")
    return make_dates(3000, seed=1)


def test_dates_are_different_and_the_same_for_a_seed(dates):
    assert len(dates) == len({pair.text for pair in dates}) == 3000
    assert make_dates(200, seed=1) == make_dates(200, seed=1) != make_dates(200, seed=2)
    assert len({pair.locale for pair in dates}) > 20
    assert len({pair.style for pair in dates}) == 15


def test_dates_are_right(dates):
    """Where the text has numbers only, or English names, Python can read it too."""
    read = 0
    for pair in dates:
        date = datetime.date.fromisoformat(pair.iso)
        assert str(date.year) in pair.text
        if pair.style in ("yyyy-MM-dd", "yyyy/MM/dd", "yyyyMMdd", "dd.MM.yyyy"):
            form = {"y": "%Y-%m-%d", "d": "%d.%m.%Y"}[pair.style[0]]
            form = form.replace("-", "/" if "/" in pair.style else "-" if "-" in pair.style else "")
        elif pair.locale == "en_US" and pair.style == "MMMM d, yyyy":
            form = "%B %d, %Y"
        elif pair.locale == "en_US" and pair.style == "full":
            form = "%A, %B %d, %Y"
        else:
            continue
        assert datetime.datetime.strptime(pair.text.title(), form).date() == date
        read += 1
    assert read > 300


@pytest.mark.parametrize(
    ("text", "clear"),
    [
        ("03/04/2005", False), ("3-4-2005", False), ("3. Mai 05", False), ("5/6/07", False),
        ("2005-04-03", True), ("2005/4/3", True), ("03.04.2005", True), ("3. 4. 2005", True),
        ("20050403", True), ("3 May 2005", True), ("2005年4月3日", True),
    ],
)  # fmt: skip
def test_texts_that_do_not_say_which_date(text, clear):
    assert says_which(text) == clear


def test_held_out_days_are_never_learned_from(dates):
    learned, held_out = divide(dates, 0.2)
    assert not {pair.iso for pair in learned} & {pair.iso for pair in held_out}
    assert sorted([*learned, *held_out]) == sorted(dates)
    assert 0.15 < len(held_out) / len(dates) < 0.25


def test_django_speaks_french(tmp_path):
    pytest.importorskip("django")
    pairs = read_django_pairs("fr")
    assert len(pairs) > 300
    assert len(dict(pairs)) == len(pairs)
    assert ("September", "septembre") in pairs
    for source, target in pairs:
        assert source
        assert target
        assert not set("%{}<>") & set(source + target)
    assert all(3 <= len(s.split()) <= 5 for s, _ in read_django_pairs("fr", 3, 5))
    path = tmp_path / "pairs.tsv"
    path.write_text("".join(f"{s}\t{t}\n" for s, t in pairs), encoding="utf-8")
    assert list(read_pairs(path, header=False)) == pairs
    with pytest.raises(ValueError, match=r"no catalogue of the language 'tlh'; it has .*fr"):
        read_django_pairs("tlh")


def test_catalogues_as_text(tmp_path):
    pytest.importorskip("babel")
    folder = tmp_path / "conf" / "locale" / "xx" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    entries = [
        ("Hello", "Hei"), ("%d left", "%d"), ("Name: {name}", "x {name}"), ("Not done", ""),
        (" spaces ", " x "), ("Hello", "again"),
    ]  # fmt: skip
    text = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'
    for place, (source, target) in enumerate(entries):
        text += f'\nmsgctxt "{place}"\nmsgid "{source}"\nmsgstr "{target}"\n'
    text += '\n#, fuzzy\nmsgid "Doubtful"\nmsgstr "Y"\n'
    (folder / "django.po").write_text(text)
    assert read_django_pairs("xx", package=tmp_path) == [("Hello", "Hei"), ("spaces", "x")]
