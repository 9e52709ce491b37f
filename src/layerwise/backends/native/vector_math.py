"""Mathematical functions as inline code, for a scalar or a vector of float or double.

Each takes the function under construction and the operands, and returns the result. float32 is
our own polynomial code (`float_math`); float64, which serves checks of gradients, calls the C
library lane by lane. A scalar and a lane of a vector give the same bits, so the last columns of a
row may be done one by one. No fast-math flag is used: NaN and infinities survive.
"""

from __future__ import annotations

from layerwise.backends.native import float_math
from layerwise.backends.native.emitter import Function, Value, constant
from layerwise.backends.native.float_math import by_lane
from layerwise.graph import threefry


def exp(f: Function, x: Value) -> Value:
    """e^x."""
    return float_math.exp(f, x) if _is_single(x) else by_lane(f, "exp", x)


def expm1(f: Function, x: Value) -> Value:
    """e^x - 1."""
    return float_math.expm1(f, x) if _is_single(x) else by_lane(f, "expm1", x)


def log(f: Function, x: Value) -> Value:
    """Natural logarithm: -inf at zero, NaN below."""
    return float_math.log(f, x) if _is_single(x) else by_lane(f, "log", x)


def log1p(f: Function, x: Value) -> Value:
    """log(1 + x): -inf at -1, NaN below."""
    return float_math.log1p(f, x) if _is_single(x) else by_lane(f, "log1p", x)


def tanh(f: Function, x: Value) -> Value:
    """Hyperbolic tangent."""
    return float_math.tanh(f, x) if _is_single(x) else by_lane(f, "tanh", x)


def erf(f: Function, x: Value) -> Value:
    """Error function."""
    return float_math.erf(f, x) if _is_single(x) else by_lane(f, "erf", x)


def sin(f: Function, x: Value) -> Value:
    """Sine of an angle in radians."""
    return float_math.sin(f, x) if _is_single(x) else by_lane(f, "sin", x)


def cos(f: Function, x: Value) -> Value:
    """Cosine of an angle in radians."""
    return float_math.cos(f, x) if _is_single(x) else by_lane(f, "cos", x)


def sigmoid(f: Function, x: Value) -> Value:
    """1 / (1 + e^-x). Overflow of e^-x gives the right zero."""
    one = constant(1.0, x.type)
    return f.instruction("fdiv", one, f.add(one, exp(f, f.negate(x))))


def softplus(f: Function, x: Value) -> Value:
    """log(1 + e^x) = max(x, 0) + log1p(e^-|x|), where both terms are positive."""
    rest = exp(f, f.negate(absolute(f, x)))
    rest = float_math.log1p_unit(f, rest) if _is_single(x) else log1p(f, rest)
    return f.add(maximum(f, x, constant(0.0, x.type)), rest)


def sqrt(f: Function, x: Value) -> Value:
    """Square root, correctly rounded: NaN below zero."""
    return f.intrinsic("sqrt", x)


def floor(f: Function, x: Value) -> Value:
    """Round down to an integer."""
    return f.intrinsic("floor", x)


def absolute(f: Function, x: Value) -> Value:
    """|x|."""
    return f.intrinsic("fabs", x)


def sign(f: Function, x: Value) -> Value:
    """-1, 0 or 1; NaN stays."""
    zero, one = constant(0.0, x.type), constant(1.0, x.type)
    nonzero = f.intrinsic("copysign", one, x)
    # x + 0 is NaN for NaN, and +0 for both zeros.
    return f.select(f.compare("one", x, zero), nonzero, f.add(x, zero))


def isfinite(f: Function, x: Value) -> Value:
    """Whether x is neither infinite nor NaN; i1 in each lane."""
    return f.compare("olt", absolute(f, x), constant(float("inf"), x.type))


def maximum(f: Function, x: Value, y: Value) -> Value:
    """Choose the larger of two; NaN if either is NaN, like `numpy.maximum`."""
    # The inner choice is one instruction of x86, which gives y where a NaN is compared.
    larger = f.select(f.compare("ogt", x, y), x, y)
    return f.select(f.compare("uno", x, x), x, larger)


def minimum(f: Function, x: Value, y: Value) -> Value:
    """Choose the smaller of two; NaN if either is NaN, like `numpy.minimum`."""
    smaller = f.select(f.compare("olt", x, y), x, y)
    return f.select(f.compare("uno", x, x), x, smaller)


def threefry2x32(
    f: Function, key0: Value, key1: Value, counter0: Value, counter1: Value
) -> tuple[Value, Value]:
    """Threefry-2x32 with 20 rounds; see `layerwise.graph.threefry` for the source.

    Parameters
    ----------
    key0, key1, counter0, counter1 : i32 values of equal lanes.

    Returns
    -------
    Two i32 values: random words, a function of key and counter alone.
    """
    parity = f.instruction("xor", key0, key1)
    parity = f.instruction("xor", parity, constant(threefry.PARITY, key0.type))
    keys = (key0, key1, parity)
    x, y = f.add(counter0, key0), f.add(counter1, key1)
    for group in range(5):
        for rotation in threefry.ROTATIONS[group % 2]:
            x = f.add(x, y)
            y = f.intrinsic("fshl", y, y, constant(rotation, y.type))
            y = f.instruction("xor", x, y)
        x = f.add(x, keys[(group + 1) % 3])
        y = f.add(y, f.add(keys[(group + 2) % 3], constant(group + 1, y.type)))
    return x, y


def _is_single(x: Value) -> bool:
    return x.element == "float"
