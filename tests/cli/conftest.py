import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from layerwise.cli.main import main

SOURCE = Path(__file__).parents[2] / "src"

QUICK = ("--hidden", "16", "--epochs", "2", "--batch-size", "128")
"""A training that takes a moment."""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def command(folder, capsys):
    """Run the command in this process; gives exit code, standard output and standard error."""

    def run(*arguments):
        code = main([str(a) for a in arguments])
        out = capsys.readouterr()
        return code, out.out, out.err

    return run


@pytest.fixture
def environment(tmp_path):
    """Variables of a process without a terminal."""
    kept = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")}
    return {**kept, "PYTHONPATH": str(SOURCE)}


@pytest.fixture
def process(folder, environment):
    """Start the command as a process of its own; it ends with the test at the latest."""
    started = []

    def start(*arguments, **variables):
        running = subprocess.Popen(
            [sys.executable, "-m", "layerwise.cli.main", *map(str, arguments)],
            cwd=folder,
            env={**environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(running)
        return running

    yield start
    for running in started:
        running.kill()
        running.communicate()


@pytest.fixture
def trained(command):
    """A model trained in a moment, and what the command said about it."""
    code, out, _ = command("train", "digits", *QUICK, "--json")
    assert code == 0
    return json.loads(out)
