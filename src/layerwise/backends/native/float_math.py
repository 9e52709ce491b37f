"""Elementary functions of float32 as branch-free vector code.

Each function reduces its argument to a small interval, evaluates a polynomial there and undoes the
reduction, as in the textbooks: W. J. Cody and W. Waite, *Software Manual for the Elementary
Functions* (1980), and J.-M. Muller, *Elementary Functions* (2016). The coefficients are minimax
fits of our own (Lawson's reweighted least squares in double precision on 4001 Chebyshev points,
rounded to float32 one by one from the lowest degree up, the others fitted again each time).

Every lane sees the same operations whatever the number of lanes, so a scalar gives the bits that
a vector gives. NaN stays NaN, and results below the smallest normal float may become zero. Largest
errors over the normal floats, in units of the last place, with or without fused multiply-add:
exp 1.1, expm1 1.7, log 0.9, log1p 1.6, tanh 2.5, erf 1.2, sin 1.6, cos 1.6; and in `vector_math`
sigmoid 2.5, softplus 1.8.
"""

from __future__ import annotations

from collections.abc import Sequence

from layerwise.backends.native.emitter import Function, Value, constant, vector

_LOG2_E = 1.4426950408889634
_LN2_HIGH = 0.693145751953125  # 15 bits, so that an exponent times it is exact
_LN2_LOW = 1.4286068203094173e-06
_TWO_23 = 8388608.0
_SMALLEST_NORMAL = 2.0**-126
_LOG_LARGEST = 88.72283172607422  # largest float whose exponential is finite
_LOG_SMALLEST = -87.33654022216797  # smallest float whose exponential is normal

_ROUND = 12582912.0
"""1.5 * 2^23: adding it rounds to an integer, which then stands in the low bits of the sum."""
_ROUND_DOUBLE = 6755399441055744.0
"""1.5 * 2^52: the same for double."""

# Minimax coefficients, lowest degree first, and the relative error of the whole function.
_EXPM1 = (0.5, 0.166665435, 0.0416664295, 0.00836655963, 0.00139382749)
"""(e^r - 1 - r) / r^2 for |r| <= ln(2) / 2; 1.4e-8."""
_LOG1P = (
    0.333332121, -0.249997988, 0.200106427, -0.166805029,
    0.140017092, -0.121832617, 0.140063107, -0.128990263,
)  # fmt: skip
"""(log(1 + r) - r + r^2 / 2) / r^3 for |r| <= 1/3; 4.8e-9."""
_SIN = (-0.166666552, 0.00833218917, -0.000195182845)
"""(sin(r) - r) / r^3 in powers of r^2 for |r| <= pi / 4; 4e-9."""
_COS = (0.0416666456, -0.00138873106, 2.44325638e-05)
"""(cos(r) - 1 + r^2 / 2) / r^4 in powers of r^2 for |r| <= pi / 4; 1.2e-10."""
_ERF_SPLIT = 0.9
_ERF_SMALL = (0.128379151, -0.376125067, 0.112819783, -0.0267733987, 0.00500434591, -0.000605344598)
"""erf(x) / x - 1 in powers of x^2 for |x| <= 0.9; 1.4e-8."""
_ERF_LARGE = (
    -0.000166445723, -1.12779725, -0.636976063, -0.104113735,
    0.0223152749, -0.0030655188, 0.000198224254,
)  # fmt: skip
"""log(1 - erf(x)) for 0.9 <= x <= 4; 1.7e-9."""


def exp(f: Function, x: Value) -> Value:
    """e^x."""
    reduced, scale = _reduce_exponent(f, x)
    fraction = f.add(_expm1_reduced(f, reduced), constant(1.0, x.type))
    # The exponent is added in the bits, not multiplied in, to reach 2^128 * 0.99 in one step and
    # to raise no underflow, which is slow: softmax with a mask asks for exp(-1e9) all the time.
    scaled = _as_float(f, f.add(_as_int(f, fraction), scale))
    scaled = f.select(f.compare("olt", x, constant(_LOG_SMALLEST, x.type)), _zero(x), scaled)
    infinite = f.add(x, constant(float("inf"), x.type))  # or NaN
    return f.select(f.compare("ole", x, constant(_LOG_LARGEST, x.type)), scaled, infinite)


def expm1(f: Function, x: Value) -> Value:
    """e^x - 1, precise near zero."""
    clamped = _clamp_above(f, _clamp_below(f, x, -18.0), 89.0)
    # Half of the result, because 2^128 is no float: e^r 2^k - 1 = 2 ((e^r - 1) s + s - 1/2).
    half = constant(0.5, x.type)
    reduced, scale = _reduce_exponent(f, clamped)
    scale = _as_float(f, f.add(_as_int(f, half), scale))
    halved = f.multiply_add(scale, _expm1_reduced(f, reduced), f.subtract(scale, half))
    return _copy_sign(f, f.add(halved, halved), x)


def log(f: Function, x: Value) -> Value:
    """Natural logarithm: -inf at zero, NaN below."""
    denormal = f.compare("olt", x, constant(_SMALLEST_NORMAL, x.type))
    normal = f.select(denormal, f.multiply(x, constant(_TWO_23, x.type)), x)
    correction = f.select(denormal, constant(-23.0, x.type), _zero(x))
    shift = _exponent_bits(f, normal)
    mantissa = _as_float(f, f.subtract(_as_int(f, normal), shift))
    exponent = f.add(_exponent(f, shift, x.type), correction)
    result = _log_reduced(f, f.subtract(mantissa, constant(1.0, x.type)), exponent)
    return _log_specials(f, x, x, result)


def log1p(f: Function, x: Value) -> Value:
    """log(1 + x), precise near zero: -inf at -1, NaN below."""
    shifted = f.add(x, constant(1.0, x.type))
    result = _copy_sign(f, _log1p_finite(f, x, shifted), x)
    return _log_specials(f, x, shifted, result)


def tanh(f: Function, x: Value) -> Value:
    """Hyperbolic tangent: -E / (2 + E) with E = e^(-2|x|) - 1, and the sign of x."""
    size = _clamp_above(f, f.intrinsic("fabs", x), 10.0)
    reduced, scale = _reduce_exponent(f, f.multiply(size, constant(-2.0, x.type)))
    one = constant(1.0, x.type)
    scale = _as_float(f, f.add(_as_int(f, one), scale))
    minus = f.multiply_add(scale, _expm1_reduced(f, reduced), f.subtract(scale, one))
    ratio = f.instruction("fdiv", minus, f.add(minus, constant(2.0, x.type)))
    return _copy_sign(f, ratio, x)


def erf(f: Function, x: Value) -> Value:
    """Error function: a polynomial near zero, 1 - e^(another) beyond."""
    square = f.multiply(x, x)
    small = f.multiply_add(_polynomial(f, square, _ERF_SMALL), x, x)
    size = f.intrinsic("fabs", x)
    exponent = _polynomial(f, _clamp_above(f, size, 4.0), _ERF_LARGE)
    reduced, scale = _reduce_exponent(f, exponent)
    one = constant(1.0, x.type)
    scale = _as_float(f, f.add(_as_int(f, one), scale))
    # 1 - e^y = (1 - s) - s (e^r - 1)
    rest = f.multiply(f.negate(scale), _expm1_reduced(f, reduced))
    large = _copy_sign(f, f.add(f.subtract(one, scale), rest), x)
    return f.select(f.compare("ogt", size, constant(_ERF_SPLIT, x.type)), large, small)


def log1p_unit(f: Function, x: Value) -> Value:
    """log(1 + x) for x in [0, 1]; what it gives for NaN is undefined."""
    return _log1p_finite(f, x, f.add(x, constant(1.0, x.type)))


def sin(f: Function, x: Value) -> Value:
    """Sine; see `_sine`."""
    return _sine(f, x, "sin", quarter=0)


def cos(f: Function, x: Value) -> Value:
    """Cosine: the sine a quarter of a turn later."""
    return _sine(f, x, "cos", quarter=1)


# -- exponentials ------------------------------------------------------------------------------


def _reduce_exponent(f: Function, x: Value) -> tuple[Value, Value]:
    """Write x as r + k ln(2) with |r| <= ln(2) / 2; return r, and k as bits of an exponent."""
    rounding = constant(_ROUND, x.type)
    rounded = f.multiply_add(x, constant(_LOG2_E, x.type), rounding)
    count = f.subtract(rounded, rounding)
    reduced = f.multiply_add(count, constant(-_LN2_HIGH, x.type), x)
    reduced = f.multiply_add(count, constant(-_LN2_LOW, x.type), reduced)
    # The shift drops all but the integer that stands in the low bits.
    bits = _as_int(f, rounded)
    return reduced, f.instruction("shl", bits, constant(23, bits.type))


def _expm1_reduced(f: Function, r: Value) -> Value:
    """e^r - 1 for |r| <= ln(2) / 2."""
    return f.multiply_add(f.multiply(r, r), _polynomial(f, r, _EXPM1), r)


# -- logarithms --------------------------------------------------------------------------------


def _exponent_bits(f: Function, x: Value) -> Value:
    """Return k in the place of a float's exponent, where x 2^-k lies in [2/3, 4/3)."""
    bits = _as_int(f, x)
    above = f.subtract(bits, constant(0x3F2AAAAB, bits.type))  # the bits of 2/3
    return f.instruction("and", above, constant(-(1 << 23), bits.type))


def _exponent(f: Function, shift: Value, type_: str) -> Value:
    """Convert k to a float, from where `_exponent_bits` leaves it."""
    return f.convert("sitofp", f.instruction("ashr", shift, constant(23, shift.type)), type_)


def _log_reduced(f: Function, r: Value, exponent: Value) -> Value:
    """log((1 + r) 2^exponent) for |r| <= 1/3; the small terms are added first."""
    square = f.multiply(r, r)
    rest = f.multiply(f.multiply(r, square), _polynomial(f, r, _LOG1P))
    rest = f.multiply_add(exponent, constant(_LN2_LOW, r.type), rest)
    rest = f.multiply_add(square, constant(-0.5, r.type), rest)
    return f.multiply_add(exponent, constant(_LN2_HIGH, r.type), f.add(r, rest))


def _log1p_finite(f: Function, x: Value, shifted: Value) -> Value:
    """log(1 + x) for finite x > -1, given 1 + x as it rounds.

    With k of the rounded sum, (1 + x) 2^-k - 1 = x 2^-k + (2^-k - 1) is exact enough: so the
    digits that 1 + x drops are not lost. 2^-k is made as 2^(2-k) / 4, because 2^-128 is not normal.
    """
    shift = _exponent_bits(f, shifted)
    mantissa = _as_float(f, f.subtract(_as_int(f, x), shift))
    four = _as_int(f, constant(4.0, x.type))
    scale = _as_float(f, f.subtract(four, shift))
    less_one = f.multiply_add(scale, constant(0.25, x.type), constant(-1.0, x.type))
    return _log_reduced(f, f.add(mantissa, less_one), _exponent(f, shift, x.type))


def _log_specials(f: Function, x: Value, argument: Value, result: Value) -> Value:
    """Put right what the bits of zero, negative, infinite and NaN arguments gave."""
    infinity = constant(float("inf"), x.type)
    result = f.select(f.compare("olt", argument, infinity), result, x)
    is_zero = f.compare("oeq", argument, _zero(x))
    below = f.select(is_zero, f.negate(infinity), constant(float("nan"), x.type))
    return f.select(f.compare("ole", argument, _zero(x)), below, result)


# -- sine and cosine ---------------------------------------------------------------------------

_TWO_OVER_PI = 0.6366197723675814
_HALF_PI_HIGH = 1.5707963267341256  # 33 bits: a product with up to 20 bits is exact in double
_HALF_PI_LOW = 6.077100506506192e-11
_SINE_LIMIT = 1000000.0


def _sine(f: Function, x: Value, name: str, quarter: int) -> Value:
    """sin(x + quarter pi / 2).

    The multiple of pi / 2 is taken off in double precision (Cody and Waite), which serves up to
    |x| = 10^6. If a lane is larger, all lanes go to the C library too and that lane takes it.
    """
    double, integer = vector("double", x.lanes), vector("i64", x.lanes)
    wide = f.convert("fpext", x, double)
    rounding = constant(_ROUND_DOUBLE, double)
    rounded = f.multiply_add(wide, constant(_TWO_OVER_PI, double), rounding)
    count = f.subtract(rounded, rounding)
    reduced = f.multiply_add(count, constant(-_HALF_PI_HIGH, double), wide)
    reduced = f.multiply_add(count, constant(-_HALF_PI_LOW, double), reduced)
    r = f.convert("fptrunc", reduced, x.type)
    bits = f.convert("trunc", f.convert("bitcast", rounded, integer), vector("i32", x.lanes))
    quadrant = f.add(bits, constant(quarter, bits.type))

    square = f.multiply(r, r)
    cube = f.multiply(square, r)
    sine = _copy_sign(f, f.multiply_add(_polynomial(f, square, _SIN), cube, r), r)  # -0 stays
    half = f.multiply_add(square, constant(-0.5, x.type), constant(1.0, x.type))
    cosine = f.multiply_add(_polynomial(f, square, _COS), f.multiply(square, square), half)
    odd = f.instruction("and", quadrant, constant(1, bits.type))
    result = f.select(f.compare("ne", odd, constant(0, bits.type)), cosine, sine)
    sign = f.instruction("shl", f.instruction("lshr", quadrant, constant(1, bits.type)),
                         constant(31, bits.type))  # fmt: skip
    result = _as_float(f, f.instruction("xor", _as_int(f, result), sign))

    large = f.compare("ogt", f.intrinsic("fabs", x), constant(_SINE_LIMIT, x.type))

    def by_library() -> list[Value]:
        return [f.select(large, f.convert("fptrunc", by_lane(f, name, wide), x.type), result)]

    return f.when(_any(f, large), by_library, lambda: [result])[0]


def by_lane(f: Function, name: str, x: Value) -> Value:
    """Call a function of the C library, double to double, lane after lane."""
    result = x
    for lane in range(x.lanes):
        value = f.call(name, "double", [f.extract(x, lane)])
        result = f.insert(result, value, lane)
    return result


# -- small parts -------------------------------------------------------------------------------


def _polynomial(f: Function, x: Value, coefficients: Sequence[float]) -> Value:
    """Horner's scheme; the lowest degree comes first."""
    *lower, result = (constant(c, x.type) for c in coefficients)
    for coefficient in reversed(lower):
        result = f.multiply_add(result, x, coefficient)
    return result


def _zero(x: Value) -> Value:
    return constant(0.0, x.type)


def _clamp_below(f: Function, x: Value, limit: float) -> Value:
    """At least the limit; NaN stays."""
    bound = constant(limit, x.type)
    return f.select(f.compare("olt", x, bound), bound, x)


def _clamp_above(f: Function, x: Value, limit: float) -> Value:
    """At most the limit; NaN stays."""
    bound = constant(limit, x.type)
    return f.select(f.compare("ogt", x, bound), bound, x)


def _copy_sign(f: Function, x: Value, sign: Value) -> Value:
    return f.intrinsic("copysign", x, sign)


def _as_int(f: Function, x: Value) -> Value:
    """Reinterpret a float as its bits."""
    return f.convert("bitcast", x, vector("i32", x.lanes))


def _as_float(f: Function, x: Value) -> Value:
    """Reinterpret bits as the float that they are."""
    return f.convert("bitcast", x, vector("float", x.lanes))


def _any(f: Function, mask: Value) -> Value:
    """Whether the mask is true in any lane."""
    if mask.lanes == 1:
        return mask
    return f.call(f"llvm.vector.reduce.or.v{mask.lanes}i1", "i1", [mask])
