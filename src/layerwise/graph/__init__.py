"""What is computed: tensors, primitives, functions composed of them, and their gradients."""

from . import dtypes
from .contraction import matmul
from .dimension import Batch, Dimension, Shape, ShapeError, batch, concrete, show
from .dtypes import DTypeError
from .elementwise import (
    absolute,
    add,
    cast,
    clip,
    cos,
    divide,
    equal,
    erf,
    exp,
    expm1,
    floor,
    full_like,
    greater,
    greater_equal,
    isfinite,
    less,
    less_equal,
    log,
    log1p,
    logical_and,
    logical_not,
    logical_or,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    power,
    sigmoid,
    sign,
    sin,
    softplus,
    sqrt,
    square,
    stop_gradient,
    subtract,
    tanh,
    where,
    zeros_like,
)
from .evaluate import evaluate
from .functions import (
    elu,
    gelu,
    layer_norm,
    leaky_relu,
    log_softmax,
    log_sum_exp,
    mish,
    norm,
    relu,
    selu,
    silu,
    softmax,
    variance,
)
from .gradients import backpropagate, gradients, value_and_gradients
from .indexing import fold, one_hot, scatter_add, take, unfold
from .leaves import batch_size, constant, input, iota, variable
from .movement import (
    broadcast_to,
    concatenate,
    expand_dims,
    pad,
    reshape,
    squeeze,
    stack,
    swap_last_axes,
    transpose,
)
from .primitive import PRIMITIVES, Primitive, apply, as_tensor
from .printing import to_text
from .random import random_bits, uniform
from .reduction import argmax, cumsum, max, mean, min, sum
from .rewriting import rewrite, substitute
from .stable import stabilise
from .tensor import Tensor, topological_order

__all__ = [name for name in dir() if not name.startswith("_")]
