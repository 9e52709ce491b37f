"""What peers need to know, in a folder that both sides see."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.turns import ROOT
from layerwise.translation import TranslationTransformer


@contextmanager
def told(setup: Mapping[str, Any], rows: Mapping[str, Any]) -> Iterator[str]:
    """A folder with `setup.json` and `rows.npz`, for as long as it is needed."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "setup.json").write_text(json.dumps(setup))
        np.savez(Path(folder, "rows.npz"), **rows)
        yield folder


def ask_torch(python: str, what: str, setup: Mapping[str, Any], rows: Mapping[str, Any]) -> Any:
    """The answer of PyTorch, by another interpreter: of "train", "decode" or "translate"."""
    with told(setup, rows) as folder:
        done = subprocess.run(
            [python, "-m", "benchmarks.translation.peer_torch", folder, what],
            stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT,
        )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def as_torch(net: TranslationTransformer) -> dict[str, np.ndarray]:
    """The weights by PyTorch's names."""
    found = {}
    for name, value in net.state_dict().items():
        first, _, rest = name.partition(".")
        if first == "target_embedding":
            found |= {f"target.{rest}": value, f"source.{rest}": value}
        else:
            found[f"transformer.{name}"] = value
    return found
