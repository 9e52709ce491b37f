"""`layerwise words`: its help and its options; the work is in `cli.words`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import nothing_half_done
from .shared import Json


def words(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Word vectors: GloVe text, word2vec text or binary, fastText .vec, also with .gz.",
        ),
    ],
    nearest: Annotated[
        list[str] | None,
        typer.Option(metavar="WORD", help="Show the words like this one; may be repeated."),
    ] = None,
    analogy: Annotated[
        tuple[str, str, str] | None,
        typer.Option(metavar="A B C", help="A is to B as C is to what?"),
    ] = None,
    count: Annotated[int, typer.Option(help="Words of each answer.")] = 10,
    picture: Annotated[
        Path | None,
        typer.Option("--map", metavar="FILE", help="Draw a map: .png, .svg or .pdf."),
    ] = None,
    drawn: Annotated[
        str | None,
        typer.Option(
            "--words",
            metavar="A,B",
            help="The words on the map.",
            show_default="those of the answers, else the first 100",
        ),
    ] = None,
    method: Annotated[str, typer.Option(help="Of the map: pca or tsne.")] = "pca",
    similarity: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Measure on pairs of words with people's scores."),
    ] = None,
    questions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Measure on analogies, as in questions-words.txt."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(metavar="WORDS", help="Read the first so many words only.")
    ] = None,
    any_case: Annotated[
        bool, typer.Option("--any-case", help="Look for unknown words in other cases too.")
    ] = False,
    errors: Annotated[
        str, typer.Option(help="For words that are not UTF-8: strict, replace or skip.")
    ] = "strict",
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Save the vectors in another format; .gz packs them."),
    ] = None,
    format: Annotated[
        str, typer.Option(help="Of --out: word2vec, word2vec-binary, glove or fasttext.")
    ] = "word2vec",
    json: Json = False,
) -> None:
    """Look words up in a file of word vectors: neighbours, analogies, a map, measures."""
    with nothing_half_done():
        from ..words import Asked, run_words

        asked = Asked(
            nearest or [], analogy, count, picture, drawn, method, similarity, questions, limit,
            any_case, errors, out, format, json,
        )  # fmt: skip
        run_words(file, asked)
