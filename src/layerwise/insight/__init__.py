"""What each layer does and sees: the backward pass to be read, and pictures."""

from .attention_rollout import attention_rollout
from .backward import Backward, backward
from .dependence import Dependence, partial_dependence
from .distributions import Distribution, activation_distributions, weight_distributions
from .drawing import (
    draw_activation,
    draw_activations,
    draw_alignment,
    draw_descent,
    draw_explanation,
    draw_history,
    draw_importance,
    draw_looked,
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
from .explain_text import TextExplanation, WordContribution, explain_text
from .explanation import Contribution, Explanation
from .importance import ColumnImportance, Importance, permutation_importance
from .layer_maps import LayerMap, layer_maps
from .layer_outputs import layer_outputs
from .looked import Looked, MaskingCheck, masking_check, where_it_looked
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
    "Looked",
    "MaskingCheck",
    "MostActivating",
    "Preferred",
    "Separability",
    "TextExplanation",
    "WordContribution",
    "activation_distributions",
    "attention_rollout",
    "backward",
    "draw_activation",
    "draw_activations",
    "draw_alignment",
    "draw_descent",
    "draw_explanation",
    "draw_history",
    "draw_importance",
    "draw_looked",
    "draw_maps",
    "draw_partial_dependence",
    "draw_preferred",
    "draw_range_test",
    "draw_regions",
    "draw_saliency",
    "draw_schedule",
    "draw_separability",
    "explain",
    "explain_text",
    "layer_maps",
    "layer_outputs",
    "masking_check",
    "most_activating",
    "partial_dependence",
    "permutation_importance",
    "preferred_inputs",
    "saliency",
    "separability",
    "unit_weights_as_pictures",
    "weight_distributions",
    "where_it_looked",
]
