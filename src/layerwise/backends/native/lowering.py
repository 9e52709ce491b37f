"""How each elementwise primitive becomes LLVM instructions: one line each.

An entry takes the function being built, the node, and the values of its inputs: scalars, or
vectors of equal lanes. Nothing is contracted or reordered, so scalars and vectors agree bit by bit.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...graph import dtypes
from ...graph.tensor import Tensor
from . import vector_math as math
from .emitter import Function, Value, constant, is_float, vector
from .float_math import by_lane

Lowering = Callable[..., Value]

REGISTER = {
    dtypes.float32: "float",
    dtypes.float64: "double",
    dtypes.int32: "i32",
    dtypes.uint32: "i32",
    dtypes.boolean: "i1",
}
"""LLVM type of an element while it is computed with."""

MEMORY = {**REGISTER, dtypes.boolean: "i8"}
"""LLVM type of an element in memory."""


def _operation(method: str) -> Lowering:
    return lambda f, node, x, y: getattr(f, method)(x, y)


def _instruction(opcode: str) -> Lowering:
    return lambda f, node, x, y: f.instruction(opcode, x, y)


def _function(name: str) -> Lowering:
    function = getattr(math, name)
    return lambda f, node, *operands: function(f, *operands)


def _sine(name: str) -> Lowering:
    function = getattr(math, name)

    def lower(f: Function, node: Tensor, x: Value) -> Value:
        # The vector code branches for huge angles, which hoisted code cannot.
        return function(f, x) if f.branches else _by_library(f, name, x)

    return lower


def _by_library(f: Function, name: str, x: Value) -> Value:
    if x.element == "double":
        return by_lane(f, name, x)
    wide = f.convert("fpext", x, vector("double", x.lanes))
    return f.convert("fptrunc", by_lane(f, name, wide), x.type)


def _comparison(floating: str, signed: str, unsigned: str) -> Lowering:
    def lower(f: Function, node: Tensor, x: Value, y: Value) -> Value:
        if is_float(x.type):
            return f.compare(floating, x, y)
        return f.compare(unsigned if _unsigned(node.inputs[0].dtype) else signed, x, y)

    return lower


def _extreme(function: Lowering, signed: str, unsigned: str) -> Lowering:
    def lower(f: Function, node: Tensor, x: Value, y: Value) -> Value:
        if is_float(x.type):
            return function(f, node, x, y)
        wins = f.compare(unsigned if _unsigned(node.dtype) else signed, x, y)
        return f.select(wins, x, y)

    return lower


def _unsigned(dtype: np.dtype) -> bool:
    return dtype in (dtypes.uint32, dtypes.boolean)


def _negative(f: Function, node: Tensor, x: Value) -> Value:
    return f.negate(x) if is_float(x.type) else f.subtract(constant(0, x.type), x)


def _absolute(f: Function, node: Tensor, x: Value) -> Value:
    if is_float(x.type):
        return math.absolute(f, x)
    if _unsigned(node.dtype):
        return x
    return f.select(f.compare("slt", x, constant(0, x.type)), _negative(f, node, x), x)


def _not(f: Function, node: Tensor, x: Value) -> Value:
    return f.instruction("xor", x, constant(1, x.type))


def _where(f: Function, node: Tensor, condition: Value, x: Value, y: Value) -> Value:
    return f.select(condition, x, y)


def _cast(f: Function, node: Tensor, x: Value) -> Value:
    return convert(f, x, node.inputs[0].dtype, node.dtype)


def convert(f: Function, x: Value, source: np.dtype, target: np.dtype) -> Value:
    """A value of one dtype as another, as NumPy's astype does it within range."""
    type_ = vector(REGISTER[target], x.lanes)
    if type_ == x.type:
        return x
    if target == dtypes.boolean:
        return f.compare("une" if is_float(x.type) else "ne", x, constant(0, x.type))
    if dtypes.is_float(source):
        if dtypes.is_float(target):
            return f.convert("fpext" if target == dtypes.float64 else "fptrunc", x, type_)
        # Saturating, because a plain conversion out of range is undefined.
        name = "fptoui" if _unsigned(target) else "fptosi"
        lanes = "" if x.lanes == 1 else f"v{x.lanes}"
        width = "f32" if x.element == "float" else "f64"
        return f.call(f"llvm.{name}.sat.{lanes}i32.{lanes}{width}", type_, [x])
    if dtypes.is_float(target):
        return f.convert("uitofp" if _unsigned(source) else "sitofp", x, type_)
    return f.convert("zext", x, type_)


LOWERING: dict[str, Lowering] = {
    "Add": _operation("add"),
    "Subtract": _operation("subtract"),
    "Multiply": _operation("multiply"),
    "Divide": _instruction("fdiv"),
    "Negative": _negative,
    "Absolute": _absolute,
    "Sign": _function("sign"),
    "Floor": _function("floor"),
    "Maximum": _extreme(_function("maximum"), "sgt", "ugt"),
    "Minimum": _extreme(_function("minimum"), "slt", "ult"),
    "Exp": _function("exp"),
    "Expm1": _function("expm1"),
    "Log": _function("log"),
    "Log1p": _function("log1p"),
    "Sqrt": _function("sqrt"),
    "Sin": _sine("sin"),
    "Cos": _sine("cos"),
    "Tanh": _function("tanh"),
    "Erf": _function("erf"),
    "Sigmoid": _function("sigmoid"),
    "Softplus": _function("softplus"),
    "Equal": _comparison("oeq", "eq", "eq"),
    "NotEqual": _comparison("une", "ne", "ne"),
    "Less": _comparison("olt", "slt", "ult"),
    "LessEqual": _comparison("ole", "sle", "ule"),
    "Greater": _comparison("ogt", "sgt", "ugt"),
    "GreaterEqual": _comparison("oge", "sge", "uge"),
    "LogicalAnd": _instruction("and"),
    "LogicalOr": _instruction("or"),
    "LogicalNot": _not,
    "IsFinite": _function("isfinite"),
    "Where": _where,
    "Cast": _cast,
    "StopGradient": lambda f, node, x: x,
}
"""Elementwise primitives by name."""


def identity(kind: str, dtype: np.dtype) -> float:
    """What a sum or maximum over nothing is."""
    if kind == "Sum":
        return 0
    if dtypes.is_float(dtype):
        return float("-inf")
    return 0 if _unsigned(dtype) else -(2**31)


def combine(f: Function, kind: str, node: Tensor, x: Value, y: Value) -> Value:
    """One step of a sum or a maximum."""
    return f.add(x, y) if kind == "Sum" else LOWERING["Maximum"](f, node, x, y)
