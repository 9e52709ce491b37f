"""Texts: tokens, vocabularies, sequences of one length, and pairs of sentences from files."""

from .byte_pairs import BytePairTokenizer
from .ngrams import CharacterNgrams
from .pairs import Pairs, read_pairs
from .sequences import Bucket, bucket_length, bucket_rows, buckets, pad
from .texts import check_texts, read_lines
from .vocabulary import BEGIN, END, PADDING, SPECIAL, UNKNOWN, Vocabulary
from .word_tokenizer import JOIN, WordTokenizer

__all__ = [
    "BEGIN",
    "END",
    "JOIN",
    "PADDING",
    "SPECIAL",
    "UNKNOWN",
    "Bucket",
    "BytePairTokenizer",
    "CharacterNgrams",
    "Pairs",
    "Vocabulary",
    "WordTokenizer",
    "bucket_length",
    "bucket_rows",
    "buckets",
    "check_texts",
    "pad",
    "read_lines",
    "read_pairs",
]
