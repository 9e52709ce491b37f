"""`layerwise words`: what a file of word vectors knows of words."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import words
from ..errors import OptionError
from ..insight.drawing.files import check_suffix
from ..words import Neighbour, WordVectors
from .choices import choose
from .files import check_writable
from .plain_json import print_json
from .screen import Screen

METHODS = ("pca", "tsne")
FORMATS = ("word2vec", "word2vec_binary", "glove", "fasttext")
FIRST = 12

WIDE = 72
"""Columns of a terminal in which the result of a section of questions is one line."""


@dataclass(frozen=True)
class Asked:
    """What is asked of the vectors; see `layerwise words --help`."""

    nearest: list[str]
    analogy: tuple[str, str, str] | None = None
    count: int = 10
    picture: Path | None = None
    words: str | None = None
    method: str = "pca"
    similarity: Path | None = None
    questions: Path | None = None
    limit: int | None = None
    any_case: bool = False
    errors: str = "strict"
    out: Path | None = None
    format: str = "word2vec"
    as_json: bool = False


def run_words(file: Path, asked: Asked) -> None:
    """Do the command."""
    if file.suffix.lower() == ".safetensors":
        raise OptionError(
            f"{file} looks like a saved model, and words reads files of word vectors, such as "
            "glove.6B.50d.txt; what is in a model is shown by `layerwise show`"
        )
    method: Any = choose("--method", asked.method, METHODS)
    form: Any = choose("--format", asked.format, FORMATS).replace("_", "-")
    if asked.count < 1:
        raise OptionError(f"--count: expected 1 or more, got {asked.count}")
    if asked.words is not None and asked.picture is None:
        raise OptionError("--words says what to draw; name the picture with --map FILE.png")
    if asked.picture is not None:
        check_suffix(asked.picture)
        check_writable(asked.picture, "--map")
    if asked.out is not None:
        check_writable(asked.out)
    with Screen(quiet=asked.as_json) as screen:
        vectors = _load(screen, file, asked)
        found = _answers(vectors, asked)
        if asked.picture is not None:
            vectors.plot_map(_drawn(vectors, asked), asked.picture, method)
        if asked.out is not None:
            vectors.save(asked.out, form)
        if asked.as_json:
            print_json({"file": str(file), **found})
            return
        _show(screen, vectors, found, asked)


def _load(screen: Screen, file: Path, asked: Asked) -> WordVectors:
    def progress(done: int, size: int) -> None:
        filled = round(20 * done / size) if size else 20
        bar = "[" + "#" * filled + "." * (20 - filled) + "]"
        screen.live(f"reading {file.name}  {bar}  {done / 1e6:,.0f} of {size / 1e6:,.0f} MB")

    errors: Any = asked.errors
    vectors = words.load(
        file, limit=asked.limit, any_case=asked.any_case, errors=errors, progress=progress
    )
    screen.end_live()
    return vectors


def _answers(vectors: WordVectors, asked: Asked) -> dict[str, Any]:
    """All that was asked for, as plain data."""
    found: dict[str, Any] = {
        "words": len(vectors),
        "dimension": vectors.dimension,
        "notes": list(vectors.notes),
    }
    if asked.nearest:
        found["nearest"] = {
            word: _plain(vectors.nearest(word, asked.count)) for word in asked.nearest
        }
    if asked.analogy is not None:
        found["analogy"] = {
            "question": list(asked.analogy),
            "answers": _plain(vectors.analogy(*asked.analogy, asked.count)),
        }
    if asked.similarity is not None:
        score = vectors.evaluate_similarity(asked.similarity)
        found["similarity"] = {
            "spearman": score.spearman,
            "pairs": score.pairs,
            "unknown": score.unknown,
        }
    if asked.questions is not None:
        answers = vectors.evaluate_analogies(asked.questions)
        parts = [*answers.sections, answers.semantic, answers.syntactic, answers.total]
        found["questions"] = [
            {
                "section": part.name,
                "accuracy": part.accuracy if part.asked else None,
                "right": part.right,
                "asked": part.asked,
                "unknown": part.unknown,
            }
            for part in parts
        ]
    return found


def _plain(neighbours: list[Neighbour]) -> list[dict[str, Any]]:
    return [{"word": each.word, "similarity": round(each.similarity, 4)} for each in neighbours]


def _drawn(vectors: WordVectors, asked: Asked) -> list[str] | None:
    """The words of the map: those named, else those asked for with their neighbours, else None."""
    if asked.words is not None:
        return [word for word in (each.strip() for each in asked.words.split(",")) if word]
    chosen = list(asked.analogy or ())
    for word in asked.nearest:
        chosen += [word, *(each.word for each in vectors.nearest(word, asked.count))]
    if asked.analogy is not None:
        chosen.append(vectors.analogy(*asked.analogy, 1)[0].word)
    return chosen or None


def _show(screen: Screen, vectors: WordVectors, found: dict[str, Any], asked: Asked) -> None:
    screen.line(f"{len(vectors):,} words, {vectors.dimension} numbers each", "bold")
    for note in vectors.notes:
        screen.say(f"note: {note}")
    for word, neighbours in found.get("nearest", {}).items():
        screen.line()
        screen.line(f"nearest to {word}", "bold")
        _show_words(screen, neighbours)
    if asked.analogy is not None:
        a, b, c = asked.analogy
        screen.line()
        screen.line(f"{a} is to {b} as {c} is to", "bold")
        _show_words(screen, found["analogy"]["answers"])
    if "similarity" in found:
        score = found["similarity"]
        screen.line()
        screen.say(
            f"similarity: rank correlation {score['spearman']:.3f} over {score['pairs']:,} pairs, "
            f"{score['unknown']:,} more with unknown words"
        )
    if "questions" in found:
        screen.line()
        for part in found["questions"]:
            share = "-" if part["accuracy"] is None else f"{part['accuracy']:.1%}"
            counts = f"{part['right']:,} of {part['asked']:,}, {part['unknown']:,} unknown"
            # The longest names of sections in the common file of questions have 27 characters.
            name = textwrap.shorten(part["section"], 28, placeholder="...")
            if screen.width < WIDE:
                screen.line(f"  {name:<28}{share:>7}")
                screen.line(f"    {counts}")
            else:
                screen.line(f"  {name:<28}{share:>7}  {counts}")
    if not any(key in found for key in ("nearest", "analogy", "similarity", "questions")):
        screen.say(f"the first are {', '.join(vectors.words[:FIRST])}")
    for name, path in (("map", asked.picture), ("saved", asked.out)):
        if path is not None:
            screen.line(f"{name}: {path}")


def _show_words(screen: Screen, neighbours: list[dict[str, Any]]) -> None:
    for each in neighbours:
        screen.line(f"  {each['similarity']:7.4f}  {each['word']}")
