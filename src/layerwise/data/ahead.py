"""`ahead`: the next items are made by another thread while this one uses the last."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from typing import TypeVar

Item = TypeVar("Item")

_END = object()


def ahead(items: Iterable[Item], most: int = 2) -> Generator[Item, None, None]:
    """The same items in the same order, up to `most` of them made before they are asked for.

    Reading a file and decoding it leave the interpreter's lock alone most of the time, and so does
    compiled training: the two overlap. An exception of the maker is raised where its item would
    have come. The thread ends with the items, or when the generator is closed.
    """
    made: queue.Queue[object] = queue.Queue(most)
    closed = threading.Event()

    def put(item: object) -> bool:
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
            put((_END, error))
        else:
            put((_END, None))

    thread = threading.Thread(target=make, daemon=True, name="layerwise-ahead")
    thread.start()
    try:
        while True:
            item = made.get()
            if isinstance(item, tuple) and len(item) == 2 and item[0] is _END:
                if item[1] is not None:
                    raise item[1]
                return
            yield item  # type: ignore[misc]
    finally:
        closed.set()
        thread.join()
