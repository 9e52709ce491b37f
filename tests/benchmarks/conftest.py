"""The repository's folder `benchmarks` is imported from its root, not from this folder's parent."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
