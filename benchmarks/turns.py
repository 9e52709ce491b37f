"""Contenders that train the same network in turns of one run, each in a process that waits.

Both sides of the pipe are here, of nothing but the standard library: a peer's interpreter has no
layerwise. A peer is a module that calls `answer` with its ways of training; the benchmark starts it
as a `Peer`, asks for turns with `take_turns` and prints them with `show`.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]

PAUSE_SECONDS = 0.5
"""Before each turn: long enough for the threads of the one before to fall asleep."""

OURS = "layerwise"

WAYS = {"PyTorch": ("eager", "compiled"), "JAX": ("step", "scan")}
"""How each peer trains: as it is written, and at its best."""


class Way(NamedTuple):
    """One way of training: how many parameters there are, and what trains one epoch.

    Attributes
    ----------
    parameters : their number.
    epoch : trains every row once, waits until that is done, and gives the mean loss.
    """

    parameters: int
    epoch: Callable[[], float]


class Turn(NamedTuple):
    """What a contender did in one turn.

    Attributes
    ----------
    parameters : of its network.
    seconds : of each epoch but the first of the turn, which pays for compilation and cold caches.
    losses : mean training loss of every epoch, with the first.
    unavailable : why there is nothing else, or "".
    """

    parameters: int = 0
    seconds: Sequence[float] = ()
    losses: Sequence[float] = ()
    unavailable: str = ""


# -- the peer's side -------------------------------------------------------------------------------


def answer(ways: Mapping[str, Callable[[], Way]]) -> None:
    """Take turns as they are asked for on standard input, until it ends.

    A line ``{"way": "eager", "epochs": 3}`` is answered with a `Turn` as JSON.

    Parameters
    ----------
    ways : what makes each, by name; called when it is first asked for.
    """
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints must not end up among the replies
    made: dict[str, Way] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            name = asked["way"]
            if name not in made:
                made[name] = ways[name]()
            turn = train(made[name], asked["epochs"])
        except Exception as error:  # such as no compiler on this machine: the others go on
            traceback.print_exc()
            turn = Turn(unavailable=f"{type(error).__name__}: {error}".split("\n")[0][:200])
        print(json.dumps(turn._asdict()), file=replies, flush=True)


def train(way: Way, epochs: int) -> Turn:
    """A turn of so many timed epochs, after one that is not timed."""
    seconds, losses = [], []
    for _ in range(epochs + 1):
        began = time.perf_counter()
        losses.append(way.epoch())
        seconds.append(time.perf_counter() - began)
    return Turn(way.parameters, seconds[1:], losses)


# -- the benchmark's side --------------------------------------------------------------------------


class Peer:
    """A process that waits for turns.

    Parameters
    ----------
    python : an interpreter that has what the module needs.
    module : its name, below the folder of this repository.
    arguments : of the module.
    threads : that it may use; None is all. PyTorch and JAX both take them from the environment.
    """

    def __init__(
        self, python: str, module: str, arguments: Iterable[str], threads: int | None
    ) -> None:
        environment = dict(os.environ)
        if threads is not None:
            environment |= {"OMP_NUM_THREADS": str(threads), "PJRT_NPROC": str(threads)}
        self.process = subprocess.Popen(
            [python, "-m", module, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment,
        )  # fmt: skip

    def turn(self, way: str, epochs: int) -> Turn:
        """Ask for a turn, and wait for it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            print(json.dumps({"way": way, "epochs": epochs}), file=self.process.stdin, flush=True)
            return Turn(**json.loads(self.process.stdout.readline()))
        except (BrokenPipeError, json.JSONDecodeError):
            return Turn(unavailable="its process ended")

    def close(self) -> None:
        """Let the process end by itself."""
        try:
            self.process.communicate()
        except BrokenPipeError:
            self.process.wait()


@contextmanager
def peers(
    python: str | None,
    modules: Mapping[str, str],
    arguments: Sequence[str],
    threads: int | None,
    epochs: int,
) -> Iterator[dict[str, Callable[[], Turn]]]:
    """A turn of so many epochs of PyTorch, two ways, and of JAX, two ways, by name.

    Parameters
    ----------
    python : an interpreter that has both; None for no peers.
    modules : that of "PyTorch" and that of "JAX", each of which calls `answer`.
    arguments, threads : see `Peer`.
    """
    started: list[Peer] = []
    contenders: dict[str, Callable[[], Turn]] = {}
    for title, ways in WAYS.items() if python else ():
        started.append(Peer(python, modules[title], arguments, threads))
        for way in ways:
            contenders[f"{title} {way}"] = partial(started[-1].turn, way, epochs)
    try:
        yield contenders
    finally:
        for peer in started:
            peer.close()


def take_turns(contenders: Mapping[str, Callable[[], Turn]], turns: int) -> dict[str, list[Turn]]:
    """So many turns of each, one after the other, beginning with another one each time."""
    found: dict[str, list[Turn]] = {name: [] for name in contenders}
    names = list(contenders)
    for number in range(turns):
        first = number % len(names)
        for name in [*names[first:], *names[:first]]:
            if any(turn.unavailable for turn in found[name]):
                continue
            time.sleep(PAUSE_SECONDS)
            found[name].append(contenders[name]())
    return found


def show(found: Mapping[str, Sequence[Turn]], **amounts: int) -> None:
    """Print what each did in a second, and how ours compares with the fastest peer.

    Parameters
    ----------
    found : from `take_turns`.
    amounts : what an epoch has, by unit, such as ``tokens=30_720``; the first is compared.
    """
    middle: dict[str, float] = {}
    (unit, amount), *others = amounts.items()
    for name, turns in found.items():
        missing = next((turn.unavailable for turn in turns if turn.unavailable), "")
        if missing:
            print(f"{name:<20} could not be run: {missing}")
            continue
        seconds = [each for turn in turns for each in turn.seconds]
        median = statistics.median(seconds)
        middle[name] = amount / median
        also = "".join(f" ({count / median:,.0f} {other}/s)" for other, count in others)
        losses = turns[0].losses
        print(
            f"{name:<20} {middle[name]:>10,.0f} {unit}/s{also}, best {amount / min(seconds):,.0f}; "
            f"{turns[0].parameters:,} parameters, loss {losses[0]:.4f} to {losses[-1]:.4f} in "
            f"{len(losses)} epochs"
        )
    peers = [name for name in middle if name != OURS]
    if not peers or OURS not in middle:
        print("no ratio: layerwise, or all peers, could not be run")
        return
    fastest = max(peers, key=lambda name: middle[name])
    each = [_ratio(found, peers, number) for number in range(len(found[OURS]))]
    print(
        f"{OURS} trains {middle[OURS] / middle[fastest]:.2f} times as fast as {fastest}, the "
        f"fastest peer, by medians; turn by turn {min(each):.2f} to {max(each):.2f}",
        flush=True,
    )


def _ratio(found: Mapping[str, Sequence[Turn]], peers: Sequence[str], number: int) -> float:
    """How much quicker ours was than the fastest peer in one turn."""
    theirs = min(statistics.median(found[name][number].seconds) for name in peers)
    return theirs / statistics.median(found[OURS][number].seconds)


def ours(train: Callable[[Callable[[Any], None]], Any]) -> Turn:
    """The `Turn` of a training with `layerwise.train`, by the clock between its epochs.

    Parameters
    ----------
    train : trains with the `on_epoch` that it is given, and gives the `Run`.
    """
    ends: list[float] = []
    run = train(lambda epoch: ends.append(time.perf_counter()))
    seconds = [end - begin for begin, end in itertools.pairwise(ends)]
    return Turn(run.net.parameter_count, seconds, [float(e.training_loss) for e in run.history])
