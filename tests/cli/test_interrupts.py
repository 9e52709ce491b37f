"""Ctrl-C before there is anything to keep, at moments at which Python loses it."""

import os
import signal
import subprocess
import sys
import time
import weakref

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are different there")

SAID = "layerwise: interrupted before training began; nothing was saved\n"


class Target:
    """What a weak reference points at."""


def interrupt(*_):
    """Send Ctrl-C to this process, and give Python the time to see it."""
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(100):
        time.sleep(0)


def within_a_callback():
    target = Target()
    kept = weakref.ref(target, interrupt)
    del target
    # The interrupt was lost in there; it is to come again.
    for _ in range(500):
        time.sleep(0.01)
    raise AssertionError(f"no interrupt came: {kept}")


def within_an_import(folder, monkeypatch):
    """As C code does it that imports a module: the interrupt becomes another error."""
    (folder / "imports_badly.py").write_text(
        "import os, signal, sys, time\n"
        "try:\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    time.sleep(5)\n"
        "except BaseException as error:\n"
        "    sys.excepthook(type(error), error, error.__traceback__)\n"
        "    raise ImportError('a module failed to import') from None\n"
    )
    monkeypatch.syspath_prepend(folder)
    return lambda: __import__("imports_badly")


@pytest.mark.parametrize("where", ["callback", "import", "data"])
def test_it_arrives_and_shows_no_traceback(command, folder, monkeypatch, capsys, where):
    moments = {
        "callback": within_a_callback,
        "import": within_an_import(folder, monkeypatch),
        "data": interrupt,
    }
    monkeypatch.setattr("layerwise.data.load_digits", moments[where])
    before = signal.getsignal(signal.SIGINT), sys.unraisablehook, sys.excepthook
    assert command("train", "digits") == (130, "", SAID)
    assert before == (signal.getsignal(signal.SIGINT), sys.unraisablehook, sys.excepthook)
    assert not list(folder.glob("*.safetensors"))


def test_it_arrives_before_a_command_has_begun(command, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("layerwise.cli.commands.train.nothing_half_done", interrupted)
    assert command("train", "digits") == (130, "", SAID)
    monkeypatch.setattr("layerwise.cli.commands.show.nothing_half_done", interrupted)
    assert command("show", "x.safetensors") == (
        130,
        "",
        "layerwise: stopped; nothing was written\n",
    )


def test_other_errors_are_shown_as_ever(command, monkeypatch):
    def broken():
        raise ZeroDivisionError

    monkeypatch.setattr("layerwise.data.load_digits", broken)
    with pytest.raises(ZeroDivisionError):
        command("train", "digits")


def test_while_compiling(process, folder):
    running = process("train", "digits", "--hidden", "512", "--epochs", "100000", "--no-doctor")
    for line in running.stdout:
        if "val.loss" in line:
            break
    running.send_signal(signal.SIGINT)
    try:
        _, err = running.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        pytest.fail("it goes on")
    assert running.returncode == 130
    assert "Traceback" not in err
    assert err == SAID or (folder / "digits.safetensors").exists()


def test_a_table_without_a_single_epoch_is_not_saved(command, folder, monkeypatch):
    (folder / "t.csv").write_text("a,b\n" + "".join(f"{i},{i % 2}\n" for i in range(60)))
    monkeypatch.setattr("layerwise.cli.table.fitting.fit", interrupt)
    monkeypatch.setattr("layerwise.cli.table.train.fit", interrupt)
    code, _, err = command("train", "t.csv", "--target", "b")
    assert code == 130
    assert err == "layerwise: interrupted before the first epoch had ended; nothing was saved\n"
    assert not list(folder.glob("*.safetensors"))
