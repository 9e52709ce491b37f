"""Values of hidden layers, and the transformer that gives them."""

import numpy as np
import pytest
from estimator_cases import POOLED, QUICK, frame, numbers
from sklearn.base import clone
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline

from layerwise import Classifier, OptionError
from layerwise.estimators import HiddenLayers

X, Y = numbers()


@pytest.fixture(scope="module")
def model():
    return Classifier(**{**QUICK, "hidden_layer_sizes": (6, 3)}, dropout=0.5).fit(X, Y)


def test_the_values_are_those_of_the_network(model):
    values = model.ensemble_.members[0].values
    rows = model._rows(X).numbers
    first = np.maximum(rows @ values["hidden.0.weight"].T + values["hidden.0.bias"], 0)
    second = np.maximum(first @ values["hidden.3.weight"].T + values["hidden.3.bias"], 0)
    raw = second @ values["output.weight"].T + values["output.bias"]
    for layer, want in ((0, first), (1, second), (-1, second), (-2, first)):
        np.testing.assert_allclose(model.hidden_activations(X, layer), want, atol=1e-5)
    sure = model.ensemble_.weights[0]
    np.testing.assert_allclose(model.decision_function(X), sure * raw[:, 0], atol=1e-4)


def test_members_with_hidden_layers_are_counted():
    data, labels = frame()
    pooled = Classifier(**POOLED).fit(data, labels)
    deep = sum(
        pooled.ensemble_.networks[m.kind].hidden is not None for m in pooled.ensemble_.members
    )
    assert 0 < deep < len(pooled.ensemble_.members)
    assert pooled.hidden_activations(data, member=deep - 1).shape == (len(data), 8)
    with pytest.raises(OptionError, match=f"member: expected from 0 to {deep - 1}"):
        pooled.hidden_activations(data, member=deep)


def test_layers_that_do_not_exist(model):
    with pytest.raises(OptionError, match="layer: expected from 0 to 1, or from -2, got 2"):
        model.hidden_activations(X, 2)
    line = Classifier(**{**QUICK, "hidden_layer_sizes": ()}).fit(X, Y)
    with pytest.raises(OptionError, match="no member with a hidden layer"):
        line.hidden_activations(X)


def test_a_transformer(model):
    transformer = model.as_transformer(layer=0)
    np.testing.assert_array_equal(transformer.transform(X), model.hidden_activations(X, 0))
    names = [f"unit{n}" for n in range(6)]
    assert transformer.get_feature_names_out().tolist() == names
    framed = transformer.set_output(transform="pandas").transform(X)
    assert framed.columns.tolist() == names


def test_in_a_pipeline():
    network = Classifier(**{**QUICK, "epochs": 30}, learning_rate=0.03, random_state=0)
    pipeline = make_pipeline(HiddenLayers(network), RidgeClassifier())
    assert clone(pipeline).fit(X, Y).score(X, Y) > 0.9
    assert not hasattr(network, "ensemble_")
    assert pipeline.set_params(hiddenlayers__estimator__epochs=3).fit(X, Y).predict(X).shape == (
        120,
    )
    fitted = clone(network).fit(X, Y)
    later = make_pipeline(fitted.as_transformer(), RidgeClassifier()).fit(X, Y)
    assert later[0].estimator_ is fitted
    assert later.score(X, Y) > 0.9
