"""What training measured, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, overload


@dataclass(frozen=True, slots=True)
class Epoch:
    """The measures of one epoch; those that were not taken are None.

    Losses are means over rows. The training loss and accuracy are averages over the epoch's steps,
    taken while the weights were changing and dropout was on; validation comes after the epoch.
    """

    epoch: int
    """Counted from 1."""
    training_loss: float
    training_accuracy: float | None
    """Fraction of rows whose class was right, for class targets; of labels, if a row has many."""
    validation_loss: float | None
    validation_accuracy: float | None
    validation_r2: float | None
    """1 - squared error / variance of the target, for number targets other than quantiles."""
    validation_mae: float | None
    """Mean absolute error, for number targets."""
    learning_rate: float
    """That of the epoch's last step."""
    seconds: float
    """Duration, validation included."""
    samples_per_second: float
    """Training rows per second, validation not counted."""

    def __getitem__(self, name: str) -> Any:
        """A measure by its name."""
        if name not in NAMES:
            raise KeyError(f"no measure '{name}'; there are {', '.join(NAMES)}")
        return getattr(self, name)

    def as_dict(self) -> dict[str, float | int | None]:
        """All measures by name."""
        return asdict(self)


NAMES = tuple(f.name for f in fields(Epoch))


class History(Sequence[Epoch]):
    """The epochs in order: ``history[0]`` is one, ``history["training_loss"]`` a measure of all."""

    def __init__(self, epochs: Sequence[Epoch] = ()) -> None:
        self._epochs = list(epochs)

    @overload
    def __getitem__(self, key: int) -> Epoch: ...
    @overload
    def __getitem__(self, key: slice) -> History: ...
    @overload
    def __getitem__(self, key: str) -> list[Any]: ...
    def __getitem__(self, key: int | slice | str) -> Any:
        if isinstance(key, str):
            if key not in NAMES:
                raise KeyError(f"no measure '{key}'; there are {', '.join(NAMES)}")
            return [getattr(epoch, key) for epoch in self._epochs]
        if isinstance(key, slice):
            return History(self._epochs[key])
        return self._epochs[key]

    def __len__(self) -> int:
        return len(self._epochs)

    def __iter__(self) -> Iterator[Epoch]:
        return iter(self._epochs)

    def append(self, epoch: Epoch) -> None:
        """Add the next epoch."""
        self._epochs.append(epoch)

    def as_dicts(self) -> list[dict[str, float | int | None]]:
        """One dictionary for each epoch, as a data frame or JSON takes them."""
        return [epoch.as_dict() for epoch in self._epochs]

    @classmethod
    def from_dicts(cls, records: Sequence[Mapping[str, Any]]) -> History:
        """The inverse of `as_dicts`."""
        kept: list[dict[str, Any]] = [{n: record.get(n) for n in NAMES} for record in records]
        return cls([Epoch(**measures) for measures in kept])

    def as_columns(self, most: int = 1000) -> dict[str, list[Any]]:
        """The measures that were taken, by name, as short as a saved model keeps them.

        Numbers have 7 significant digits. Of more than `most` epochs so many are kept, evenly
        spread, among them the first, the last and the one with the lowest validation loss; the
        column ``epoch`` says which.
        """
        epochs = self._epochs
        if len(epochs) > most:
            last = len(epochs) - 1
            chosen = {round(last * n / (most - 2)) for n in range(most - 1)}
            losses = [e.validation_loss for e in epochs]
            known = [n for n, loss in enumerate(losses) if loss is not None]
            if known:
                chosen.add(min(known, key=losses.__getitem__))  # type: ignore[arg-type]
            epochs = [epochs[n] for n in sorted(chosen)]
        columns = {name: [getattr(e, name) for e in epochs] for name in NAMES}
        return {
            name: [float(f"{v:.7g}") if isinstance(v, float) else v for v in values]
            for name, values in columns.items()
            if any(v is not None for v in values)
        }

    @classmethod
    def from_columns(cls, columns: Mapping[str, Sequence[Any]]) -> History:
        """The inverse of `as_columns`, for the epochs that it kept."""
        count = len(columns.get("epoch", ()))
        absent = [None] * count
        rows = zip(*(columns.get(name, absent) for name in NAMES), strict=True)
        return cls([Epoch(*row) for row in rows])

    def __repr__(self) -> str:
        if not self._epochs:
            return "History(no epochs)"
        last = self._epochs[-1]
        shown = ", ".join(
            f"{name}={value:.4g}"
            for name, value in last.as_dict().items()
            if name.endswith(("loss", "accuracy")) and value is not None
        )
        return f"History({len(self)} epochs; last: {shown})"
