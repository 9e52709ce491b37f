"""The process that one contender runs in: ``python -m benchmarks.step_time.worker NAME``.

It reads a line of JSON from standard input and answers with a line of JSON on the standard output
that it was started with, and sleeps between the two:

- ``{"prepare": "A"}`` builds case A and trains it once untimed;
- ``{"time": "A"}`` trains it again, and answers ``{"microseconds": ...}`` per step.

An answer ``{"unavailable": "the reason"}`` means that this contender cannot run the case here.
"""

import importlib
import json
import os
import sys
import traceback

from benchmarks.step_time.cases import CASES
from benchmarks.step_time.contenders import CONTENDERS, Contender


def answers(contender: Contender, requests):
    try:
        module = importlib.import_module(f"benchmarks.step_time.{contender.module}")
    except ModuleNotFoundError as error:
        for _ in requests:
            yield {"unavailable": f"not installed ({error.name})"}
        return
    current_letter, run = None, None
    for request in requests:
        letter = request.get("prepare") or request["time"]
        try:
            if letter != current_letter:
                run = module.prepare(CASES[letter], **contender.options)
                current_letter = letter
                run()
            yield {"microseconds": run() * 1e6} if "time" in request else {"ready": letter}
        except Exception as error:
            traceback.print_exc()
            first_line = (str(error).splitlines() or [""])[0]
            yield {"unavailable": f"{type(error).__name__}: {first_line}"[:200]}


def main() -> None:
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints must not end up among the replies
    requests = (json.loads(line) for line in sys.stdin)
    for answer in answers(CONTENDERS[sys.argv[1]], requests):
        print(json.dumps(answer), file=replies, flush=True)


if __name__ == "__main__":
    main()
