"""The rules, in the order of what causes what: a finding may explain those of later rules."""

from __future__ import annotations

from ..rule import Rule
from .bad_initialisation import BadInitialisation
from .batch_too_large import BatchTooLarge
from .batch_too_small import BatchTooSmall
from .class_imbalance import ClassImbalance
from .constant_column import ConstantColumn
from .dead_relu import DeadReLU
from .dropout_too_strong import DropoutTooStrong
from .duplicated_column import DuplicatedColumn
from .exploding_gradient import ExplodingGradient
from .leaking_column import LeakingColumn
from .learning_rate_too_high import LearningRateTooHigh
from .learning_rate_too_low import LearningRateTooLow
from .miscalibrated import Miscalibrated
from .no_nonlinearity import NoNonlinearity
from .no_signal import NoSignal
from .overfitting import Overfitting
from .plateau import Plateau
from .saturated_activation import SaturatedActivation
from .too_few_epochs import TooFewEpochs
from .underfitting import Underfitting
from .unscaled_inputs import UnscaledInputs
from .unscaled_target import UnscaledTarget
from .vanishing_gradient import VanishingGradient
from .wrong_loss import WrongLoss
from .wrong_output import WrongOutput

RULES: tuple[Rule, ...] = (
    # What is wrong with the data.
    NoSignal(),
    LeakingColumn(),
    UnscaledInputs(),
    UnscaledTarget(),
    ClassImbalance(),
    # What is wrong with the network and its settings, before anything is trained.
    WrongLoss(),
    WrongOutput(),
    NoNonlinearity(),
    SaturatedActivation(),
    BadInitialisation(),
    ExplodingGradient(),
    DeadReLU(),
    VanishingGradient(),
    BatchTooSmall(),
    DropoutTooStrong(),
    # How it trained. The trials decide which comes first.
    Plateau(),
    LearningRateTooHigh(),
    LearningRateTooLow(),
    BatchTooLarge(),
    TooFewEpochs(),
    Underfitting(),
    Overfitting(),
    Miscalibrated(),
    # What is good to know.
    ConstantColumn(),
    DuplicatedColumn(),
)
"""One of each."""

__all__ = ["RULES"]
