"""What a person sees on a terminal: colour, and a live line that is taken away."""

import os
import re
import select
import sys

import pytest

from .conftest import QUICK, SOURCE
from .tables import customers

pty = pytest.importorskip("pty")


def on_a_terminal(folder, *arguments, **variables):
    """Run the command on a terminal of its own; gives everything that it wrote there."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.environ.update(PYTHONPATH=str(SOURCE), TERM="xterm-256color", **variables)
        os.execv(sys.executable, [sys.executable, "-m", "layerwise.cli.main", *arguments])
    seen = b""
    while select.select([terminal], [], [], 120)[0]:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not part:
            break
        seen += part
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, seen.decode()
    return seen.decode()


# Forking a process that has threads is what pytest is told to fear here; the child execs at once.
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*fork.*:RuntimeWarning")
def test_colour_unless_it_is_not_wanted(folder):
    colourful = on_a_terminal(folder, "train", "digits", *QUICK, COLUMNS="60")
    assert re.search("\x1b\\[[0-9;]*m", colourful)
    plain = on_a_terminal(folder, "train", "digits", *QUICK, COLUMNS="60", NO_COLOR="1")
    assert not re.search("\x1b\\[3[0-9]m", plain)
    customers().to_csv(folder / "c.csv", index=False)
    given = ("--target", "churned", "--ensemble", "3", "--epochs", "4")
    table = on_a_terminal(folder, "train", "c.csv", *given, COLUMNS="60")
    assert "member 1 of " in table
    for seen in (colourful, plain, table):
        visible = re.sub("\x1b\\[[0-9;?]*[A-Za-z]", "", seen).replace("\r", "\n")
        assert "test accuracy" in visible
        assert max(map(len, visible.splitlines())) <= 60
