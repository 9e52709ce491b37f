"""What each layer does and sees: the backward pass to be read, and pictures."""

from .backward import Backward, backward
from .dependence import Dependence, partial_dependence
from .distributions import Distribution, activation_distributions, weight_distributions
from .drawing import (
    draw_activation,
    draw_activations,
    draw_descent,
    draw_explanation,
    draw_history,
    draw_importance,
    draw_maps,
    draw_partial_dependence,
    draw_preferred,
    draw_range_test,
    draw_regions,
    draw_saliency,
    draw_schedule,
    draw_separability,
)
from .explain import explain
from .explanation import Contribution, Explanation
from .importance import ColumnImportance, Importance, permutation_importance
from .layer_maps import LayerMap, layer_maps
from .layer_outputs import layer_outputs
from .preferred import Preferred, preferred_inputs
from .saliency import saliency
from .separability import LayerScore, Separability, separability
from .units import MostActivating, most_activating, unit_weights_as_pictures

__all__ = [
    "Backward",
    "ColumnImportance",
    "Contribution",
    "Dependence",
    "Distribution",
    "Explanation",
    "Importance",
    "LayerMap",
    "LayerScore",
    "MostActivating",
    "Preferred",
    "Separability",
    "activation_distributions",
    "backward",
    "draw_activation",
    "draw_activations",
    "draw_descent",
    "draw_explanation",
    "draw_history",
    "draw_importance",
    "draw_maps",
    "draw_partial_dependence",
    "draw_preferred",
    "draw_range_test",
    "draw_regions",
    "draw_saliency",
    "draw_schedule",
    "draw_separability",
    "explain",
    "layer_maps",
    "layer_outputs",
    "most_activating",
    "partial_dependence",
    "permutation_importance",
    "preferred_inputs",
    "saliency",
    "separability",
    "unit_weights_as_pictures",
    "weight_distributions",
]
