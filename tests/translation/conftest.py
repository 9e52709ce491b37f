import random

import pytest

import layerwise as lw

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
DIGITS = {name: str(number) for number, name in enumerate(NAMES)}


def reversed_digits(count, seed):
    """Words of digits, and the digits from the last to the first."""
    draw = random.Random(seed)
    words = [draw.choices(list(DIGITS), k=draw.randint(1, 3)) for _ in range(count)]
    sources = [" ".join(each) for each in words]
    return sources, [" ".join(DIGITS[word] for word in reversed(each)) for each in words]


@pytest.fixture(scope="session")
def translator():
    """A translator that has learned to read digits backwards."""
    model = lw.Translator(
        vocabulary="words", features=32, heads=2, layers=1, hidden=64, dropout=0.0, epochs=30,
        batch_size=32, learning_rate=4e-3, measures=1, clip_norm=None, random_state=0,
    )  # fmt: skip
    return model.fit(*reversed_digits(800, 1))
