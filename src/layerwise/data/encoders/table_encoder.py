"""`TableEncoder`: a table to the arrays that a network takes, and back."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ...errors import DataError, OptionError, unknown
from ..tables.roles import USED, Decision, Role
from ..tables.table import Storage, Table
from .categories import ENCODES, MOST_ONE_HOT, ONE_HOT_LIMIT, CategoryEncoder, Encode
from .dates import DateEncoder
from .numbers import IMPUTES, NORMALISES, Impute, Normalise, NumberEncoder, missing_name
from .reading import damaged, read_choice, read_list, read_object, read_text, read_whole
from .weights import counted

Kind = Literal["number", "indicator", "one_hot", "date"]

VERSION = 1
"""Of the description; it rises when an older layerwise could not read it."""


class Encoded(NamedTuple):
    """Rows as a network takes them.

    Attributes
    ----------
    numbers : float32, shape (n, d), all finite.
    codes : int32, shape (n, k), each from 0 up to its column's cardinality.
    """

    numbers: np.ndarray
    codes: np.ndarray


@dataclass(frozen=True)
class InputColumn:
    """A column of the table that is used; `columns_for` converts what came to be predicted to it.

    Attributes
    ----------
    name : of the column.
    storage : how the training table held it.
    levels : the words of a category that are told apart; None for numbers and dates.
    """

    name: str
    storage: Storage
    levels: tuple[str, ...] | None = None


class OutputColumn(NamedTuple):
    """One of the d columns of numbers.

    Attributes
    ----------
    name : for people: "age", "age is missing", "colour=red", "joined: time of year, sine". Not
        unique if the table has a column that is called like that.
    kind : "number" (a real number of the table), "indicator" (1 where missing), "one_hot" (0 and 1,
        or -1 and 1), "date" (a part of a date).
    source : name of the table's column that it comes from.
    """

    name: str
    kind: Kind
    source: str


@dataclass(frozen=True, eq=False, repr=False)
class TableEncoder:
    """What becomes of each column of a table, learned from the training rows.

    The d columns of numbers come in this order: the numbers; their indicators ("age is missing");
    the categories, column by column, each with its indicator; the dates, likewise. Within each the
    order is that of the table. The k columns of codes are in the order of the table too.

    Columns are found by name: another order and additional columns change nothing. A table of
    another origin than that of training goes through `columns_for(table, encoder.input_columns)`
    first, so that True, true and 1 are the same.

    Attributes
    ----------
    input_columns : those of the table that are used, in its order.
    numbers : for all columns of numbers.
    categories : for each column of categories, as columns of 0 and 1 or as codes.
    dates : for each column of dates.
    """

    input_columns: tuple[InputColumn, ...]
    numbers: NumberEncoder
    categories: tuple[CategoryEncoder, ...]
    dates: tuple[DateEncoder, ...]

    @classmethod
    def fit(
        cls,
        table: Table,
        decisions: Iterable[Decision],
        *,
        sample_weight: ArrayLike | None = None,
        impute: Impute = "median",
        normalise: Normalise = "robust",
        one_hot_limit: int = ONE_HOT_LIMIT,
        encode: Encode = "auto",
    ) -> TableEncoder:
        """Learn from the training rows.

        Parameters
        ----------
        table : the training rows, at least one.
        decisions : the role of each column; a column without one is not used.
        sample_weight : float, shape (n,), 0 or more. A weight of k is the same, to the last bit, as
            the row repeated k times, and a weight of 0 is the row left out.
        impute : what stands for missing numbers: "median", "mean", or None, which refuses them.
        normalise : the scale of numbers: "robust", "standard", "quantile" or None; see
            `NumberEncoder`.
        one_hot_limit : categories of up to so many values, missing among them if it occurs, become
            columns of 0 and 1, others codes, for each of which a network learns a vector (an
            embedding). 0 to 1000.
        encode : "one_hot" or "embedding" for all categories, whatever their number of values.

        Raises
        ------
        DataError : no row or no column to learn from, an infinite number, a missing one with
            ``impute=None``, weights that are none, a column that is not of the kind decided.
        OptionError : an option that does not exist.
        """
        _check_options(impute, normalise, one_hot_limit, encode)
        roles = {d.name: d.role for d in decisions if d.used}
        for name in roles:
            table[name]  # Names a column that is not there.
        if not roles:
            raise DataError(
                "expected at least one column that is a number, a category or a date, got none; "
                "set the role of a column yourself"
            )
        rows = counted(sample_weight, len(table))
        used = [column for column in table if column.name in roles]
        of_role = {role: [c for c in used if roles[c.name] == role] for role in USED}
        # A column without any value may be held in any way, whatever its role.
        storages: dict[Role, Storage] = {"number": "numbers", "date": "dates"}
        categories = tuple(
            CategoryEncoder.fit(c, rows, encode, one_hot_limit) for c in of_role["category"]
        )
        return cls(
            _inputs(((c.name, storages.get(roles[c.name], c.storage)) for c in used), categories),
            NumberEncoder.fit(of_role["number"], rows, impute, normalise),
            categories,
            tuple(DateEncoder.fit(c, rows) for c in of_role["date"]),
        )

    # -- what comes out ----------------------------------------------------------------------------

    @property
    def outputs(self) -> tuple[OutputColumn, ...]:
        """What each of the d columns of numbers is."""
        found = [OutputColumn(name, "number", name) for name in self.numbers.names]
        for name, indicator in zip(self.numbers.names, self.numbers.indicators, strict=True):
            if indicator:
                found.append(OutputColumn(missing_name(name), "indicator", name))
        for encoder in self._blocks:
            kind: Kind = "date" if isinstance(encoder, DateEncoder) else "one_hot"
            names = encoder.outputs
            count = len(names) - encoder.missing_seen
            found += [OutputColumn(name, kind, encoder.name) for name in names[:count]]
            found += [OutputColumn(name, "indicator", encoder.name) for name in names[count:]]
        return tuple(found)

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the d columns of numbers."""
        return tuple(output.name for output in self.outputs)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """For each of the d columns: "number", "indicator", "one_hot" or "date"."""
        return tuple(output.kind for output in self.outputs)

    @property
    def sources(self) -> tuple[str, ...]:
        """For each of the d columns the table's column that it comes from."""
        return tuple(output.source for output in self.outputs)

    @property
    def code_names(self) -> tuple[str, ...]:
        """Names of the k columns of codes: those of the table's columns."""
        return tuple(category.name for category in self._embedded)

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """For each of the k columns how many codes there are."""
        return tuple(category.cardinality for category in self._embedded)

    @property
    def _blocks(self) -> list[CategoryEncoder | DateEncoder]:
        """What fills the columns of numbers behind those of `self.numbers`, in order."""
        return [*(c for c in self.categories if c.form == "one_hot"), *self.dates]

    @property
    def _embedded(self) -> list[CategoryEncoder]:
        return [c for c in self.categories if c.form == "embedding"]

    # -- encoding ----------------------------------------------------------------------------------

    def transform(self, table: Table) -> Encoded:
        """Rows as arrays; any number of rows, also none.

        Missing numbers are filled in, unseen categories are 0 in all their columns (code 0), and
        values far outside of training stay finite.

        Raises
        ------
        DataError : a column is not there or not of the kind of training, a number is infinite, or
            is missing after training with ``impute=None``.
        """
        self._check_columns(table)
        # Finding a column by name looks at all of them.
        columns = {column.name: column for column in table}
        numbers = np.empty((len(table), len(self.outputs)), np.float32)
        first, *others = self._split(numbers)
        self.numbers.encode([columns[name] for name in self.numbers.names], first)
        for encoder, block in zip(self._blocks, others, strict=True):
            encoder.encode(columns[encoder.name], block)
        codes = np.empty((len(table), len(self._embedded)), np.int32)
        for place, category in enumerate(self._embedded):
            codes[:, place] = category.codes(columns[category.name])
        return Encoded(numbers, codes)

    def inverse(self, numbers: ArrayLike, codes: ArrayLike) -> Table:
        """The table that these arrays came from, in the columns and the order of `input_columns`.

        Numbers come back as float64, up to the rounding of float32, which smooth clipping magnifies
        far from the middle; dates as `DateEncoder` says. What was missing is missing where an
        indicator says so, and else what stood for it; unseen categories are missing.

        Parameters
        ----------
        numbers : float, shape (n, d).
        codes : int, shape (n, k).

        Raises
        ------
        DataError : arrays of other shapes, or a code that does not exist.
        """
        numbers, codes = np.asarray(numbers), np.asarray(codes)
        width, places = len(self.outputs), len(self._embedded)
        rows = len(numbers) if numbers.ndim else 0
        if numbers.shape != (rows, width) or codes.shape != (rows, places):
            raise DataError(
                f"expected numbers of shape (n, {width}) and codes of shape (n, {places}), got "
                f"{numbers.shape} and {codes.shape}; give what transform gave"
            )
        if codes.dtype.kind not in "iu":
            raise DataError(f"expected whole numbers as codes, got {codes.dtype}")
        first, *others = self._split(numbers)
        columns = self.numbers.decode(first)
        columns += [e.decode(block) for e, block in zip(self._blocks, others, strict=True)]
        columns += [c.decode_codes(part) for c, part in zip(self._embedded, codes.T, strict=True)]
        found = {column.name: column for column in columns}
        return Table(tuple(found[name] for name in self._names), rows)

    def _split(self, numbers: np.ndarray) -> list[np.ndarray]:
        """Views of the columns of `self.numbers` and of each of `self._blocks`."""
        widths = [self.numbers.width, *(len(encoder.outputs) for encoder in self._blocks)]
        return np.split(numbers, np.cumsum(widths)[:-1], axis=1)

    def _check_columns(self, table: Table) -> None:
        there = set(table.names)
        lacking = [i.name for i in self.input_columns if i.name not in there]
        if not lacking:
            return
        names = ", ".join(f"'{name}'" for name in lacking[:10]) + ", ..." * (len(lacking) > 10)
        near = difflib.get_close_matches(lacking[0], sorted(there - set(self._names)), 1)
        hint = f" (is '{near[0]}' meant to be '{lacking[0]}'?)" if near else ""
        where = f"'{table.source}'" if table.source else "the table"
        raise DataError(
            f"expected the {len(self.input_columns)} columns of training, but {where} lacks "
            f"{names}{hint}; add them, with empty cells where there is no value"
        )

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(i.name for i in self.input_columns)

    # -- for people --------------------------------------------------------------------------------

    def describe(self) -> list[str]:
        """For each column of the table that is used one line: what becomes of it."""
        lines = dict(zip(self.numbers.names, self.numbers.describe(), strict=True))
        lines |= {category.name: category.describe() for category in self.categories}
        lines |= {date.name: date.describe() for date in self.dates}
        return [f"{name}: {lines[name]}" for name in self._names]

    def __repr__(self) -> str:
        return (
            f"TableEncoder({len(self.input_columns)} columns to {len(self.outputs)} numbers and "
            f"{len(self.code_names)} codes)"
        )

    # -- the file ----------------------------------------------------------------------------------

    def to_json(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """What `from_json` needs: JSON values, and arrays by name ("numbers.fill", ...)."""
        numbers, tensors = self.numbers.to_json()
        about = {
            "version": VERSION,
            "inputs": [{"name": i.name, "storage": i.storage} for i in self.input_columns],
            "numbers": numbers,
            "categories": [c.to_json() for c in self.categories],
            "dates": [d.to_json() for d in self.dates],
        }
        return about, tensors

    @classmethod
    def from_json(cls, about: Any, tensors: Mapping[str, Any]) -> TableEncoder:
        """What `to_json` gave, from a file that is not trusted; other tensors are not looked at.

        Raises
        ------
        ModelFileError : anything that `to_json` could not have given.
        """
        if isinstance(about, dict):
            read_whole(about.get("version"), "version", 1, VERSION)
        read_object(about, "an object", ("version", "inputs", "numbers", "categories", "dates"))
        inputs: list[tuple[str, Storage]] = []
        for entry in read_list(about["inputs"], "inputs"):
            read_object(entry, "an object for a column", ("name", "storage"))
            storage = read_choice(entry["storage"], "storage", ("numbers", "words", "dates"))
            inputs.append((read_text(entry["name"], "name"), storage))
        numbers = NumberEncoder.from_json(about["numbers"], tensors)
        categories = tuple(
            CategoryEncoder.from_json(c) for c in read_list(about["categories"], "categories")
        )
        dates = tuple(DateEncoder.from_json(d) for d in read_list(about["dates"], "dates"))
        held: list[tuple[str, str]] = [(name, "numbers") for name in numbers.names]
        held += [(c.name, c.storage) for c in categories]
        held += [(d.name, "dates") for d in dates]
        if sorted(held) != sorted(inputs) or len({name for name, _ in held}) != len(held):
            raise damaged("its columns are not those that have encoders")
        return cls(_inputs(inputs, categories), numbers, categories, dates)


def _inputs(
    held: Iterable[tuple[str, Storage]], categories: Iterable[CategoryEncoder]
) -> tuple[InputColumn, ...]:
    words = {c.name: c.levels for c in categories if c.storage == "words"}
    return tuple(InputColumn(name, storage, words.get(name)) for name, storage in held)


def _check_options(impute: Any, normalise: Any, one_hot_limit: Any, encode: Any) -> None:
    options: tuple[tuple[str, Any, tuple[str | None, ...]], ...] = (
        ("impute", impute, IMPUTES),
        ("normalise", normalise, NORMALISES),
        ("encode", encode, ENCODES),
    )
    for what, value, known in options:
        if value not in known:
            raise unknown(what, value, map(str, known))
    whole = isinstance(one_hot_limit, int | np.integer) and not isinstance(one_hot_limit, bool)
    if not whole or not 0 <= one_hot_limit <= MOST_ONE_HOT:
        raise OptionError(
            f"expected a whole number from 0 to {MOST_ONE_HOT} as one_hot_limit, got "
            f"{one_hot_limit!r}; 9 is the limit of RealMLP, 0 gives every category codes"
        )
