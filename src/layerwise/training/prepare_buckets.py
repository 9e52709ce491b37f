"""From rows of several shapes and options to a `BucketLoop` that is ready to run."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import backends
from ..errors import DataError
from ..nn.losses import usual_loss
from ..nn.module import Module
from .buckets import BucketLoop, Buckets, Shape, shape_of_rows
from .checks import check_several_classes, numbers
from .options import ClassWeight, settings, weights_of_classes
from .plan import Options, Plan, Traced, plan_for, trace_training
from .rows import fed_rows, raw_inputs
from .run import Rows

Part = tuple[Any, Any, Any]
"""(X, y, sample weights or None) of one bucket."""


def prepare_buckets(
    net: Module,
    data: Any,
    *,
    validation: Any = None,
    loss: Any = None,
    class_weight: ClassWeight = None,
    label_smoothing: float = 0.0,
    clip_norm: float | None = None,
    backend: str | None = None,
    **others: Any,
) -> BucketLoop:
    """What `prepare` does, for `Buckets`: a plan for each shape of rows, all on one state."""
    for name, given in (("data", data), ("validation", validation)):
        if given is not None and not isinstance(given, Buckets):
            raise DataError(
                f"{name}: expected Buckets, as the other rows are, got {type(given).__name__}"
            )
    if not net.parameters():
        raise DataError(f"{net} has no parameters, so there is nothing to train")
    machine = backends.get(backend)
    training = {shape_of_rows(part): part for part in data.parts}
    held_out = {shape_of_rows(part): part for part in validation.parts} if validation else {}
    # The most common shape stands for all, in the record of the run too.
    shapes = sorted(
        {*training, *held_out}, key=lambda s: -len(training[s][1]) if s in training else 1
    )
    traced = {s: trace_training(net, _inputs("", training.get(s) or held_out[s])) for s in shapes}
    first = traced[shapes[0]]
    every_target = _joined([numbers("y", y) for _, y, _ in data.parts])
    options = settings(
        loss=usual_loss(first.prediction, every_target) if loss is None else loss,
        class_weight=class_weight,
        label_smoothing=label_smoothing,
        clip_norm=clip_norm,
        **others,
    )
    if options.early_stopping is not None and not held_out:
        raise DataError("early_stopping needs validation=Buckets(...): rows to measure on")
    rows = {s: _fed("", training[s], traced[s], options.loss) for s in shapes if s in training}
    held = {
        s: _fed("validation ", held_out[s], traced[s], options.loss)
        for s in shapes
        if s in held_out
    }
    target = _joined([part.target for part in rows.values()])
    check_several_classes("y", target, options.loss)
    classes = 2 if options.loss.target == "binary" else first.prediction.shape[-1]
    weights = weights_of_classes(class_weight, options.loss, target, classes)  # type: ignore[arg-type]
    asked = Options(
        options.loss,
        options.optimizer,
        weighted=any(part.weight is not None for part in (*rows.values(), *held.values())),
        class_weighted=weights is not None,
        smoothed=label_smoothing != 0,
        clipped=clip_norm is not None,
    )
    plans: dict[Shape, Plan] = {}
    main: Plan | None = None
    for shape in shapes:
        like = (rows.get(shape) or held[shape]).target
        plans[shape] = plan_for(net, traced[shape], like, asked, machine, options.threads, main)
        main = main or plans[shape]
    assert main is not None
    loop = BucketLoop(net, main, options, rows[shapes[0]], held.get(shapes[0]), weights)
    loop.join([(plans[s], rows.get(s), held.get(s)) for s in shapes])
    return loop


def _inputs(prefix: str, part: Part) -> list[np.ndarray]:
    given = part[0] if isinstance(part[0], tuple) else (part[0],)
    return raw_inputs(prefix, given)


def _fed(prefix: str, part: Part, traced: Traced, loss: Any) -> Rows:
    x, y, weight = part
    given = x if isinstance(x, tuple) else (x,)
    kinds = [tensor.dtype for tensor in traced.inputs]
    arrays = _inputs(prefix, part)
    return fed_rows(prefix, given, arrays, kinds, y, weight, loss, traced.prediction)


def _joined(targets: list[np.ndarray]) -> np.ndarray:
    """The targets of all buckets; end to end where their rows have different shapes."""
    if len({target.shape[1:] for target in targets}) == 1:
        return np.concatenate(targets)
    return np.concatenate([target.reshape(-1) for target in targets])
