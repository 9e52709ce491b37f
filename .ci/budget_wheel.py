"""The wheel must stay small: it is Python text, nothing else."""

import subprocess
import sys
import tempfile
from pathlib import Path

LIMIT = 1_200_000

with tempfile.TemporaryDirectory() as folder:
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, "."]
    subprocess.run(build, check=True)
    (wheel,) = Path(folder).glob("*.whl")
    size = wheel.stat().st_size
print(f"{wheel.name}: {size / 1000:.0f} kB")
if size > LIMIT:
    sys.exit(f"the wheel must stay under {LIMIT / 1000:.0f} kB")
