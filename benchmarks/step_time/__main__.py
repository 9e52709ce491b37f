"""Time the contenders turn by turn and print one table per case."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.step_time.cases import CASES, Case
from benchmarks.step_time.contenders import CONTENDERS, OURS, Contender

# Long enough for the threads of the previous contender to stop spinning and fall asleep.
PAUSE_SECONDS = 0.1


class Worker:
    """A contender's process, idle until it is asked."""

    def __init__(self, contender: Contender, errors):
        self.contender = contender
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.step_time.worker", contender.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **contender.environment},
        )

    def ask(self, request: dict) -> dict:
        """Send one request and wait for its answer."""
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError):
            return {"unavailable": "its process ended"}

    def close(self) -> None:
        """Let the process end by itself."""
        self.process.stdin.close()
        self.process.wait()


def time_case(case: Case, workers: list[Worker], repeats: int) -> dict[str, dict]:
    """Return the times in microseconds per step, or why there are none, for each contender."""
    results: dict[str, dict] = {}
    waiting = []
    for worker in workers:
        if worker.contender.takes(case):
            answer = worker.ask({"prepare": case.letter})
            if "unavailable" in answer:
                results[worker.contender.name] = answer
            else:
                results[worker.contender.name] = {"times": []}
                waiting.append(worker)
    for repeat in range(repeats):
        first = repeat % max(1, len(waiting))
        for worker in waiting[first:] + waiting[:first]:
            time.sleep(PAUSE_SECONDS)
            result = results[worker.contender.name]
            answer = worker.ask({"time": case.letter})
            if "unavailable" in answer:
                result.update(answer)
            elif "times" in result:
                result["times"].append(answer["microseconds"])
    for name, result in results.items():
        if "unavailable" in result:
            results[name] = {"unavailable": result["unavailable"]}
        else:
            result["median"] = statistics.median(result["times"])
            result["minimum"] = min(result["times"])
    return results


def ratio_line(results: dict[str, dict]) -> str:
    """Say how layerwise compares with the fastest peer, by medians and by minima."""
    peers = {name: result for name, result in results.items() if name != OURS and "times" in result}
    if not peers:
        return "no peer is installed"
    parts = []
    for statistic in ("median", "minimum"):
        fastest = min(peers, key=lambda name: peers[name][statistic])
        text = f"{statistic}: fastest peer is {fastest}"
        if "times" in results.get(OURS, {}):
            ratio = results[OURS][statistic] / peers[fastest][statistic]
            text += f", {OURS} takes {ratio:.2f} of its time"
        parts.append(text)
    return "\n".join(parts)


def print_table(case: Case, results: dict[str, dict]) -> None:
    print(f"\n{case.letter}  {case.summary}, batch {case.batch_size}: microseconds per step")
    print(f"   {'':28} {'median':>10} {'minimum':>10}")
    for name, result in results.items():
        if "unavailable" in result:
            print(f"   {name:28} {result['unavailable']}")
        else:
            print(f"   {name:28} {result['median']:10.1f} {result['minimum']:10.1f}")
    print(ratio_line(results), flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.step_time", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="letters; all when left out")
    parser.add_argument("--repeats", type=int, default=11, help="turns of each contender")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="contenders to run, by name")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to save every time")
    parser.add_argument(
        "--errors", type=Path, default=Path(os.devnull), help="where the workers' errors go"
    )
    arguments = parser.parse_args()
    arguments.cases = arguments.cases or list(CASES)
    arguments.only = arguments.only or list(CONTENDERS)
    for given, known in ((arguments.cases, CASES), (arguments.only, CONTENDERS)):
        unknown = [name for name in given if name not in known]
        if unknown:
            parser.error(f"{', '.join(unknown)}: choose from {', '.join(known)}")
    return arguments


def main() -> None:
    arguments = parse_arguments()
    results = {}
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with arguments.errors.open("w") as errors:
        workers = [Worker(CONTENDERS[name], errors) for name in arguments.only]
        try:
            for letter in arguments.cases:
                results[letter] = time_case(CASES[letter], workers, arguments.repeats)
                print_table(CASES[letter], results[letter])
                if arguments.json:
                    arguments.json.write_text(json.dumps(results, indent=1) + "\n")
        finally:
            for worker in workers:
                worker.close()


if __name__ == "__main__":
    main()
