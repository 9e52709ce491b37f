"""`train`: fit a network to data, in chunks of steps that run without Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from .progress import Progress
from .rows import fed_rows, raw_inputs, split_pair
from .run import Run


def train(
    net: Module,
    data: tuple[Any, Any],
    *,
    validation: tuple[Any, ...] | None = None,
    loss: Any = None,
    optimizer: Any = "adam",
    learning_rate: float | None = None,
    schedule: Any = "constant",
    epochs: int = 20,
    batch_size: int = 32,
    seed: int = 0,
    sample_weight: Any = None,
    class_weight: ClassWeight = None,
    label_smoothing: float = 0.0,
    clip_norm: float | None = None,
    early_stopping: int | None = None,
    restore_best: bool = True,
    shuffle: bool = True,
    threads: int | None = None,
    backend: str | None = None,
    checkpoint: Any = None,
    resume: bool = False,
    on_epoch: Callable[..., Any] | None = None,
    progress: Callable[[Progress], Any] | None = None,
    chunk_seconds: float = 0.2,
) -> Run:
    """Fit a network to data by gradient descent; the network's weights change in place.

    The same seed, data and options give bit-identical weights, whatever the chunks and threads,
    and whether or not the training was killed and resumed in between.

    Parameters
    ----------
    net : module whose forward takes rows, (batch, *features), and gives predictions.
    data : (X, y). X of shape (n, *features), or a tuple of arrays for a net with several inputs. y
        of shape (n,) or (n, 1), (n, classes) or (n, outputs), as the loss takes it. All rows train.
    validation : (X, y) or (X, y, sample_weight) to measure after each epoch; never trained on.
    loss : mse, mae, huber, bce, bce_with_logits, cross_entropy, nll, or a function
        (prediction, target) in graph functions that gives a number for each row, or one for all.
        By default it follows from the target: cross_entropy for class numbers or one-hot rows and
        a net with several outputs; bce_with_logits for whole numbers or booleans that are all 0 or
        1 and one output (bce if the net ends in a sigmoid); else mse. `Run.loss` says which.
    optimizer : sgd, adam, adamw, or an object from `layerwise.optim`.
    learning_rate : replaces the optimiser's own.
    schedule : constant, step, exponential, cosine, one_cycle, reduce_on_plateau, or an object from
        `layerwise.optim`. Reduce-on-plateau observes the validation loss, or the training loss.
    epochs : how often every row is visited.
    batch_size : rows in a step; the last step of an epoch takes what is left. For a net with batch
        normalisation a single left-over row joins the step before.
    seed : of the order of rows and of dropout. Initial weights have their own, in the layers.
    sample_weight : (n,) at least 0: a batch's loss is sum(weight * loss) / sum(weight).
    class_weight : a weight for each class (list, or dict by class, 1 where absent), or 'balanced'.
    label_smoothing : part of the target that is spread over all classes, for cross_entropy and nll.
    clip_norm : all gradients together are scaled down to at most this norm.
    early_stopping : stop after this many epochs without a lower validation loss.
    restore_best : with validation, leave the net with the weights of its best epoch.
    shuffle : visit rows in a new order every epoch.
    threads : at most so many; by default what the machine offers and the work is worth.
    backend : native or reference; the default is native.
    checkpoint : path of a file that is kept up to date every epoch, and every 30 s in long epochs.
    resume : go on from the checkpoint; begin anew if there is none yet.
    on_epoch : called with each `Epoch` when it ends; returning False stops the training. The net
        holds the current weights meanwhile.
    progress : called with a `Progress` after every chunk of steps.
    chunk_seconds : time between two looks at interrupts and progress; it changes no result.

    Returns
    -------
    Run : history, best epoch, why it stopped. Ctrl-C stops cleanly and keeps the best weights.

    Raises
    ------
    DataError, ShapeError, DTypeError : data that does not fit the network or the loss.
    OptionError : an option that does not exist or makes no sense.
    CheckpointError : the checkpoint is damaged or of another training.
    TrainingDiverged : the loss became NaN or infinite. Training stopped, the net holds the last
        finite weights, and the error names the layer and the step.
    """
    given, y = split_pair("data", data)
    arrays = raw_inputs("", given)
    if not net.parameters():
        raise DataError(f"{net} has no parameters, so there is nothing to train")
    machine = backends.get(backend)
    traced = trace_training(net, arrays)
    options = settings(
        loss=usual_loss(traced.prediction, y) if loss is None else loss,
        optimizer=optimizer,
        learning_rate=learning_rate,
        schedule=schedule,
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        class_weight=class_weight,
        label_smoothing=label_smoothing,
        clip_norm=clip_norm,
        early_stopping=early_stopping,
        restore_best=restore_best,
        shuffle=shuffle,
        threads=threads,
        checkpoint=checkpoint,
        resume=resume,
        on_epoch=on_epoch,
        progress=progress,
        chunk_seconds=chunk_seconds,
    )
    fed = [t.dtype for t in traced.inputs]
    rows = fed_rows(
        "", given, arrays, fed, y, sample_weight, options.loss, traced.prediction
    )  # fmt: skip
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
    return Loop(net, plan, options, rows, held_out, weights).run()


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


__all__ = ["train"]
