"""What may not be attended to: masks of padding, of the future, and of one's own.

A boolean mask is True where a query may *not* look, as in PyTorch's ``key_padding_mask`` and
``attn_mask``; a mask of floats is added to the scores.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..graph import (  # fmt: skip
    DTypeError,
    ShapeError,
    Tensor,
    as_tensor,
    constant,
    dtypes,
    expand_dims,
    reshape,
    show,
)


class Masks(NamedTuple):
    """Masks that broadcast with scores (batch, heads, queries, keys)."""

    forbidden: tuple[Tensor, ...] = ()
    """Bool: True where a query may not look. Each is applied by itself: joined first, they would
    have to be stretched twice."""
    added: Tensor | None = None
    """Float: added to the scores."""


NO_MASKS = Masks()


def causal_mask(queries: int, keys: int | None = None) -> np.ndarray:
    """Bool, (queries, keys): True where a key comes after the query.

    Parameters
    ----------
    queries, keys : lengths; as many keys as queries when None.
    """
    return np.triu(np.ones((queries, keys or queries), bool), 1)


def as_mask(name: str, value: Any) -> Tensor:
    """A mask as a tensor; raises `DTypeError` for what is neither bool nor float."""
    mask = as_tensor(value)
    if mask.dtype != dtypes.boolean and not dtypes.is_float(mask.dtype):
        raise DTypeError(
            f"{name}: expected a bool mask (True where nothing may be seen) or floats to be added "
            f"to the scores, got {mask.dtype}; convert it with .astype(bool)"
        )
    return mask


def masks_for(
    scores_shape: tuple[Any, ...],
    key_padding_mask: Any = None,
    attn_mask: Any = None,
    is_causal: bool = False,
) -> Masks:
    """All masks of an attention, in shapes that broadcast with its scores.

    Parameters
    ----------
    scores_shape : (batch, heads, queries, keys).
    key_padding_mask : bool, (batch, keys): True for keys that no query may see.
    attn_mask : bool or float, (queries, keys), (batch, queries, keys) or
        (batch, heads, queries, keys); the heads' axis may have length 1.
    is_causal : whether a query may see no key after its own position.

    Raises
    ------
    ShapeError : a mask does not fit the scores.
    DTypeError : a mask is neither bool nor float; a padding mask is no bool.
    """
    rows, _, queries, keys = scores_shape
    forbidden: list[Tensor] = []
    added = None
    if key_padding_mask is not None:
        mask = as_mask("key_padding_mask", key_padding_mask)
        if mask.dtype != dtypes.boolean:
            raise DTypeError(f"key_padding_mask: expected bool, got {mask.dtype}")
        if mask.shape != (rows, keys):
            raise ShapeError(
                f"key_padding_mask: expected shape {show((rows, keys))}, one for each key, got "
                f"{show(mask.shape)}"
            )
        forbidden.append(reshape(mask, (rows, 1, 1, keys)))
    if attn_mask is not None:
        mask = _aligned(as_mask("attn_mask", attn_mask), scores_shape)
        if mask.dtype == dtypes.boolean:
            forbidden.append(mask)
        else:
            added = mask
    if is_causal:
        forbidden.append(constant(causal_mask(queries, keys).reshape(1, 1, queries, keys)))
    return Masks(tuple(forbidden), added)


def _aligned(mask: Tensor, scores_shape: tuple[Any, ...]) -> Tensor:
    if mask.rank == 2:
        mask = expand_dims(expand_dims(mask, 0), 0)
    elif mask.rank == 3:
        mask = expand_dims(mask, 1)
    fits = mask.rank == 4 and all(
        have in (want, 1) for have, want in zip(mask.shape, scores_shape, strict=True)
    )
    if not fits:
        rows, heads, queries, keys = scores_shape
        raise ShapeError(
            f"attn_mask: expected shape {show((queries, keys))}, {show((rows, queries, keys))} or "
            f"{show((rows, heads, queries, keys))}, got {show(mask.shape)}"
        )
    return mask
