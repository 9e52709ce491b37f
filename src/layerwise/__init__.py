"""layerwise: neural networks that train fast on the computer you already have.

A network, its loss, its gradients and its update are one graph; the graph is differentiated by our
own backpropagation, compiled once, and run for thousands of steps without Python.

Names are imported when they are first used (``EAGER_IMPORT=1`` imports all at once), so that
``import layerwise`` costs next to nothing. `__init__.pyi` says where each one lives.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

__version__ = "0.1.0"

_ROOMS = (
    "backends", "compiler", "data", "doctor", "errors", "estimators", "graph", "insight", "model",
    "nn", "optim", "pictures", "report", "text", "training", "translation",
    "words",
)  # fmt: skip

_GRAPH = """
Tensor absolute add argmax batch batch_size broadcast_to cast clip concatenate constant cos
cumsum divide elu equal erf evaluate exp expand_dims expm1 floor fold full_like gelu gradients
greater greater_equal input iota isfinite layer_norm leaky_relu less less_equal log log1p
log_softmax log_sum_exp logical_and logical_not logical_or matmul max maximum mean min minimum
mish multiply negative norm not_equal one_hot pad power relu reshape scatter_add selu sigmoid
sign silu sin softmax softplus sqrt square squeeze stack stop_gradient subtract sum
swap_last_axes take tanh to_text transpose unfold value_and_gradients variable variance where
zeros_like
"""

_ERRORS = """
CheckpointError DTypeError DataError ModelFileError OptionError ShapeError TrainingDiverged
UnknownWord
"""

_HOMES: dict[str, str] = {
    **dict.fromkeys(_GRAPH.split(), "graph"),
    **dict.fromkeys(_ERRORS.split(), "errors"),
    "Buckets": "training",
    "find_learning_rate": "training",
    "train": "training",
    "Run": "training",
    "Model": "model",
    "load": "model",
    "save": "model",
    "backward": "insight",
    "Classifier": "estimators",
    "ImageClassifier": "estimators",
    "Regressor": "estimators",
    "TextClassifier": "estimators",
    "Translator": "estimators",
}

__all__ = sorted([*_ROOMS, *_HOMES, "__version__"])


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


if os.environ.get("EAGER_IMPORT"):
    for _name in (*_ROOMS, *_HOMES):
        __getattr__(_name)
