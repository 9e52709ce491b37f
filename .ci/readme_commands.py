"""Print the first two commands of a README, as they stand there.

They are the lines of its first fenced block of shell code.
"""

import re
import sys
from pathlib import Path

text = Path(sys.argv[1]).read_text(encoding="utf-8")
block = re.search(r"^```(?:sh|bash|console)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
commands = [line for line in block[1].splitlines() if line.strip()] if block else []
if len(commands) < 2 or text.index("```") != block.start():
    sys.exit(f"{sys.argv[1]} must begin its code with a shell block of two commands")
print(*commands[:2], sep="\n")
