"""English messages and their translations, from the catalogues of the installed Django package.

    python -m benchmarks.translation.django_pairs OUT.tsv --language fr
    python -m benchmarks.translation.django_pairs OUT.tsv --language de --catalogues FOLDER

With a folder, the catalogues of other programs: all that lie below it as LANGUAGE/LC_MESSAGES/*.mo,
such as in Debian packages that `apt-get download` has fetched and `dpkg-deb -x` has unpacked.

The catalogues (.mo, or .po where only that is there) are read where pip has put them; nothing of
Django is imported, and nothing is copied into the project.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

# What a program fills in, and markup: neither is language.
_CODES = re.compile(r"%[(\w%#0 .+-]|[{}<>\\]|&\w+;|https?:|\n")


def read_django_pairs(
    language: str, shortest: int = 1, longest: int = 25, package: Path | None = None
) -> list[tuple[str, str]]:
    """Messages and their translations, each message once, in the order of the catalogues.

    Left out are messages with format codes or markup, with plural forms, those that are not
    translated, and translations that are marked as doubtful.

    Parameters
    ----------
    language : as Django names it: fr, de, pt_BR, zh_Hans.
    shortest, longest : words of a message and of its translation, divided by spaces.
    package : the folder of the package; that of the installed Django if None.

    Raises
    ------
    ValueError : Django is not installed, or has no catalogue of the language.
    """
    folder = package or installed_django()
    catalogues = list(_catalogues(folder, language))
    if not catalogues:
        raise ValueError(
            f"{folder} has no catalogue of the language '{language}'; it has "
            f"{', '.join(sorted(languages(folder)))}"
        )
    return read_catalogues(catalogues, shortest, longest)


def read_catalogues(paths: Iterable[Path], shortest: int, longest: int) -> list[tuple[str, str]]:
    """Messages and translations of some .mo or .po files; see `read_django_pairs`."""
    found: dict[str, str] = {}
    for path in paths:
        for message in _messages(path):
            source, target = message.id, message.string
            if not isinstance(source, str) or not isinstance(target, str) or message.fuzzy:
                continue
            # A tab would divide the columns of the file of pairs.
            source, target = (" ".join(side.split()) for side in (source, target))
            fits = all(shortest <= len(side.split()) <= longest for side in (source, target))
            if source and target and fits and not (_CODES.search(source) or _CODES.search(target)):
                found.setdefault(source, target)
    return list(found.items())


def installed_django() -> Path:
    """The folder of the installed Django."""
    spec = importlib.util.find_spec("django")
    if spec is None or not spec.submodule_search_locations:
        raise ValueError("Django is not installed here: pip install django")
    return Path(spec.submodule_search_locations[0])


def languages(folder: Path) -> set[str]:
    """The languages that have a catalogue."""
    return {path.parents[1].name for path in folder.glob("conf/locale/*/LC_MESSAGES/django.*o")}


def _catalogues(folder: Path, language: str) -> Iterator[Path]:
    """Django's own, then those of its applications; one file of each catalogue."""
    places = [folder / "conf" / "locale", *sorted(folder.glob("contrib/*/locale"))]
    for place in places:
        for name in ("django", "djangojs"):
            for suffix in (".mo", ".po"):
                path = place / language / "LC_MESSAGES" / f"{name}{suffix}"
                if path.exists():
                    yield path
                    break


def _messages(path: Path) -> Iterator[Any]:
    from babel.messages.mofile import read_mo
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        yield from read_po(file) if path.suffix == ".po" else read_mo(file)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--language", default="fr")
    parser.add_argument("--catalogues", type=Path, help="a folder, rather than Django's")
    parser.add_argument("--shortest", type=int, default=1, help="words, at least")
    parser.add_argument("--longest", type=int, default=25, help="words, at most")
    given = parser.parse_args()
    if given.catalogues:
        paths = sorted(given.catalogues.glob(f"**/{given.language}/LC_MESSAGES/*.mo"))
        pairs = read_catalogues(paths, given.shortest, given.longest)
    else:
        pairs = read_django_pairs(given.language, given.shortest, given.longest)
    lines = ["source\ttarget", *("\t".join(pair) for pair in pairs)]
    given.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(pairs):,} pairs in {given.out}")


if __name__ == "__main__":
    main()
