"""Primitives that work element by element, and the functions that apply them with broadcasting."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from . import dtypes
from .dimension import Shape, ShapeError, show
from .primitive import Concrete, Operand, Primitive, apply, as_tensor, primitive, unify
from .tensor import Tensor


class Elementwise(Primitive):
    """Output element i depends on element i of every input; shapes are equal, dtypes agree."""

    reference: ClassVar[Any]
    """A NumPy function of the inputs."""

    floats_only: ClassVar[bool] = False

    def infer(self, *inputs: Tensor) -> tuple[Shape, np.dtype]:
        """All inputs share shape and dtype, and so does the output."""
        first = inputs[0]
        for other in inputs[1:]:
            if other.shape != first.shape:
                raise ShapeError(f"{self.name}: {show(first.shape)} and {show(other.shape)} differ")
            if other.dtype != first.dtype:
                raise dtypes.DTypeError(f"{self.name}: {first.dtype} and {other.dtype} differ")
        if self.floats_only and not dtypes.is_float(first.dtype):
            raise dtypes.DTypeError(f"{self.name}: expected float32 or float64, got {first.dtype}")
        return first.shape, self.result_dtype(first.dtype)

    def result_dtype(self, dtype: np.dtype) -> np.dtype:
        """Dtype of the output, given that of the inputs."""
        return dtype

    def evaluate(self, out: Concrete, *arrays: np.ndarray) -> np.ndarray:
        """The NumPy reference."""
        return type(self).reference(*arrays)


class FloatFunction(Elementwise):
    """An elementwise function of real numbers."""

    floats_only = True


class Comparison(Elementwise):
    """Two inputs of one dtype, a boolean out."""

    differentiable = False

    def result_dtype(self, dtype: np.dtype) -> np.dtype:
        """Always boolean."""
        return dtypes.boolean


class Logical(Elementwise):
    """Booleans in, booleans out."""

    differentiable = False

    def infer(self, *inputs: Tensor) -> tuple[Shape, np.dtype]:
        """Inputs are boolean."""
        for x in inputs:
            if x.dtype != dtypes.boolean:
                raise dtypes.DTypeError(f"{self.name}: expected bool, got {x.dtype}")
        return super().infer(*inputs)


# -- arithmetic ------------------------------------------------------------------------------------


@primitive
class Add(Elementwise):
    """x + y."""

    reference = np.add

    def derivative(self, gradient, output, x, y):
        return gradient, gradient


@primitive
class Subtract(Elementwise):
    """x - y."""

    reference = np.subtract

    def derivative(self, gradient, output, x, y):
        return gradient, negative(gradient)


@primitive
class Multiply(Elementwise):
    """x * y."""

    reference = np.multiply

    def derivative(self, gradient, output, x, y):
        return gradient * y, gradient * x


@primitive
class Divide(FloatFunction):
    """x / y."""

    reference = np.divide

    def derivative(self, gradient, output, x, y):
        return gradient / y, negative(gradient * output / y)


@primitive
class Negative(Elementwise):
    """-x."""

    reference = np.negative

    def derivative(self, gradient, output, x):
        return (negative(gradient),)


@primitive
class Absolute(Elementwise):
    """|x|; the derivative at 0 is 0."""

    reference = np.abs

    def derivative(self, gradient, output, x):
        return (gradient * sign(x),)


@primitive
class Sign(FloatFunction):
    """-1, 0 or 1 by the sign of x; NaN stays NaN."""

    reference = np.sign
    differentiable = False


@primitive
class Floor(FloatFunction):
    """The largest whole number that is not above x."""

    reference = np.floor
    differentiable = False


@primitive
class Maximum(Elementwise):
    """The larger of x and y, NaN if either is; at a tie each gets half of the gradient."""

    reference = np.maximum

    def derivative(self, gradient, output, x, y):
        return _share(gradient, greater(x, y), equal(x, y))


@primitive
class Minimum(Elementwise):
    """The smaller of x and y, NaN if either is; at a tie each gets half of the gradient."""

    reference = np.minimum

    def derivative(self, gradient, output, x, y):
        return _share(gradient, less(x, y), equal(x, y))


def _share(gradient: Tensor, first_wins: Tensor, tie: Tensor) -> tuple[Tensor, Tensor]:
    half, nothing = gradient * 0.5, zeros_like(gradient)
    to_first = where(tie, half, where(first_wins, gradient, nothing))
    to_second = where(tie, half, where(first_wins, nothing, gradient))
    return to_first, to_second


# -- functions of real numbers ---------------------------------------------------------------------


@primitive
class Exp(FloatFunction):
    """e to the power x."""

    reference = np.exp

    def derivative(self, gradient, output, x):
        return (gradient * output,)


@primitive
class Expm1(FloatFunction):
    """e to the power x, minus 1, precise for small x."""

    reference = np.expm1

    def derivative(self, gradient, output, x):
        return (gradient * exp(x),)


@primitive
class Log(FloatFunction):
    """The natural logarithm."""

    reference = np.log

    def derivative(self, gradient, output, x):
        return (gradient / x,)


@primitive
class Log1p(FloatFunction):
    """log(1 + x), precise for small x."""

    reference = np.log1p

    def derivative(self, gradient, output, x):
        return (gradient / (x + 1.0),)


@primitive
class Sqrt(FloatFunction):
    """The square root."""

    reference = np.sqrt

    def derivative(self, gradient, output, x):
        return (gradient * 0.5 / output,)


@primitive
class Sin(FloatFunction):
    """Sine of x in radians."""

    reference = np.sin

    def derivative(self, gradient, output, x):
        return (gradient * cos(x),)


@primitive
class Cos(FloatFunction):
    """Cosine of x in radians."""

    reference = np.cos

    def derivative(self, gradient, output, x):
        return (negative(gradient * sin(x)),)


@primitive
class Tanh(FloatFunction):
    """Hyperbolic tangent."""

    reference = np.tanh

    def derivative(self, gradient, output, x):
        return (gradient * (1.0 - output * output),)


def _erf(x: np.ndarray) -> np.ndarray:
    return np.asarray(_erf_each(x), dtype=x.dtype)


_erf_each = np.frompyfunc(math.erf, 1, 1)


@primitive
class Erf(FloatFunction):
    """The error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x."""

    reference = _erf

    def derivative(self, gradient, output, x):
        return (gradient * (2.0 / math.sqrt(math.pi)) * exp(negative(x * x)),)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    # Of the two equal forms the one whose exponential cannot overflow.
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e)).astype(x.dtype)


@primitive
class Sigmoid(FloatFunction):
    """1 / (1 + e^-x), exact at both ends."""

    reference = _sigmoid

    def derivative(self, gradient, output, x):
        return (gradient * output * (1.0 - output),)


def _softplus(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


@primitive
class Softplus(FloatFunction):
    """log(1 + e^x), without overflow; minus it is the logarithm of the sigmoid of -x."""

    reference = _softplus

    def derivative(self, gradient, output, x):
        return (gradient * sigmoid(x),)


# -- comparisons, logic, choice --------------------------------------------------------------------


@primitive
class Equal(Comparison):
    """x == y."""

    reference = np.equal


@primitive
class NotEqual(Comparison):
    """x != y."""

    reference = np.not_equal


@primitive
class Less(Comparison):
    """x < y."""

    reference = np.less


@primitive
class LessEqual(Comparison):
    """x <= y."""

    reference = np.less_equal


@primitive
class Greater(Comparison):
    """x > y."""

    reference = np.greater


@primitive
class GreaterEqual(Comparison):
    """x >= y."""

    reference = np.greater_equal


@primitive
class LogicalAnd(Logical):
    """Both."""

    reference = np.logical_and


@primitive
class LogicalOr(Logical):
    """Either or both."""

    reference = np.logical_or


@primitive
class LogicalNot(Logical):
    """Not."""

    reference = np.logical_not


@primitive
class IsFinite(FloatFunction):
    """False for NaN and the infinities."""

    reference = np.isfinite
    differentiable = False

    def result_dtype(self, dtype):
        return dtypes.boolean


@primitive
class Where(Elementwise):
    """x where the condition holds, else y."""

    reference = np.where

    def infer(self, *inputs):
        condition, x, y = inputs
        if condition.dtype != dtypes.boolean:
            raise dtypes.DTypeError(f"Where: expected a bool condition, got {condition.dtype}")
        if not condition.shape == x.shape == y.shape:
            shapes = ", ".join(show(i.shape) for i in inputs)
            raise ShapeError(f"Where: shapes {shapes} differ")
        if x.dtype != y.dtype:
            raise dtypes.DTypeError(f"Where: {x.dtype} and {y.dtype} differ")
        return x.shape, x.dtype

    def derivative(self, gradient, output, condition, x, y):
        nothing = zeros_like(gradient)
        return None, where(condition, gradient, nothing), where(condition, nothing, gradient)


# -- conversion ------------------------------------------------------------------------------------


@primitive
class Cast(Elementwise):
    """The elements converted to another dtype; floats to integers cut off the fraction."""

    dtype: np.dtype

    def result_dtype(self, dtype):
        return self.dtype

    def evaluate(self, out, *arrays):
        return arrays[0].astype(self.dtype)

    def derivative(self, gradient, output, x):
        if not (dtypes.is_float(self.dtype) and dtypes.is_float(x.dtype)):
            return (None,)
        return (cast(gradient, x.dtype),)


@primitive
class StopGradient(Elementwise):
    """x, held constant by differentiation."""

    reference = np.asarray
    differentiable = False


# -- functions -------------------------------------------------------------------------------------


def _elementwise(operation: Primitive, *operands: Operand) -> Any:
    from .movement import broadcast_together

    return apply(operation, *broadcast_together(operation.name, *unify(operation.name, *operands)))


def add(x: Operand, y: Operand) -> Any:
    """x + y, element by element."""
    return _elementwise(Add(), x, y)


def subtract(x: Operand, y: Operand) -> Any:
    """x - y, element by element."""
    return _elementwise(Subtract(), x, y)


def multiply(x: Operand, y: Operand) -> Any:
    """x * y, element by element."""
    return _elementwise(Multiply(), x, y)


def divide(x: Operand, y: Operand) -> Any:
    """x / y, element by element."""
    return _elementwise(Divide(), x, y)


def negative(x: Operand) -> Any:
    """-x."""
    return _elementwise(Negative(), x)


def absolute(x: Operand) -> Any:
    """|x|."""
    return _elementwise(Absolute(), x)


def sign(x: Operand) -> Any:
    """-1, 0 or 1."""
    return _elementwise(Sign(), x)


def floor(x: Operand) -> Any:
    """The largest whole number that is not above x."""
    return _elementwise(Floor(), x)


def maximum(x: Operand, y: Operand) -> Any:
    """The larger of x and y, element by element."""
    return _elementwise(Maximum(), x, y)


def minimum(x: Operand, y: Operand) -> Any:
    """The smaller of x and y, element by element."""
    return _elementwise(Minimum(), x, y)


def exp(x: Operand) -> Any:
    """e to the power x."""
    return _elementwise(Exp(), x)


def expm1(x: Operand) -> Any:
    """e to the power x, minus 1."""
    return _elementwise(Expm1(), x)


def log(x: Operand) -> Any:
    """The natural logarithm."""
    return _elementwise(Log(), x)


def log1p(x: Operand) -> Any:
    """log(1 + x)."""
    return _elementwise(Log1p(), x)


def sqrt(x: Operand) -> Any:
    """The square root."""
    return _elementwise(Sqrt(), x)


def sin(x: Operand) -> Any:
    """Sine of x in radians."""
    return _elementwise(Sin(), x)


def cos(x: Operand) -> Any:
    """Cosine of x in radians."""
    return _elementwise(Cos(), x)


def tanh(x: Operand) -> Any:
    """Hyperbolic tangent."""
    return _elementwise(Tanh(), x)


def erf(x: Operand) -> Any:
    """The error function."""
    return _elementwise(Erf(), x)


def sigmoid(x: Operand) -> Any:
    """1 / (1 + e^-x)."""
    return _elementwise(Sigmoid(), x)


def softplus(x: Operand) -> Any:
    """log(1 + e^x)."""
    return _elementwise(Softplus(), x)


def square(x: Operand) -> Any:
    """x * x."""
    return multiply(x, x)


def power(x: Operand, exponent: float) -> Any:
    """x to a fixed power: products for whole exponents up to 8, else exp(exponent * log(x))."""
    if not isinstance(exponent, int | float):
        raise TypeError(
            "power: expected a Python number as exponent; write exp(y * log(x)) instead"
        )
    if exponent == 0.5:
        return sqrt(x)
    if exponent == int(exponent) and abs(exponent) <= 8:
        if exponent < 0:
            return divide(1.0, power(x, -exponent))
        if exponent == 0:
            return x * 0.0 + 1.0
        result = x
        for _ in range(int(exponent) - 1):
            result = multiply(result, x)
        return result
    return exp(multiply(log(x), exponent))


def equal(x: Operand, y: Operand) -> Any:
    """x == y, element by element, as booleans."""
    return _elementwise(Equal(), x, y)


def not_equal(x: Operand, y: Operand) -> Any:
    """x != y, element by element, as booleans."""
    return _elementwise(NotEqual(), x, y)


def less(x: Operand, y: Operand) -> Any:
    """x < y, element by element, as booleans."""
    return _elementwise(Less(), x, y)


def less_equal(x: Operand, y: Operand) -> Any:
    """x <= y, element by element, as booleans."""
    return _elementwise(LessEqual(), x, y)


def greater(x: Operand, y: Operand) -> Any:
    """x > y, element by element, as booleans."""
    return _elementwise(Greater(), x, y)


def greater_equal(x: Operand, y: Operand) -> Any:
    """x >= y, element by element, as booleans."""
    return _elementwise(GreaterEqual(), x, y)


def logical_and(x: Operand, y: Operand) -> Any:
    """Both, element by element."""
    return _elementwise(LogicalAnd(), x, y)


def logical_or(x: Operand, y: Operand) -> Any:
    """Either, element by element."""
    return _elementwise(LogicalOr(), x, y)


def logical_not(x: Operand) -> Any:
    """Not, element by element."""
    return _elementwise(LogicalNot(), x)


def isfinite(x: Operand) -> Any:
    """False for NaN and the infinities."""
    return _elementwise(IsFinite(), x)


def where(condition: Operand, x: Operand, y: Operand) -> Any:
    """x where the condition holds, else y; all three broadcast together.

    ``where(safe, f(x), 0)`` still differentiates f where it is not chosen: make f's argument safe
    first, with an inner `where`.
    """
    from .movement import broadcast_together

    x, y = unify("where", x, y)
    if isinstance(x, Tensor):
        condition = as_tensor(condition)
    elif isinstance(condition, Tensor):
        x, y = as_tensor(x), as_tensor(y)
    return apply(Where(), *broadcast_together("where", condition, x, y))


def clip(x: Operand, low: float, high: float) -> Any:
    """x, but not below `low` nor above `high`; the gradient is 0 beyond them."""
    x = as_tensor(x) if hasattr(x, "tensor") else x
    inside = logical_and(greater_equal(x, low), less_equal(x, high))
    bounded = minimum(maximum(x, low), high)
    return where(inside, x, stop_gradient(bounded))


def cast(x: Operand, dtype: object) -> Any:
    """The elements converted to another dtype."""
    dtype = dtypes.as_dtype(dtype)
    x = as_tensor(x) if hasattr(x, "tensor") else x
    if isinstance(x, Tensor) and x.dtype == dtype:
        return x
    return apply(Cast(dtype), x)


def stop_gradient(x: Operand) -> Any:
    """x, held constant by differentiation."""
    x = as_tensor(x) if hasattr(x, "tensor") else x
    return apply(StopGradient(), x)


def zeros_like(x: Operand) -> Any:
    """Zeros of the same shape and dtype."""
    return full_like(x, 0)


def full_like(x: Any, value: float) -> Any:
    """One number in the shape and dtype of x."""
    from .leaves import constant
    from .movement import broadcast_to

    if isinstance(x, Tensor):
        return broadcast_to(constant(value, x.dtype), x.shape)
    return np.full_like(dtypes.as_array(x), value)
