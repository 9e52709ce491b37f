"""`ahead`: the next items are made by another thread while this one uses the last."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class _End:
    """Comes after the last item.

    Attributes
    ----------
    error : what ended the maker, if it was an exception.
    """

    error: BaseException | None = None


def ahead(items: Iterable[Item], most: int = 2) -> Generator[Item, None, None]:
    """The same items in the same order, up to `most` of them made before they are asked for.

    Reading a file and decoding it leave the interpreter's lock alone most of the time, and so does
    compiled training: the two overlap. An exception of the maker is raised where its item would
    have come. The thread ends with the items, or when the generator is closed.
    """
    made: queue.Queue[Item | _End] = queue.Queue(most)
    closed = threading.Event()

    def put(item: Item | _End) -> bool:
        while not closed.is_set():
            try:
                made.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def make() -> None:
        try:
            for item in items:
                if not put(item):
                    return
        except BaseException as error:
            put(_End(error))
        else:
            put(_End())

    thread = threading.Thread(target=make, daemon=True, name="layerwise-ahead")
    thread.start()
    try:
        while True:
            item = made.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        closed.set()
        thread.join()
