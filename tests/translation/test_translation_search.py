"""Decoding step by step, beside the whole network and a search in plain Python."""

import numpy as np
import pytest

import layerwise as lw
from layerwise import backends
from layerwise.data.text import BEGIN, END, PADDING, UNKNOWN
from layerwise.translation import Sizes, TranslationGRU, TranslationTransformer
from layerwise.translation.decoding import Decoders
from layerwise.translation.search import _best, penalty

LONGEST = 7

SOURCES = [[4, 5, 6, 3], [7, 3], [5, 5, 8, 6, 9, 3], [9, 8, 3]]


@pytest.fixture(params=["transformer", "gru"])
def net(request, translator):
    """A network whose hypotheses end at different lengths: a trained one, and a lively one."""
    if request.param == "transformer":
        return translator.model_.network
    with lw.nn.seed(18):
        made = TranslationGRU(Sizes(10, 10, 16, 2, 2, 24, 0.1, False, 32))
    for held in (made.readout.weight, made.attention.energy):
        held.value = 8 * held.value
    for table in (made.target_embedding.weight, made.source_embedding.weight):
        table.value = 0.25 + 0.2 * table.value
    return made


def log_probabilities(net, source, written):
    """Of each next token, by the whole network on one sentence without padding."""
    before = np.array([[BEGIN, *written]], np.int32)
    # By the backend that compiles nothing, as every length is another graph.
    with backends.using("reference"):
        logits = np.asarray(net(np.array([source], np.int32), before))[0, -1].astype(np.float64)
    logits[[PADDING, UNKNOWN, BEGIN]] = -np.inf
    top = logits.max()
    return logits - top - np.log(np.exp(logits - top).sum())


def greedy_oracle(net, source):
    written = []
    while len(written) < LONGEST:
        token = int(log_probabilities(net, source, written).argmax())
        if token == END:
            break
        written.append(token)
    return written


def beam_oracle(net, source, beam, alpha):
    """Beam search over lists: (rank, score, tokens, finished)."""
    kept = [(0.0, 0.0, (), False)]
    for position in range(LONGEST):
        found = []
        for rank, score, tokens, finished in kept:
            if finished:
                found.append((rank, score, tokens, True))
                continue
            logs = log_probabilities(net, source, list(tokens))
            for token in np.flatnonzero(np.isfinite(logs)):
                total = score + logs[token]
                rank = total / penalty(position + 1, alpha)
                found.append((rank, total, (*tokens, int(token)), token == END))
        kept = sorted(found, key=lambda each: -each[0])[:beam]
        if kept[0][3]:
            break
    return [token for token in kept[0][2] if token != END]


def test_greedy_search_writes_what_the_whole_network_would(net):
    found = Decoders(net).translate(SOURCES, [LONGEST] * len(SOURCES), beam=1)
    assert found == [greedy_oracle(net, source) for source in SOURCES]
    assert all(found)


def test_beam_search_finds_what_a_search_over_lists_finds(net):
    found = Decoders(net).translate(SOURCES, [LONGEST] * len(SOURCES), beam=3, alpha=1.0)
    assert found == [beam_oracle(net, source, 3, 1.0) for source in SOURCES]
    assert len({len(each) for each in found}) > 1


def test_weights_that_changed_are_seen():
    with lw.nn.seed(5):
        net = TranslationTransformer(Sizes(10, 10, 8, 2, 1, 8, 0.0, True, 32))
    decoders = Decoders(net)
    before = decoders.translate(SOURCES, [LONGEST] * len(SOURCES), beam=1)
    net.reset_parameters(8)
    after = decoders.translate(SOURCES, [LONGEST] * len(SOURCES), beam=1)
    assert after == [greedy_oracle(net, source) for source in SOURCES]
    assert after != before


@pytest.mark.parametrize("length", [5, 320, 331])
def test_the_best_of_many_are_found_block_by_block(length, generator):
    # Few different values, so that there are ties: the first comes first.
    values = generator.integers(0, 40, size=(6, length)).astype(np.float32)
    values[0, :3] = 50  # several of one block
    found, places = lw.evaluate(_best(lw.constant(values), 3), {})
    wanted = np.argsort(-values, axis=1, kind="stable")[:, :3]
    np.testing.assert_array_equal(places, wanted)
    np.testing.assert_array_equal(found, np.take_along_axis(values, wanted, 1))
