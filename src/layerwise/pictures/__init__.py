"""The recipe for pictures: networks, how they are trained, and what is saved."""

from .fit import FittedPictures, fit
from .networks import ARCHITECTURES, PictureTransformer, network
from .recipe import PictureRecipe

__all__ = [
    "ARCHITECTURES",
    "FittedPictures",
    "PictureRecipe",
    "PictureTransformer",
    "fit",
    "network",
]
