"""LLVM IR as text: a builder for one function, with typed values and structured loops.

Text is emitted directly because building IR through llvmlite's object layer costs about as much
as compiling it. Every value carries its LLVM type, so arithmetic picks the right opcode.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple


class Value(NamedTuple):
    """An LLVM value: how it is written, and its LLVM type."""

    text: str
    type: str

    @property
    def lanes(self) -> int:
        """Number of vector lanes; 1 for a scalar."""
        return vector_lanes(self.type)

    @property
    def element(self) -> str:
        """The scalar type, or the type of one lane."""
        return element_type(self.type)


Operand = Value | int
"""An integer operand may be a Python int: a constant known while emitting, folded if possible."""


def vector(element: str, lanes: int) -> str:
    """Type of a vector of `lanes` elements; the element itself when `lanes` is 1."""
    return element if lanes == 1 else f"<{lanes} x {element}>"


def vector_lanes(type_: str) -> int:
    """Lanes of a type: 1 for a scalar."""
    return int(type_[1:].split(" ", 1)[0]) if type_[0] == "<" else 1


def element_type(type_: str) -> str:
    """Type of one lane of a vector type; a scalar type itself."""
    return type_[1:-1].split(" x ", 1)[1] if type_[0] == "<" else type_


def is_float(type_: str) -> bool:
    """Whether the type (or its lanes) is floating point."""
    return element_type(type_) in ("float", "double")


def suffix(type_: str) -> str:
    """Name of a type inside intrinsic names, such as ``v8f32`` or ``f64``."""
    names = {"float": "f32", "double": "f64"}
    element = element_type(type_)
    name = names.get(element, element)
    lanes = vector_lanes(type_)
    return name if lanes == 1 else f"v{lanes}{name}"


def literal(number: float, element: str) -> str:
    """How a scalar constant of the element type is written.

    LLVM writes a float constant as the hexadecimal bits of the double of the same value.
    """
    if element in ("float", "double"):
        if element == "float":
            try:
                number = struct.unpack("<f", struct.pack("<f", number))[0]
            except OverflowError:
                number = float("inf") if number > 0 else float("-inf")
        return f"0x{struct.unpack('<Q', struct.pack('<d', number))[0]:016X}"
    if element == "i1":
        return "true" if number else "false"
    return str(int(number))


def constant(number: float, type_: str) -> Value:
    """A constant of a scalar or vector type (the same number in every lane)."""
    lanes, element = vector_lanes(type_), element_type(type_)
    text = literal(number, element)
    if lanes == 1:
        return Value(text, type_)
    return Value("<" + ", ".join([f"{element} {text}"] * lanes) + ">", type_)


def constant_vector(numbers: Sequence[float], element: str) -> Value:
    """A constant vector with a number for each lane (a scalar constant for one number)."""
    if len(numbers) == 1:
        return constant(numbers[0], element)
    text = "<" + ", ".join(f"{element} {literal(n, element)}" for n in numbers) + ">"
    return Value(text, vector(element, len(numbers)))


_OPCODES = {
    "add": ("fadd", "add"),
    "sub": ("fsub", "sub"),
    "mul": ("fmul", "mul"),
}


class Function:
    """Builds the text of one LLVM function.

    Parameters
    ----------
    name : symbol name.
    parameters : pairs of (name, LLVM type, optionally with attributes: ``"ptr noalias"``).
    result : LLVM type of the result.
    linkage : ``""`` for an exported function, ``"internal"`` for one private to its module.
    attributes : LLVM function attributes.
    """

    def __init__(
        self,
        name: str,
        parameters: Sequence[tuple[str, str]],
        result: str = "void",
        linkage: str = "",
        attributes: str = "nounwind",
    ) -> None:
        self.name = name
        self.result = result
        self.parameters = [
            Value(f"%{n}", t.split(" ", 1)[0] if t[0] != "<" else t) for n, t in parameters
        ]
        signature = ", ".join(f"{t} %{n}" for n, t in parameters)
        head = " ".join(
            filter(None, ["define", linkage, result, f"@{name}({signature})", attributes])
        )
        # A region is a list among the lines, filled later: code hoisted out of what follows it.
        self.entry: list[Any] = []
        self.lines: list[Any] = [head + " {", "entry:", self.entry]
        self.block = "entry"
        self.branches = True
        """Whether code emitted now may branch; not so while a region is filled."""
        self.count = 0
        self.declarations: set[str] = set()

    # -- plumbing ------------------------------------------------------------------------------

    def emit(self, text: str) -> None:
        """Append one instruction that has no result."""
        self.lines.append("  " + text)

    def value(self, text: str, type_: str) -> Value:
        """Append one instruction and name its result."""
        self.count += 1
        name = f"%v{self.count}"
        self.lines.append(f"  {name} = {text}")
        return Value(name, type_)

    def label(self) -> str:
        """A fresh block label."""
        self.count += 1
        return f"b{self.count}"

    def start_block(self, label: str) -> None:
        """Begin a basic block."""
        self.lines.append(label + ":")
        self.block = label

    def branch(self, label: str) -> None:
        """Jump to a block."""
        self.emit(f"br label %{label}")

    def branch_if(self, condition: Value, then: str, otherwise: str) -> None:
        """Jump to one of two blocks."""
        self.emit(f"br i1 {condition.text}, label %{then}, label %{otherwise}")

    def phi(self, type_: str, incoming: Sequence[tuple[Value, str]]) -> Value:
        """A value that depends on the block control came from."""
        pairs = ", ".join(f"[ {v.text}, %{b} ]" for v, b in incoming)
        return self.value(f"phi {type_} {pairs}", type_)

    def call(
        self, name: str, result: str, arguments: Sequence[Value], declare: bool = True
    ) -> Value:
        """Call a function by name; it is declared in the module unless `declare` is false."""
        if declare:
            types = ", ".join(a.type for a in arguments)
            self.declarations.add(f"declare {result} @{name}({types})")
        text = f"call {result} @{name}({', '.join(f'{a.type} {a.text}' for a in arguments)})"
        if result == "void":
            self.emit(text)
            return Value("", "void")
        return self.value(text, result)

    def finish(self, result: Value | None = None) -> str:
        """Return from the function and give its text."""
        self.emit("ret void" if result is None else f"ret {result.type} {result.text}")
        self.lines.append("}")
        return "\n".join(_flatten(self.lines))

    def region(self) -> list[Any]:
        """A place among the lines, to be filled later with `inserting`."""
        lines: list[Any] = []
        self.lines.append(lines)
        return lines

    @contextmanager
    def inserting(self, region: list[Any]) -> Iterator[None]:
        """Emit straight-line code (no branches) into a region instead of at the end."""
        lines, self.lines, block = self.lines, region, self.block
        outside, self.branches = self.branches, False
        try:
            yield
        finally:
            assert self.block == block, "code in a region cannot branch"
            self.lines, self.branches = lines, outside

    # -- arithmetic ----------------------------------------------------------------------------

    def operand(self, x: Operand, type_: str = "i64") -> Value:
        """A Value for an operand that may be a Python int."""
        return constant(x, type_) if isinstance(x, int) else x

    def _binary(self, name: str, a: Value, b: Value) -> Value:
        opcode = _OPCODES[name][0 if is_float(a.type) else 1]
        return self.value(f"{opcode} {a.type} {a.text}, {b.text}", a.type)

    def add(self, a: Operand, b: Operand) -> Value:
        """a + b; folds integer constants and adding zero."""
        if isinstance(a, int) and isinstance(b, int):
            return constant(a + b, "i64")
        if isinstance(a, int):
            a, b = b, a
        assert isinstance(a, Value)
        if isinstance(b, int):
            if b == 0:
                return a
            b = constant(b, a.type)
        return self._binary("add", a, b)

    def subtract(self, a: Operand, b: Operand) -> Value:
        """a - b."""
        if isinstance(b, int) and b == 0 and isinstance(a, Value):
            return a
        type_ = a.type if isinstance(a, Value) else b.type if isinstance(b, Value) else "i64"
        return self._binary("sub", self.operand(a, type_), self.operand(b, type_))

    def multiply(self, a: Operand, b: Operand) -> Value:
        """a * b; folds integer constants and multiplying by one."""
        if isinstance(a, int) and isinstance(b, int):
            return constant(a * b, "i64")
        if isinstance(a, int):
            a, b = b, a
        assert isinstance(a, Value)
        if isinstance(b, int):
            if b == 1:
                return a
            b = constant(b, a.type)
        return self._binary("mul", a, b)

    def instruction(self, opcode: str, a: Value, b: Value) -> Value:
        """Any two-operand instruction on equal types, such as ``and``, ``shl`` or ``fdiv``."""
        return self.value(f"{opcode} {a.type} {a.text}, {b.text}", a.type)

    def compare(self, predicate: str, a: Operand, b: Operand) -> Value:
        """icmp or fcmp by the operands' type; the predicate is LLVM's (``slt``, ``ogt``, ...)."""
        type_ = a.type if isinstance(a, Value) else b.type if isinstance(b, Value) else "i64"
        a, b = self.operand(a, type_), self.operand(b, type_)
        opcode = "fcmp" if is_float(type_) else "icmp"
        return self.value(f"{opcode} {predicate} {type_} {a.text}, {b.text}", vector("i1", a.lanes))

    def select(self, condition: Value, a: Value, b: Value) -> Value:
        """`a` where the condition holds, else `b`; lane by lane for vectors."""
        text = f"select {condition.type} {condition.text}, {a.type} {a.text}, {b.type} {b.text}"
        return self.value(text, a.type)

    def convert(self, opcode: str, a: Value, type_: str) -> Value:
        """A conversion instruction (``sitofp``, ``bitcast``, ``zext``, ...)."""
        return self.value(f"{opcode} {a.type} {a.text} to {type_}", type_)

    def intrinsic(self, name: str, *arguments: Value) -> Value:
        """An overloaded LLVM intrinsic whose operands and result share one type."""
        type_ = arguments[0].type
        return self.call(f"llvm.{name}.{suffix(type_)}", type_, arguments)

    def fma(self, a: Value, b: Value, c: Value) -> Value:
        """a * b + c, rounded once."""
        return self.intrinsic("fma", a, b, c)

    def multiply_add(self, a: Value, b: Value, c: Value) -> Value:
        """a * b + c, rounded once where the processor does that in one instruction, else twice."""
        return self.intrinsic("fmuladd", a, b, c)

    def negate(self, a: Value) -> Value:
        """-a for floating point."""
        return self.value(f"fneg {a.type} {a.text}", a.type)

    # -- vectors -------------------------------------------------------------------------------

    def splat(self, a: Value, lanes: int) -> Value:
        """The scalar in every lane (itself when `lanes` is 1)."""
        if lanes == 1:
            return a
        type_ = vector(a.type, lanes)
        first = self.value(f"insertelement {type_} poison, {a.type} {a.text}, i64 0", type_)
        mask = vector("i32", lanes)
        return self.value(
            f"shufflevector {type_} {first.text}, {type_} poison, {mask} zeroinitializer", type_
        )

    def shuffle(self, a: Value, b: Value, lanes: Sequence[int]) -> Value:
        """Choose lanes of a (0..n-1) and b (n..2n-1)."""
        mask = constant_vector(list(lanes), "i32")
        type_ = vector(a.element, len(lanes))
        return self.value(
            f"shufflevector {a.type} {a.text}, {b.type} {b.text}, {mask.type} {mask.text}", type_
        )

    def extract(self, a: Value, lane: Operand) -> Value:
        """One lane of a vector (a scalar is its own lane)."""
        if a.lanes == 1:
            return a
        lane = self.operand(lane)
        return self.value(f"extractelement {a.type} {a.text}, i64 {lane.text}", a.element)

    def insert(self, a: Value, x: Value, lane: int) -> Value:
        """The vector with one lane replaced."""
        if a.lanes == 1:
            return x
        return self.value(f"insertelement {a.type} {a.text}, {x.type} {x.text}, i64 {lane}", a.type)

    def fold_lanes(self, a: Value, combine: Callable[[Value, Value], Value]) -> Value:
        """Combine all lanes into one scalar, halves first: a fixed order."""
        lanes = a.lanes
        while lanes > 1:
            lanes //= 2
            if lanes == 1:
                low, high = self.extract(a, 0), self.extract(a, 1)
            else:
                low = self.shuffle(a, a, range(lanes))
                high = self.shuffle(a, a, range(lanes, 2 * lanes))
            a = combine(low, high)
        return a

    # -- memory --------------------------------------------------------------------------------

    def offset(self, pointer: Value, index: Operand, type_: str) -> Value:
        """Address of element `index` of an array of `type_`."""
        if isinstance(index, int):
            if index == 0:
                return pointer
            index = constant(index, "i64")
        text = f"getelementptr inbounds {type_}, ptr {pointer.text}, i64 {index.text}"
        return self.value(text, "ptr")

    def load(self, pointer: Value, type_: str, align: int = 0) -> Value:
        """Load; `align` in bytes, by default that of one element."""
        align = align or size_of(element_type(type_))
        return self.value(f"load {type_}, ptr {pointer.text}, align {align}", type_)

    def store(self, x: Value, pointer: Value, align: int = 0) -> None:
        """Store; `align` in bytes, by default that of one element."""
        align = align or size_of(x.element)
        self.emit(f"store {x.type} {x.text}, ptr {pointer.text}, align {align}")

    def masked_load(self, pointer: Value, mask: Value, type_: str) -> Value:
        """Load the lanes whose mask is true; the others are zero."""
        name, align = suffix(type_), size_of(element_type(type_))
        zero = Value("zeroinitializer", type_)
        self.declarations.add(
            f"declare {type_} @llvm.masked.load.{name}.p0(ptr, i32 immarg, {mask.type}, {type_})"
        )
        return self.value(
            f"call {type_} @llvm.masked.load.{name}.p0(ptr {pointer.text}, i32 {align}, "
            f"{mask.type} {mask.text}, {type_} {zero.text})",
            type_,
        )

    def masked_store(self, x: Value, pointer: Value, mask: Value) -> None:
        """Store the lanes whose mask is true."""
        name, align = suffix(x.type), size_of(x.element)
        self.declarations.add(
            f"declare void @llvm.masked.store.{name}.p0({x.type}, ptr, i32 immarg, {mask.type})"
        )
        self.emit(
            f"call void @llvm.masked.store.{name}.p0({x.type} {x.text}, ptr {pointer.text}, "
            f"i32 {align}, {mask.type} {mask.text})"
        )

    def allocate(self, type_: str, count: int = 1, align: int = 64) -> Value:
        """Stack memory; call it while emitting the entry block only."""
        return self.value(f"alloca {type_}, i64 {count}, align {align}", "ptr")

    # -- control -------------------------------------------------------------------------------

    def loop(
        self,
        start: Operand,
        stop: Operand,
        body: Callable[[Value, list[Value]], Sequence[Value] | None],
        step: Operand = 1,
        carry: Sequence[Value] = (),
    ) -> list[Value]:
        """Count from `start` to below `stop`; `body(index, carried)` gives the next carried values.

        Returns the carried values after the last round. An empty range runs no round.
        """
        start, stop = self.operand(start), self.operand(stop)
        before, head, after = self.block, self.label(), self.label()
        entered = self.compare("slt", start, stop)
        self.branch_if(entered, head, after)
        self.start_block(head)
        slot = len(self.lines)
        self.count += 1
        index = Value(f"%i{self.count}", "i64")
        self.lines.append("")
        carried: list[Value] = []
        for initial in carry:
            self.count += 1
            carried.append(Value(f"%c{self.count}", initial.type))
            self.lines.append("")
        after_round = list(body(index, carried) or ())
        assert len(after_round) == len(carried)
        last = self.block
        following = self.value(f"add nsw i64 {index.text}, {self.operand(step).text}", "i64")
        more = self.compare("slt", following, stop)
        self.branch_if(more, head, after)
        self.lines[slot] = (
            f"  {index.text} = phi i64 [ {start.text}, %{before} ], [ {following.text}, %{last} ]"
        )
        for k, (initial, inside, final) in enumerate(zip(carry, carried, after_round, strict=True)):
            self.lines[slot + 1 + k] = (
                f"  {inside.text} = phi {inside.type} [ {initial.text}, %{before} ], "
                f"[ {final.text}, %{last} ]"
            )
        self.start_block(after)
        return [
            self.phi(initial.type, [(initial, before), (final, last)])
            for initial, final in zip(carry, after_round, strict=True)
        ]

    def when(
        self,
        condition: Value,
        then: Callable[[], Sequence[Value] | None],
        otherwise: Callable[[], Sequence[Value] | None] | None = None,
    ) -> list[Value]:
        """Run one of two branches and join the values they give (equally many, of equal types)."""
        yes, no, join = self.label(), self.label(), self.label()
        self.branch_if(condition, yes, no)
        self.start_block(yes)
        a = list(then() or ())
        end_yes = self.block
        self.branch(join)
        self.start_block(no)
        b = list((otherwise() if otherwise else None) or ())
        end_no = self.block
        self.branch(join)
        self.start_block(join)
        return [self.phi(x.type, [(x, end_yes), (y, end_no)]) for x, y in zip(a, b, strict=True)]

    def switch(self, selector: Value, cases: dict[int, Callable[[], None]]) -> None:
        """Run the case whose number the selector equals; none when there is no such case."""
        labels = {number: self.label() for number in cases}
        after = self.label()
        table = " ".join(f"{selector.type} {n}, label %{label}" for n, label in labels.items())
        self.emit(f"switch {selector.type} {selector.text}, label %{after} [ {table} ]")
        for number, case in cases.items():
            self.start_block(labels[number])
            case()
            self.branch(after)
        self.start_block(after)


def _flatten(lines: list[Any]) -> Iterator[str]:
    for line in lines:
        if isinstance(line, list):
            yield from _flatten(line)
        else:
            yield line


def size_of(element: str) -> int:
    """Bytes of one element of a scalar LLVM type in memory."""
    return {"double": 8, "i64": 8, "ptr": 8, "float": 4, "i32": 4, "i16": 2, "i8": 1, "i1": 1}[
        element
    ]


class Module:
    """Text of an LLVM module: functions, and the declarations that they need."""

    def __init__(self) -> None:
        self.functions: dict[str, str] = {}
        self.declarations: set[str] = set()

    def add(self, function: Function, result: Value | None = None) -> None:
        """Finish a function and take it in."""
        self.functions[function.name] = function.finish(result)
        self.declarations |= function.declarations

    @property
    def text(self) -> str:
        """The module, without target lines."""
        defined = tuple(f"@{name}(" for name in self.functions)
        declarations = sorted(d for d in self.declarations if not any(n in d for n in defined))
        return "\n".join([*declarations, *self.functions.values(), ""])
