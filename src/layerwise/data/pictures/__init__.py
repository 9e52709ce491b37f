"""Pictures: from folders, IDX files and arrays to one size, mode and scale; and augmentation."""

from .arrays import MODES, as_pictures, in_mode, mode_of, resized
from .augmentation import Augmentation
from .idx import IdxSet, is_idx, read_idx, read_idx_pair
from .kind import PictureKind, size_of
from .picture_files import PictureFiles, read_files, read_folder, read_picture
from .sources import LabelledPictures, read_pictures

__all__ = [
    "MODES",
    "Augmentation",
    "IdxSet",
    "LabelledPictures",
    "PictureFiles",
    "PictureKind",
    "as_pictures",
    "in_mode",
    "is_idx",
    "mode_of",
    "read_files",
    "read_folder",
    "read_idx",
    "read_idx_pair",
    "read_picture",
    "read_pictures",
    "resized",
    "size_of",
]
