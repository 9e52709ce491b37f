"""Where labelled pictures come from: a folder, IDX files, an .npz file."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from .arrays import as_pictures
from .idx import has_idx, is_idx, read_idx_pair
from .picture_files import LARGEST, read_folder

PICTURES = ("x_train", "X_train", "train_images", "pictures", "images", "X", "x")
LABELS = ("y_train", "Y_train", "train_labels", "labels", "y", "Y")
TEST_PICTURES = ("x_test", "X_test", "test_images")
TEST_LABELS = ("y_test", "Y_test", "test_labels")
"""Names of the arrays of an .npz file; the first that is there is taken."""


@dataclass
class LabelledPictures:
    """Pictures to learn from.

    Attributes
    ----------
    pictures : uint8 or float32 (n, channels, height, width).
    labels : (n,) whole numbers or names.
    classes : names by number, where the labels are numbers of them; else None.
    test_pictures, test_labels : rows that the source keeps for the test; None where it has none.
    notes : sentences for people on what was changed or left out.
    paths : of the pictures, where each has a file.
    """

    pictures: np.ndarray
    labels: np.ndarray
    classes: list[str] | None = None
    test_pictures: np.ndarray | None = None
    test_labels: np.ndarray | None = None
    notes: list[str] = field(default_factory=list)
    paths: list[Path] | None = None

    @property
    def named_labels(self) -> np.ndarray:
        """Labels by name, where there are names."""
        return self.labels if self.classes is None else np.array(self.classes)[self.labels]


def read_pictures(
    path: Any, size: tuple[int, int] | None = None, mode: str | None = None, largest: int = LARGEST
) -> LabelledPictures:
    """Pictures with labels from a path.

    Parameters
    ----------
    path : a folder with a sub-folder of pictures for each class; a folder with MNIST's IDX files,
        or the file of its pictures; or an .npz file with pictures and labels (``x_train``,
        ``y_train``, ``x_test``, ``y_test``, or ``pictures``, ``labels``, ...).
    size, mode, largest : as for `read_folder`; IDX and .npz files stay as they are.

    Raises
    ------
    DataError : nothing of the kind is there, or it is damaged.
    """
    file = Path(path).expanduser()
    if file.is_dir() and not has_idx(file):
        found = read_folder(file, size, mode, largest)
        assert found.labels is not None
        return LabelledPictures(
            found.pictures, found.labels, found.classes, notes=found.notes, paths=found.paths
        )
    if file.is_dir() or is_idx(file):
        idx = read_idx_pair(file)
        test = None if idx.test_pictures is None else as_pictures(idx.test_pictures)
        return LabelledPictures(as_pictures(idx.pictures), idx.labels, None, test, idx.test_labels)
    if not file.exists():
        raise DataError(f"there is no file or folder '{file}'; check the path")
    if file.suffix.lower() == ".npz":
        return _read_npz(file)
    raise DataError(
        f"'{file}' holds no pictures with labels: expected a folder with a sub-folder for each "
        "class, IDX files or an .npz file"
    )


def _read_npz(file: Path) -> LabelledPictures:
    try:
        with np.load(file, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"'{file}' cannot be read: {error}") from None

    def take(names: tuple[str, ...]) -> np.ndarray | None:
        return next((found[name] for name in names if name in found), None)

    pictures, labels = take(PICTURES), take(LABELS)
    if pictures is None or labels is None:
        raise DataError(
            f"expected the arrays x_train and y_train, or pictures and labels, in '{file}', got "
            f"{', '.join(sorted(found)) or 'none'}"
        )
    test_pictures, test_labels = take(TEST_PICTURES), take(TEST_LABELS)
    pictures, labels = as_pictures(pictures), _labels(file, labels, len(pictures))
    if test_pictures is None or test_labels is None:
        return LabelledPictures(pictures, labels)
    return LabelledPictures(
        pictures, labels, None, as_pictures(test_pictures),
        _labels(file, test_labels, len(test_pictures)),
    )  # fmt: skip


def _labels(file: Path, labels: np.ndarray, count: int) -> np.ndarray:
    flat = labels.reshape(-1) if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if flat.shape != (count,):
        raise DataError(
            f"'{file}': expected a label for each of {count:,} pictures, got shape {labels.shape}"
        )
    return flat
