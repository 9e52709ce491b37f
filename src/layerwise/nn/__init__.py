"""Modules: layers, activations, losses and initialisation."""

from . import initialisation, losses
from .activations import (
    ACTIVATIONS,
    ELU,
    GELU,
    SELU,
    Function,
    Identity,
    LeakyReLU,
    LogSoftmax,
    Mish,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
    activation,
)
from .additive_attention import AdditiveAttention
from .batch_norm import BatchNorm1d, BatchNorm2d
from .convolution import Conv2d
from .dropout import Dropout, Dropout2d
from .embedding import Embedding
from .flatten import Flatten
from .gru import GRU
from .initialisation import INITIALISERS, initialiser, seed
from .layer_norm import LayerNorm
from .linear import Linear
from .losses import LOSSES, Loss
from .lstm import LSTM
from .masks import causal_mask
from .module import Module
from .multi_head_attention import KeysValues, MultiHeadAttention
from .parameter import Buffer, Parameter
from .patches import PatchEmbedding
from .pooling import AvgPool2d, GlobalAvgPool2d, MaxPool2d
from .positions import LearnedPosition, RotaryPosition, SinusoidalPosition
from .scaled_attention import AttentionWeights, ScaledDotProductAttention
from .sequence_pooling import AttentionPooling, MaskedMax, MaskedMean
from .sequential import Sequential
from .trace import Trace, current_trace
from .transformer_decoder import TransformerDecoder, TransformerDecoderLayer
from .transformer_encoder import TransformerEncoder, TransformerEncoderLayer

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "GELU",
    "GRU",
    "INITIALISERS",
    "LOSSES",
    "LSTM",
    "SELU",
    "AdditiveAttention",
    "AttentionPooling",
    "AttentionWeights",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Buffer",
    "Conv2d",
    "Dropout",
    "Dropout2d",
    "Embedding",
    "Flatten",
    "Function",
    "GlobalAvgPool2d",
    "Identity",
    "KeysValues",
    "LayerNorm",
    "LeakyReLU",
    "LearnedPosition",
    "Linear",
    "LogSoftmax",
    "Loss",
    "MaskedMax",
    "MaskedMean",
    "MaxPool2d",
    "Mish",
    "Module",
    "MultiHeadAttention",
    "Parameter",
    "PatchEmbedding",
    "ReLU",
    "RotaryPosition",
    "ScaledDotProductAttention",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SinusoidalPosition",
    "Softmax",
    "Softplus",
    "Tanh",
    "Trace",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
    "activation",
    "causal_mask",
    "current_trace",
    "initialisation",
    "initialiser",
    "losses",
    "seed",
]
