"""`nn.Embedding`: padding, frozen and given vectors, and what of it is saved."""

import copy
import pickle

import numpy as np
import pytest

import layerwise as lw
from layerwise import nn
from layerwise.errors import OptionError

WORDS = np.array([[1, 2, 0, 0], [3, 1, 1, 0], [2, 2, 2, 2], [0, 0, 0, 0]], np.int32)
CLASSES = np.array([0, 1, 0, 1], np.int32)


def sentences(embedding):
    return nn.Sequential(embedding, nn.Flatten(), nn.Linear(4 * embedding.embedding_dim, 2))


def test_the_padding_row_is_zero_and_stays():
    for sparse in (True, False):
        table = nn.Embedding(5, 3, padding_idx=0, sparse=sparse)
        assert not table.weight.value[0].any()
        assert table.weight.value[1:].all()
        before = table.weight.value.copy()
        lw.train(sentences(table), (WORDS, CLASSES), optimizer="adamw", epochs=2, batch_size=2)
        assert not table.weight.value[0].any()
        assert (table.weight.value[1:4] != before[1:4]).all()
        np.testing.assert_array_equal(table(WORDS), table.weight.value[WORDS])


def test_a_padding_row_that_was_given_stays_as_it_is():
    vectors = np.arange(1, 16, dtype="f").reshape(5, 3)
    table = nn.Embedding.from_pretrained(vectors, freeze=False, padding_idx=-5)
    assert table.padding_idx == 0
    lw.train(sentences(table), (WORDS, CLASSES), epochs=2, batch_size=2)
    np.testing.assert_array_equal(table.weight.value[0], vectors[0])
    assert (table.weight.value[1:4] != vectors[1:4]).any()


def test_given_vectors_are_frozen_unless_asked_otherwise():
    vectors = np.random.default_rng(0).normal(size=(5, 3)).astype("f")
    table = nn.Embedding.from_pretrained(vectors)
    net = sentences(table)
    assert [name for name, _ in net.named_parameters()] == ["2.weight", "2.bias"]
    lw.train(net, (WORDS, CLASSES), epochs=1)
    np.testing.assert_array_equal(table.weight.value, vectors)
    assert list(net.state_dict()) == ["0.weight", "2.weight", "2.bias"]


def test_given_vectors_come_back_when_a_training_begins_anew():
    vectors = np.random.default_rng(0).normal(size=(5, 3)).astype("f")
    for freeze in (True, False):
        net = sentences(nn.Embedding.from_pretrained(vectors, freeze=freeze))
        lw.train(net, (WORDS, CLASSES), epochs=1)
        again = copy.deepcopy(net)
        again.reset_parameters(seed=1)
        np.testing.assert_array_equal(again.state_dict()["0.weight"], vectors)


def test_given_vectors_may_be_whole_numbers_and_float64():
    assert nn.Embedding.from_pretrained([[1, 2], [3, 4]]).weight.dtype == np.float32
    assert nn.Embedding.from_pretrained(np.eye(2)).weight.dtype == np.float64


def test_auto_is_by_the_number_of_rows():
    assert not nn.Embedding(100, 2).weight.sparse
    assert nn.Embedding(5000, 2).weight.sparse
    assert nn.Embedding(100, 2, sparse=True).weight.sparse
    assert not nn.Embedding(5000, 2, sparse=False).weight.sparse


def test_copies_stay_sparse():
    table = nn.Embedding(9, 2, sparse=True)
    assert copy.deepcopy(table).weight.sparse
    assert pickle.loads(pickle.dumps(table.weight)).sparse


def test_sparse_or_not_is_another_plan():
    net = sentences(nn.Embedding(50, 3, sparse=True))
    net.reset_parameters(seed=0)
    adam = []
    for sparse in (True, False):
        net[0].weight.sparse = sparse
        net.reset_parameters(seed=0)
        lw.train(net, (WORDS, CLASSES), epochs=3, batch_size=1, shuffle=False)
        adam.append(net[0].weight.value.copy())
    assert (adam[0] != adam[1]).any(), "a row's mean moves on while it is not looked up"


@pytest.mark.parametrize("freeze", [True, False])
def test_saved_and_loaded(tmp_path, freeze):
    vectors = np.random.default_rng(0).normal(size=(5, 3)).astype("f")
    net = sentences(nn.Embedding.from_pretrained(vectors, freeze=freeze, padding_idx=0))
    lw.train(net, (WORDS, CLASSES), epochs=1)
    net.save(tmp_path / "net.safetensors")
    np.testing.assert_array_equal(lw.load(tmp_path / "net.safetensors").net(WORDS), net(WORDS))


def test_text():
    assert str(nn.Embedding(5, 3)) == "Embedding(5, 3)"
    text = "Embedding(5, 3, padding_idx=1, frozen=True)"
    assert str(nn.Embedding(5, 3, padding_idx=1, frozen=True)) == text


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Embedding(3, 2, padding_idx=3), "one of the 3 rows, got 3"),
        (lambda: nn.Embedding(3, 2, sparse="yes"), "True, False or 'auto'"),
        (lambda: nn.Embedding(0, 2), "at least 1"),
        (lambda: nn.Embedding.from_pretrained(np.zeros(3)), r"got shape \(3,\)"),
        (lambda: nn.Embedding.from_pretrained([["a"]]), "array of numbers"),
        (lambda: nn.Embedding.from_pretrained(np.zeros((0, 3))), "at least 1"),
    ],
)
def test_bad_options(make, message):
    with pytest.raises(OptionError, match=message):
        make()
