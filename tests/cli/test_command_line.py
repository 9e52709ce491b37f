import pytest

import layerwise


@pytest.mark.parametrize("command_name", ["train", "predict", "show", None])
def test_help_is_worth_reading(command, command_name):
    code, out, _ = command(*([command_name] if command_name else []), "--help")
    assert code == 0
    assert "Usage: layerwise" in out
    if command_name in ("train", None):
        assert "Examples" in out
        assert "layerwise train digits" in out


def test_version(command):
    assert command("--version") == (0, f"layerwise {layerwise.__version__}\n", "")


def test_an_unknown_command_names_the_nearest(command):
    code, _, err = command("trian")
    assert code == 2
    assert "'train'" in err
