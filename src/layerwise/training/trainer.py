"""`train`: fit a network to data, in chunks of steps that run without Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import OptionError
from ..nn.module import Module
from .buckets import Buckets
from .options import ClassWeight
from .prepare import prepare
from .prepare_buckets import prepare_buckets
from .progress import Progress
from .run import Run


def train(
    net: Module,
    data: tuple[Any, Any] | Buckets,
    *,
    validation: tuple[Any, ...] | Buckets | None = None,
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
    probes: bool = True,
) -> Run:
    """Fit a network to data by gradient descent; the network's weights change in place.

    The same seed, data and options give bit-identical weights, whatever the chunks and threads,
    and whether or not the training was killed and resumed in between.

    Parameters
    ----------
    net : module whose forward takes rows, (batch, *features), and gives predictions.
    data : (X, y). X of shape (n, *features), or a tuple of arrays for a net with several inputs. y
        of shape (n,) or (n, 1), (n, classes) or (n, outputs), as the loss takes it. All rows train.
        Or `Buckets` of rows of several shapes, such as sentences padded to a few lengths: each
        minibatch comes from one bucket.
    validation : (X, y) or (X, y, sample_weight) to measure after each epoch; never trained on.
        `Buckets` where `data` is.
    loss : mse, mae, huber, poisson, bce, bce_with_logits, cross_entropy, nll, "quantile(0.9)" (also
        `layerwise.nn.losses.quantile`), or a function (prediction, target) in graph functions that
        gives a number for each row, or one for all.
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
    sample_weight : (n,) at least 0: a batch's loss is sum(weight * loss) / sum(weight). Buckets
        have their own.
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
    probes : record in `Run.probes` what each layer does, for `layerwise.doctor`: in the first epoch
        20 to 39 of its steps (all, where it has fewer), later so many again, but at most every
        sixteenth step. The weights are the same, bit by bit, and the time a few percent more.

    Returns
    -------
    Run : history, best epoch, why it stopped. Ctrl-C stops cleanly and keeps the best weights.
        Before the first step there is nothing to keep, and it is a `KeyboardInterrupt`.

    Raises
    ------
    DataError, ShapeError, DTypeError : data that does not fit the network or the loss.
    OptionError : an option that does not exist or makes no sense.
    CheckpointError : the checkpoint is damaged or of another training.
    TrainingDiverged : the loss became NaN or infinite. Training stopped, the net holds the last
        finite weights, and the error names the layer and the step.
    """
    own = {"sample_weight": sample_weight}
    if isinstance(data, Buckets) or isinstance(validation, Buckets):
        if sample_weight is not None:
            raise OptionError("sample_weight: give each bucket its own, (X, y, sample_weight)")
        preparation: Any = prepare_buckets
        own = {}
    else:
        preparation = prepare
    return preparation(
        net,
        data,
        validation=validation,
        loss=loss,
        optimizer=optimizer,
        learning_rate=learning_rate,
        schedule=schedule,
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        **own,
        class_weight=class_weight,
        label_smoothing=label_smoothing,
        clip_norm=clip_norm,
        early_stopping=early_stopping,
        restore_best=restore_best,
        shuffle=shuffle,
        threads=threads,
        backend=backend,
        checkpoint=checkpoint,
        resume=resume,
        on_epoch=on_epoch,
        progress=progress,
        chunk_seconds=chunk_seconds,
        probes=probes,
    ).run()


__all__ = ["train"]
