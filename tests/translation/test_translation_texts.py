import numpy as np
import pytest

import layerwise as lw
from layerwise.data.text import BEGIN, END
from layerwise.translation import TextCodec, measure
from layerwise.translation.codec import usual_kind
from layerwise.translation.loss import TokenLoss
from layerwise.translation.sequences import Lengths, bucketed, choose_lengths, with_longest
from layerwise.translation.texts import hold_out, tidy

TEXTS = [
    "Open the file.",
    "L'homme \u00e0 la cam\u00e9ra",
    "\U0001f600 \u4f60\u597d, 3.14!",
    "the the file",
]


@pytest.mark.parametrize("kind", ["bpe", "words", "characters"])
def test_texts_come_back_from_their_numbers(kind):
    codec = TextCodec.learn(kind, TEXTS, 400 if kind == "bpe" else None)
    numbers = codec.encode_all(TEXTS)
    assert all(each[-1] == END for each in numbers)
    assert [codec.decode(each) for each in numbers] == TEXTS
    again = TextCodec.from_json(codec.as_json())
    assert again == codec
    assert again.encode_all(TEXTS) == numbers


@pytest.mark.parametrize("kind", ["bpe", "words", "characters"])
def test_units_cover_every_token_once(kind):
    codec = TextCodec.learn(kind, TEXTS, 300 if kind == "bpe" else None)
    for text, numbers in zip(TEXTS, codec.encode_all(TEXTS), strict=True):
        units = codec.units(numbers)
        assert [p for _, places in units for p in places] == list(range(len(numbers) - 1))
        if kind == "bpe":
            assert [word for word, _ in units] == text.split()


def test_unknown_words_and_characters_are_marked():
    for kind in ("words", "characters"):
        codec = TextCodec.learn(kind, ["abc def"])
        (numbers,) = codec.encode_all(["\u4f60"])
        assert codec.decode(numbers) == "\ufffd"
    whole = TextCodec.learn("bpe", ["abc def"], 260)
    assert (
        whole.decode(whole.encode_all(["\u4f60\u597d \U0001f600"])[0]) == "\u4f60\u597d \U0001f600"
    )


def test_a_damaged_vocabulary_is_refused():
    about = TextCodec.learn("words", TEXTS).as_json()
    for wrong in (
        {},
        {**about, "kind": "letters"},
        {**about, "kind": None},
        {**about, "learned": 3},
    ):
        with pytest.raises(lw.ModelFileError):
            TextCodec.from_json(wrong)
    with pytest.raises(lw.OptionError, match="vocabulary_size"):
        TextCodec.learn("words", TEXTS, 3)


def test_the_vocabulary_follows_from_the_texts():
    dates = [f"{day} May 2004" for day in range(1, 29)]
    assert usual_kind(dates, [f"2004-05-{day:02}" for day in range(1, 29)])[0] == "characters"
    names = [f"{a}{b}{c}" for a in "bcd" for b in "aei" for c in "xyz"]
    assert usual_kind(names, [name[::-1] for name in names])[0] == "characters"
    assert usual_kind(["open the file", "close the file"] * 20, ["a b", "c b"] * 20)[0] == "bpe"
    assert usual_kind(["word " * 40], ["1"])[0] == "bpe"


def test_texts_are_tidied():
    assert tidy(" a\u00a0 b\n\tc ") == "a b c"
    assert tidy("e\u0301") == "\u00e9"


def test_equal_sources_are_held_out_together():
    sources = [f"s{i % 50}" for i in range(200)]
    kept, held = hold_out(sources, 0.2, 0)
    assert sorted([*kept, *held]) == list(range(200))
    assert len({sources[i] for i in held}) == 10
    assert not {sources[i] for i in held} & {sources[i] for i in kept}
    assert len(hold_out(["a"], 0.1, 0)[1]) == 0


def test_lengths_are_few_and_fill_up_little(generator):
    lengths = generator.geometric(0.1, size=2000).clip(2, 100)
    rows = [[4] * (n - 1) + [END] for n in lengths]
    chosen = choose_lengths(rows, rows)
    assert len(chosen) <= 5
    assert chosen[-1].source >= lengths.max()
    fits = [next(each.source for each in chosen if each.source >= n) for n in lengths]
    assert sum(fits) < 1.25 * lengths.sum() + 4 * len(rows)
    assert choose_lengths([[3]], [[3]]) == [Lengths(4, 4)]
    assert with_longest([Lengths(4, 4)], [[3] * 9], [[3]])[-1] == Lengths(16, 8)


def test_rows_have_begin_before_and_their_tokens_as_weight():
    parts = bucketed(
        [[5, END], [6, 7, 8, 9, END]], [[4, END], [4, END]], [Lengths(4, 4), Lengths(8, 4)]
    )
    ((source, before), after, weight) = parts.parts[1]
    assert source.tolist() == [[6, 7, 8, 9, END, 0, 0, 0]]
    assert before.tolist() == [[BEGIN, 4, 0, 0]]
    assert after.tolist() == [[4, END, 0, 0]]
    assert weight.tolist() == [2]


def test_the_loss_leaves_padding_out_and_smooths(generator):
    logits = generator.normal(size=(2, 3, 6)).astype(np.float32)
    target = np.array([[4, 5, 3], [4, 3, 0]], np.float32)
    logs = logits - np.log(np.exp(logits.astype(np.float64)).sum(-1, keepdims=True))
    for smoothing in (0.0, 0.2):
        wanted = []
        for row in range(2):
            each = [
                -(1 - smoothing) * logs[row, t, int(k)] - smoothing * logs[row, t].mean()
                for t, k in enumerate(target[row])
                if k
            ]
            wanted.append(np.mean(each))
        graph = TokenLoss(smoothing)(lw.constant(logits), lw.constant(target))
        np.testing.assert_allclose(lw.evaluate([graph], {})[0], wanted, rtol=1e-5)


def test_measures():
    same = measure(["the cat sat on the mat"], ["the cat sat on the mat"])
    assert (round(same.bleu), round(same.chrf), same.exact, same.pairs) == (100, 100, 1.0, 1)
    other = measure(["a b c d e f"], ["the cat sat on the mat"])
    assert other.bleu < 10
    assert other.exact == 0
    with pytest.raises(lw.DataError, match="as many translations"):
        measure(["a"], [])
