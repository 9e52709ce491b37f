"""Run the guide's pages: their code makes their pictures and their printouts.

    python docs/guide/make_pictures.py               every page: write its pictures
    python docs/guide/make_pictures.py dropout relu  these pages only
    python docs/guide/make_pictures.py --printouts   write the printouts into the pages as well

A page's blocks of Python run in order in one namespace, and its blocks of sh between them, in a
folder with a folder `pictures`. The block of text after such a block is what it prints. Opened with
```text, it is always the same; with ```text within 30%, its numbers come from a training, whose
last digits differ from machine to machine.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import layerwise

HERE = Path(__file__).parent
PAGES = sorted(page for page in HERE.glob("*.md") if page.name != "README.md")

_BLOCK = re.compile(
    r"^```(?P<language>python|sh)\n(?P<code>.*?)^```\n"
    r"(?:\s*^```text(?: within (?P<percent>\d+)%)?\n(?P<text>.*?)^```$)?",
    re.DOTALL | re.MULTILINE,
)
_NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.(\d+))?(?:e[+-]?\d+)?")


@dataclass(frozen=True)
class Block:
    """A block of code in a page, with what it is said to print.

    Attributes
    ----------
    language : python or sh.
    code : what it says.
    line : where it begins in the page.
    text : what the page says it prints; None if the page does not say.
    tolerance : by what part of themselves the numbers in the text may differ.
    span : where the text stands in the page.
    """

    language: str
    code: str
    line: int
    text: str | None
    tolerance: float
    span: tuple[int, int]


def blocks(page: Path) -> list[Block]:
    """The blocks of code of a page, in order."""
    content = page.read_text(encoding="utf-8")
    return [
        Block(
            language=found["language"],
            code=found["code"],
            line=content.count("\n", 0, found.start("code")) + 1,
            text=found["text"],
            tolerance=int(found["percent"] or 0) / 100,
            span=found.span("text"),
        )
        for found in _BLOCK.finditer(content)
    ]


def run(page: Path, folder: Path) -> Iterator[tuple[Block, str]]:
    """Run a page in a folder; gives each block with what it printed."""
    namespace: dict[str, Any] = {"__name__": f"guide.{page.stem}"}
    (folder / "pictures").mkdir(exist_ok=True)
    before = Path.cwd()
    os.chdir(folder)
    try:
        for block in blocks(page):
            if block.language == "sh":
                yield block, run_shell(block, page)
                continue
            printed = io.StringIO()
            # Empty lines before it make a traceback name the line of the page.
            code = compile("\n" * (block.line - 1) + block.code, str(page), "exec")
            with contextlib.redirect_stdout(printed):
                exec(code, namespace)
            yield block, printed.getvalue()
    finally:
        os.chdir(before)


def run_shell(block: Block, page: Path) -> str:
    """Run commands, of which `layerwise` is the one of this Python; gives what they print."""
    source = str(Path(layerwise.__file__).parents[1])
    done = subprocess.run(
        ["sh", "-ec", f'layerwise() {{ "$PYTHON" -m layerwise "$@"; }}\n{block.code}'],
        env={**os.environ, "PYTHON": sys.executable, "PYTHONPATH": source, "COLUMNS": "100"},
        capture_output=True,
        encoding="utf-8",
    )
    if done.returncode:
        raise RuntimeError(f"{page.name}, line {block.line}: {done.stdout}{done.stderr}")
    return done.stdout


def same(expected: str, printed: str, tolerance: float = 0.0) -> bool:
    """Whether a printout is as expected.

    Without tolerance, character by character. With one, the words are the same, and each number is
    within that part of the expected one, or within one unit of its last digit.
    """
    if not tolerance:
        return expected.strip("\n") == printed.strip("\n")
    words = [_NUMBER.sub(" ", text).split() for text in (expected, printed)]
    pairs = [list(_NUMBER.finditer(text)) for text in (expected, printed)]
    if words[0] != words[1] or len(pairs[0]) != len(pairs[1]):
        return False
    for want, have in zip(*pairs, strict=True):
        a, b = (float(found[0].replace(",", "")) for found in (want, have))
        unit = 10.0 ** -len(want[1] or "")
        if not math.isclose(a, b, rel_tol=tolerance, abs_tol=1.001 * unit):
            return False
    return True


def write_printouts(page: Path, found: list[tuple[Block, str]]) -> None:
    """Put what the blocks printed where the page says what they print."""
    content = page.read_text(encoding="utf-8")
    for block, printed in reversed(found):
        if block.text is not None:
            start, end = block.span
            content = content[:start] + printed.rstrip("\n") + "\n" + content[end:]
    page.write_text(content, encoding="utf-8")


def make_small(picture: Path) -> None:
    """Keep the 256 colours that matter most: a third of the size, and no difference to be seen."""
    from PIL import Image

    with Image.open(picture) as image:
        reduced = image.convert("RGB").quantize(
            256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
        )
    reduced.save(picture, optimize=True)


def main() -> None:
    """Run the pages that are named, or all."""
    parser = argparse.ArgumentParser(description="Run the guide's pages and write their pictures.")
    parser.add_argument("pages", nargs="*", help="names of pages; all by default")
    parser.add_argument("--printouts", action="store_true", help="write the printouts too")
    chosen = parser.parse_args()
    for page in PAGES:
        if chosen.pages and page.stem not in chosen.pages:
            continue
        with tempfile.TemporaryDirectory() as folder:  # pages write tables and models too
            found = list(run(page, Path(folder)))
            for picture in Path(folder, "pictures").iterdir():
                make_small(picture)
                shutil.copyfile(picture, HERE / "pictures" / picture.name)
        if chosen.printouts:
            write_printouts(page, found)
        print(page.name)


if __name__ == "__main__":
    main()
