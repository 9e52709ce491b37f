"""Decoding step by step, beside the whole network and a search in plain Python."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import layerwise as lw
from layerwise import backends
from layerwise.data.text import BEGIN, END, PADDING, UNKNOWN
from layerwise.translation import Sizes, TranslationGRU, TranslationTransformer, decoders
from layerwise.translation.decoders import Decoders
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


@pytest.mark.parametrize(("net", "beam"), [("transformer", 1), ("gru", 3)], indirect=["net"])
@pytest.mark.parametrize("kept_bytes", [0, decoders.KEPT_BYTES])
def test_those_left_of_a_group_go_on_in_a_smaller_one(net, beam, kept_bytes, monkeypatch):
    monkeypatch.setattr(decoders, "GROUPS", tuple(range(1, 9)))
    monkeypatch.setattr(decoders, "CHUNK", 1)
    monkeypatch.setattr(decoders, "KEPT_BYTES", kept_bytes)
    sources = SOURCES + [[*source[::-1][1:], END] for source in SOURCES[:3]]
    limits = [LONGEST] * len(sources)
    alone = [Decoders(net).translate([source], limits, beam)[0] for source in sources]
    few = Decoders(net)
    assert few.translate(sources, limits, beam) == alone
    assert len(few.alone.kept) == 1  # for so few nothing more is made
    monkeypatch.setattr(decoders, "MANY", len(sources))
    many = Decoders(net)
    assert many.translate(sources, limits, beam) == alone
    assert len(many.alone.kept) > 1
    assert many.translate(sources[:2], limits[:2], beam) == alone[:2]


@pytest.mark.parametrize("beam", [1, 3])
def test_the_tokens_of_larger_groups_get_room_as_they_come(net, beam, monkeypatch):
    limits = [LONGEST] * len(SOURCES)
    expected = Decoders(net, threads=1).translate(SOURCES, limits, beam)
    for name, value in (("SHARED", 1), ("SPAN", 1), ("CHUNK", 1)):
        monkeypatch.setattr(decoders, name, value)
    made = Decoders(net, threads=1)
    for _ in range(2):  # in tables that are new, then in used ones
        assert made.translate(SOURCES, limits, beam) == expected
    assert {1, 2, 4} <= {shape.length for shape in made.alone.kept}


@pytest.mark.parametrize("count", [1, 2, 7, 9, 17, 20, 25, 31, 40, 64, 75])
def test_sentences_are_divided_into_groups_at_the_least_cost(count):
    fewest = [0]
    for left in range(1, count + 1):
        fewest.append(min(g + decoders.BESIDES + fewest[max(left - g, 0)] for g in decoders.GROUPS))
    sizes = decoders.division(count, decoders.GROUPS[-1])
    assert sum(g + decoders.BESIDES for g in sizes) == fewest[count]
    # Only the last is filled up, so the rows can be given out one group after the other.
    assert sum(sizes[:-1]) < count <= sum(sizes)
    assert max(decoders.division(count, 8)) <= 8


def test_groups_are_translated_on_several_threads(net, monkeypatch):
    monkeypatch.setattr(decoders, "SHARED", 1)
    monkeypatch.setattr(decoders, "GROUPS", (1, 2))
    limits = [LONGEST] * 4 * len(SOURCES)
    alone, beside = Decoders(net, threads=1), Decoders(net, threads=3)
    expected = alone.translate(4 * SOURCES, limits, beam=3)
    assert beside.translate(4 * SOURCES, limits, beam=3) == expected
    assert len(beside._beside) == 3
    assert not beside.alone.kept
    # Several may ask at once; weights that change meanwhile are seen by all threads.
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(lambda _: beside.translate(4 * SOURCES, limits, 3), range(4)):
            assert found == expected
    weight = next(iter(net.named_held()))[1]
    kept, weight.value = weight.value, weight.value[::-1].copy()
    try:
        changed = Decoders(net, threads=1).translate(4 * SOURCES, limits, beam=3)
        assert changed != expected
        assert beside.translate(4 * SOURCES, limits, beam=3) == changed
    finally:
        weight.value = kept


def test_a_failing_thread_stops_the_others(net, monkeypatch):
    monkeypatch.setattr(decoders, "GROUPS", (1,))
    calls = []

    def fail(*_):
        calls.append(0)
        raise MemoryError("no room")

    monkeypatch.setattr(decoders.Worker, "translate", fail)
    with pytest.raises(MemoryError, match="no room"):
        Decoders(net, threads=2).translate(9 * SOURCES, [LONGEST] * 9 * len(SOURCES), beam=1)
    assert len(calls) <= 2


def test_weights_that_changed_are_seen():
    with lw.nn.seed(5):
        net = TranslationTransformer(Sizes(10, 10, 8, 2, 1, 8, 0.0, True, 32))
    made = Decoders(net)
    before = made.translate(SOURCES, [LONGEST] * len(SOURCES), beam=1)
    net.reset_parameters(8)
    after = made.translate(SOURCES, [LONGEST] * len(SOURCES), beam=1)
    assert after == [greedy_oracle(net, source) for source in SOURCES]
    assert after != before


@pytest.mark.parametrize("length", [5, 320, 331])
def test_the_best_of_many_are_found_block_by_block(length, generator):
    # Few different values, so that there are ties: the first comes first.
    values = generator.integers(0, 40, size=(6, length)).astype(np.float32)
    values[0, :3] = 50  # several of one block
    added = generator.integers(-1, 2, size=length).astype(np.float32)
    for offset in (None, added):
        summed = values if offset is None else values + offset
        found, places = lw.evaluate(_best(lw.constant(values), 3, offset), {})
        wanted = np.argsort(-summed, axis=1, kind="stable")[:, :3]
        np.testing.assert_array_equal(places, wanted)
        np.testing.assert_array_equal(found, np.take_along_axis(summed, wanted, 1))
