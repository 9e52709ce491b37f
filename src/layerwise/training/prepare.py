"""From what a training is given, to a `Loop` that is ready to run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import backends
from ..errors import DataError
from ..nn.losses import usual_loss
from ..nn.module import Module
from .checks import check_several_classes
from .loop import Loop
from .options import ClassWeight, settings, weights_of_classes
from .plan import Options, plan_for, trace_training
from .rows import fed_rows, raw_inputs, split_pair


def prepare(
    net: Module,
    data: tuple[Any, Any],
    *,
    validation: tuple[Any, ...] | None = None,
    loss: Any = None,
    sample_weight: Any = None,
    class_weight: ClassWeight = None,
    label_smoothing: float = 0.0,
    clip_norm: float | None = None,
    backend: str | None = None,
    one_class: bool = False,
    probes: bool = False,
    loop: type[Loop] = Loop,
    **others: Any,
) -> Loop:
    """Check data and options, and make or find the plan; the network is only read.

    Parameters and errors are those of `layerwise.train`; `others` are its other options, all of
    them but `probes`, which are off unless asked for. With `one_class`, rows of one class only are
    accepted: a part of a stream may be so. `loop` is the class of the result.
    """
    given, y = split_pair("data", data)
    arrays = raw_inputs("", given)
    if not net.parameters():
        raise DataError(f"{net} has no parameters, so there is nothing to train")
    machine = backends.get(backend)
    traced = trace_training(net, arrays)
    options = settings(
        loss=usual_loss(traced.prediction, y) if loss is None else loss,
        class_weight=class_weight,
        label_smoothing=label_smoothing,
        clip_norm=clip_norm,
        probes=probes,
        **others,
    )
    fed = [t.dtype for t in traced.inputs]
    rows = fed_rows(
        "", given, arrays, fed, y, sample_weight, options.loss, traced.prediction
    )  # fmt: skip
    if not one_class:
        check_several_classes("y", rows.target, options.loss)
    fewest = max(module.least_rows for _, module in net.named_modules())
    if min(len(rows), options.batch_size) < fewest:
        raise DataError(
            f"the network has a layer that needs at least {fewest} rows in a step (batch "
            f"normalisation); there are {len(rows)} rows and the batch size is {options.batch_size}"
        )
    held_out = None
    if validation is not None:
        held_out = _validation(validation, arrays, fed, options.loss, traced.prediction)
    elif options.early_stopping is not None:
        raise DataError("early_stopping needs validation=(X, y): rows to measure on")
    classes = 2 if options.loss.target == "binary" else traced.prediction.shape[-1]
    weights = weights_of_classes(class_weight, options.loss, rows.target, classes)  # type: ignore[arg-type]
    weighted = rows.weight is not None or (held_out is not None and held_out.weight is not None)
    plan = plan_for(
        net,
        traced,
        rows.target,
        Options(
            options.loss,
            options.optimizer,
            weighted=weighted,
            class_weighted=weights is not None,
            smoothed=label_smoothing != 0,
            clipped=clip_norm is not None,
        ),
        machine,
        options.threads,
    )
    return loop(net, plan, options, rows, held_out, weights)


def _validation(
    given: Sequence[Any],
    training: Sequence[np.ndarray],
    dtypes: Sequence[np.dtype],
    loss: Any,
    prediction: Any,
) -> Any:
    weight = given[2] if isinstance(given, tuple | list) and len(given) == 3 else None
    inputs, y = split_pair("validation", given[:2] if weight is not None else given)
    arrays = raw_inputs("validation ", inputs)
    if [a.shape[1:] for a in arrays] != [a.shape[1:] for a in training]:
        raise DataError(
            f"validation X has rows of shape {[a.shape[1:] for a in arrays]}, training X of "
            f"{[a.shape[1:] for a in training]}; both need the same columns"
        )
    return fed_rows("validation ", inputs, arrays, dtypes, y, weight, loss, prediction)
