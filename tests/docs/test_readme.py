"""The README is code: its Python runs as it stands, and its commands are those that CI runs."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_the_python_blocks_run_and_print_what_is_shown(tmp_path):
    code = "\n".join(blocks("python"))
    assert "lw.train(" in code
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    printed = without_numbers(done.stdout)
    shown = re.findall(r"^```text\n(.*?)^```", README.split("## In Python")[1], re.DOTALL | re.M)
    assert len(shown) == 4
    for text in shown:
        for part in text.split("...\n"):
            assert without_numbers(part) in printed, part


def without_numbers(text):
    """Text on one line, as trainings differ in the last digits; lines may be broken."""
    return " ".join(re.sub(r"-?\d[\d.,]*(e[+-]?\d+)?", "#", text).split())


def test_the_first_lines_of_code_are_the_two_commands():
    script = ROOT / ".ci" / "readme_commands.py"
    command = [sys.executable, str(script), str(ROOT / "README.md")]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert out.splitlines() == [
        "pip install . && layerwise train digits",
        "pip install -e '.[test]' && pytest -n auto",
    ]


def test_links_lead_somewhere():
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert targets
    assert not [target for target in targets if not (ROOT / target).exists()]
