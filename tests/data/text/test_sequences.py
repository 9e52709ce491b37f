import numpy as np
import pytest

from layerwise.data.text import PADDING, UNKNOWN, bucket_length, bucket_rows, buckets, pad
from layerwise.errors import DataError, OptionError

LENGTHS = [8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024]


def test_sequences_are_filled_up_and_cut():
    found = pad([[4, 5, 6], [7], [8, 9]])
    assert found.dtype == np.int32
    assert found.tolist() == [[4, 5, 6], [7, 0, 0], [8, 9, 0]]
    assert pad([[4, 5, 6], [7], [8, 9]], 2).tolist() == [[4, 5], [7, 0], [8, 9]]
    assert pad([[4], [5, 6]], 4).tolist() == [[4, 0, 0, 0], [5, 6, 0, 0]]


def test_empty_sequences_have_one_unknown_word():
    assert pad([[], [4, 5]]).tolist() == [[UNKNOWN, PADDING], [4, 5]]
    assert pad([[], []]).tolist() == [[UNKNOWN], [UNKNOWN]]
    assert pad([]).shape == (0, 1)
    assert pad([], 5).shape == (0, 5)


def test_sequences_of_any_kind():
    for sequences in ([(4, 5), (6,)], [np.array([4, 5]), np.array([6], np.uint8)]):
        assert pad(sequences).tolist() == [[4, 5], [6, 0]]


@pytest.mark.parametrize("wrong", [-1, 1.5, "a", None, 2**31])
def test_what_is_no_number_of_a_word(wrong):
    with pytest.raises(DataError, match="row 1: expected whole numbers from 0 to 2"):
        pad([[4], [5, wrong]])
    with pytest.raises(OptionError, match="length"):
        pad([[4]], 0)


def test_lengths_of_buckets():
    for length in range(1025):
        assert bucket_length(length) == next(each for each in LENGTHS if each >= length)
    assert bucket_length(100_000) == 131_072
    assert bucket_length(90_000) == 98_304


def test_rows_of_buckets():
    found = bucket_rows([8, 9, 1, 300, 0, 24], maximum=100)
    assert [(length, rows.tolist()) for length, rows in found] == [
        (8, [0, 2, 4]), (16, [1]), (24, [5]), (100, [3]),
    ]  # fmt: skip
    assert bucket_rows([]) == []
    with pytest.raises(OptionError, match="maximum"):
        bucket_rows([1], 0)


def test_every_sequence_is_in_one_bucket():
    draw = np.random.default_rng(0)
    sequences = [draw.integers(4, 99, size=n).tolist() for n in draw.integers(0, 300, 200)]
    found = buckets(sequences, maximum=128)
    assert [bucket.length for bucket in found] == sorted({b.length for b in found})
    assert max(bucket.length for bucket in found) == 128
    assert sorted(np.concatenate([bucket.rows for bucket in found]).tolist()) == list(range(200))
    for bucket in found:
        assert bucket.numbers.shape == (len(bucket.rows), bucket.length)
        assert (np.diff(bucket.rows) > 0).all()
        for row, numbers in zip(bucket.rows.tolist(), bucket.numbers.tolist(), strict=True):
            expected = (sequences[row] or [UNKNOWN])[:128]
            assert numbers == expected + [PADDING] * (bucket.length - len(expected))
            assert len(sequences[row]) >= 128 or bucket_length(len(sequences[row])) == bucket.length
