"""Reading word vectors from a file of any of the common formats."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from ..errors import DataError, OptionError, unknown
from .binary_format import map_binary, read_binary
from .opening import Opened, Report
from .recognise import recognise
from .text_format import Errors, read_text
from .vectors import WordVectors


def load(
    path: str | Path,
    *,
    only: Iterable[str] | None = None,
    limit: int | None = None,
    errors: Errors = "strict",
    any_case: bool = False,
    memory_map: bool = False,
    progress: Report | None = None,
) -> WordVectors:
    """Read word vectors from a file.

    The format is told by the content of the file, never by its name: GloVe text (no header),
    word2vec text and fastText's .vec (a header with the number of words and of their numbers), or
    word2vec binary; each may be packed by gzip. The file is read in blocks, so that beside the
    vectors that are kept little memory is needed.

    Parameters
    ----------
    path : the file.
    only : the words that are needed, such as a `Vocabulary`; all others are passed over. Reading
        ends when all are found.
    limit : the number of words to read, the first of the file; files have the most frequent words
        first. The header's number is not checked then.
    errors : what to do with a word that is not text in UTF-8: "strict" raises, "replace" puts
        U+FFFD for what cannot be read, "skip" leaves the word out; a note counts them.
    any_case : whether a word that is unknown is looked for in lower case, with a capital, and in
        capitals; see `WordVectors.any_case`.
    memory_map : leave the vectors in the file, which must be word2vec binary and not packed; only
        the words and their places are kept. The operating system reads what is looked at.
    progress : called after each block with the bytes that were read and those the file has.

    Returns
    -------
    The words in the order of the file. Of equal words the first counts, and `notes` says how many
    came again.

    Raises
    ------
    DataError : the file is missing, empty, damaged, or of another format. The message has the
        line, or for binary files the number of the word and its byte.
    OptionError : an option with a value that does not exist, or `memory_map` for a file of another
        format.
    """
    if errors not in get_args(Errors):
        raise unknown("errors", errors, get_args(Errors))
    if limit is not None and limit < 1:
        raise OptionError(f"limit: expected 1 or more, or None for all words; got {limit}")
    if isinstance(only, str):
        raise OptionError(f"only: expected several words, got one text, {only[:40]!r}")
    wanted = None if only is None else frozenset(only)
    with Opened(path, progress) as file:
        layout = recognise(file)
        if memory_map:
            if layout.format != "word2vec-binary" or file.packed or wanted is not None or limit:
                what = "packed by gzip" if file.packed else f"in the format {layout.format}"
                raise OptionError(
                    "memory_map: expected a word2vec binary file that is not packed, without "
                    f"only= or limit=; {file.name} is {what}. Load it once without memory_map and "
                    "save it with format='word2vec-binary'"
                )
            words, mapped, repeated = map_binary(path, layout, progress, errors)
            again = f"{repeated:,} of its words had come before; the first of each counts"
            notes = (again,) if repeated else ()
            return WordVectors._of(words, mapped, any_case, notes)
        read = read_binary if layout.format == "word2vec-binary" else read_text
        found = read(file, layout, wanted, limit, errors)
        if wanted is not None and not len(found):
            raise DataError(
                f"none of the {len(wanted):,} words that are wanted is in {file.name}; are they "
                "written alike (lower case, accents), and is it the right language?"
            )
    return WordVectors._of(found.words, found.vectors(), any_case, found.notes())
