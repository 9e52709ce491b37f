"""The hidden layers of a fitted estimator: their values, and a transformer that gives them."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from .. import backends
from ..errors import OptionError
from ..nn import Dropout, Linear, Module
from ..nn.evaluation import Evaluator
from ..tabular import Ensemble, Rows, TabularNet


class UpToLayer(Module):
    """A network as far as one of its hidden layers."""

    def __init__(self, net: TabularNet, layer: int) -> None:
        assert net.hidden is not None
        self.net = net
        self.stop = _ends(net)[layer]

    def forward(self, numbers: Any, codes: Any = None) -> Any:
        """(batch, d) and, where there are codes, (batch, k), to (batch, units)."""
        net = self.net
        assert net.hidden is not None
        x = net.joined(numbers, codes)
        for module in list(net.hidden)[: self.stop]:
            x = module(x)
        return x


def _ends(net: TabularNet) -> list[int]:
    """For each hidden layer the number of modules up to its activation."""
    assert net.hidden is not None
    kinds = [type(module) for module in net.hidden]
    starts = [place for place, kind in enumerate(kinds) if kind is Linear]
    stops = [*starts[1:], len(kinds)]
    return [stop - (kinds[stop - 1] is Dropout) for stop in stops]


def layer_of(ensemble: Ensemble, layer: int, member: int) -> tuple[UpToLayer, dict[str, Any]]:
    """The network up to a layer, and the member's weights by name.

    Raises
    ------
    OptionError : there is no such layer or member.
    """
    deep = [m for m in ensemble.members if ensemble.networks[m.kind].hidden is not None]
    if not deep:
        raise OptionError(
            "there is no member with a hidden layer; set hidden_layer_sizes, or linear=False"
        )
    if not -len(deep) <= member < len(deep):
        raise OptionError(
            f"member: expected from 0 to {len(deep) - 1}, the members with hidden layers, got "
            f"{member}"
        )
    chosen = deep[member]
    net = ensemble.networks[chosen.kind]
    layers = len(_ends(net))
    if not -layers <= layer < layers:
        raise OptionError(f"layer: expected from 0 to {layers - 1}, or from -{layers}, got {layer}")
    return UpToLayer(net, layer), {f"net.{name}": v for name, v in chosen.values.items()}


def evaluate(net: UpToLayer, rows: Rows, values: dict[str, Any]) -> np.ndarray:
    """The layer's values, (n, units)."""
    evaluator = Evaluator(net, rows.inputs, backends.get())
    return evaluator(evaluator.state(values), evaluator.feeds(rows.inputs))


class HiddenLayers(TransformerMixin, BaseEstimator):
    """A transformer that gives what a hidden layer of a fitted network makes of each row.

    Parameters
    ----------
    estimator : a `Classifier` or `Regressor`.
    layer, member : as in `hidden_activations`.
    prefit : whether the estimator is fitted already and stays as it is; else `fit` fits a clone.

    Attributes
    ----------
    estimator_ : the fitted estimator.
    """

    def __init__(
        self, estimator: Any = None, *, layer: int = -1, member: int = 0, prefit: bool = False
    ) -> None:
        self.estimator = estimator
        self.layer = layer
        self.member = member
        self.prefit = prefit

    def fit(self, X: Any, y: Any = None, **fit_params: Any) -> HiddenLayers:
        """Fit the estimator on (X, y), unless it is."""
        if self.prefit:
            check_is_fitted(self.estimator, "ensemble_")
            self.estimator_ = self.estimator
        else:
            self.estimator_ = clone(self.estimator).fit(X, y, **fit_params)
        self.n_features_in_ = self.estimator_.n_features_in_
        if hasattr(self.estimator_, "feature_names_in_"):
            self.feature_names_in_ = self.estimator_.feature_names_in_
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Rows to values of the units: (n, units)."""
        check_is_fitted(self, "estimator_")
        found: np.ndarray = self.estimator_.hidden_activations(X, self.layer, self.member)
        return found

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the units: unit0, unit1, ..."""
        check_is_fitted(self, "estimator_")
        net, _ = layer_of(self.estimator_.ensemble_, self.layer, self.member)
        layers = [m for m in list(net.net.hidden or ())[: net.stop] if isinstance(m, Linear)]
        return np.array([f"unit{n}" for n in range(layers[-1].out_features)], object)

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn should know: a target is needed to fit, as by the estimator."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = not self.prefit
        tags.transformer_tags.preserves_dtype = []
        if hasattr(self.estimator, "__sklearn_tags__"):
            tags.input_tags = self.estimator.__sklearn_tags__().input_tags
        return tags
