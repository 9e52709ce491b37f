"""Files that are damaged, foreign or made to harm: always a `ModelFileError`, never code."""

import json
import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import layerwise as lw
from layerwise.graph import PRIMITIVES
from layerwise.model import container, file, serialise


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    net = lw.nn.Sequential(
        lw.nn.Linear(4, 5), lw.nn.LayerNorm(5), lw.nn.Softmax(), lw.nn.Linear(5, 2)
    )
    mean = np.arange(4.0, dtype=np.float32)
    lw.Model(net, preprocess=lambda x: (x - mean) / 3, classes=["a", "b"]).save(
        path, example=np.ones((1, 4))
    )
    return path


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("scratch") / "damaged"


def refused(path, message=None):
    with pytest.raises(lw.ModelFileError, match=message):
        lw.load(path)


FAST = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FAST
@given(st.data())
def test_any_flipped_byte_is_noticed(path, scratch, data):
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    scratch.write_bytes(content)
    try:
        lw.load(scratch)
    except lw.ModelFileError:
        return
    # Only bytes that say nothing may change: the spaces that fill the header.
    header = 8 + int.from_bytes(path.read_bytes()[:8], "little")
    assert 8 <= place < header


@FAST
@given(st.data())
def test_any_cut_is_noticed(path, scratch, data):
    content = path.read_bytes()
    scratch.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    refused(scratch)


@FAST
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(scratch, content):
    scratch.write_bytes(content)
    refused(scratch)


def test_foreign_files(tmp_path):
    (tmp_path / "text").write_text("id,weight\n1,2\n" * 10)
    refused(tmp_path / "text", "no model file")
    (tmp_path / "pickle").write_bytes(pickle.dumps({"weight": np.ones(100)}))
    refused(tmp_path / "pickle", "no model file")
    (tmp_path / "empty").write_bytes(b"")
    refused(tmp_path / "empty", "empty or cut off")
    refused(tmp_path, "is a folder")
    refused(tmp_path / "none", "there is no file")
    (tmp_path / "cut").write_bytes((100).to_bytes(8, "little") + b"{")
    refused(tmp_path / "cut", "cut off")


def test_a_file_of_the_future(path, tmp_path):
    about, tensors = container.read_tensors(path, file.FORMAT, file.VERSION)
    container.write_tensors(tmp_path / "m", file.FORMAT, file.VERSION + 1, about, tensors)
    refused(tmp_path / "m", "upgrade: pip install -U layerwise")


def test_another_format(tmp_path):
    container.write_tensors(tmp_path / "m", "somebody-else", 1, {}, {"a": np.ones(2)})
    refused(tmp_path / "m", "written by another program")


# -- a description that was tampered with, checksum and all ----------------------------------------


def tampered(path, scratch, change):
    about, tensors = container.read_tensors(path, file.FORMAT, file.VERSION)
    change(about, tensors)
    container.write_tensors(scratch, file.FORMAT, file.VERSION, about, tensors)
    return scratch


def node(about, op, skip=0):
    return [n for n in about["nodes"] if n["op"] == op][skip]


def set_key(op, key, value):
    return lambda about, tensors: node(about, op).__setitem__(key, value)


TAMPERED = {
    "unknown primitive": (set_key("MatMul", "op", "os.system"), "unknown primitive 'os.system'"),
    "a method of a class": (set_key("MatMul", "op", "__init__"), "unknown primitive"),
    "op of another type": (set_key("MatMul", "op", ["MatMul"]), "object with 'op'"),
    "attribute too many": (set_key("MatMul", "code", "1"), "attributes"),
    "attribute of another type": (set_key("Sum", "axes", "1"), "'axes' cannot be '1'"),
    "bool for int": (set_key("Sum", "axes", [True]), "'axes' cannot be"),
    "axis outside": (set_key("Sum", "axes", [7]), "axes"),
    "negative axis": (set_key("Sum", "axes", [-1]), "axes"),
    "later input": (set_key("MatMul", "inputs", [10**6, 0]), "earlier nodes"),
    "inputs missing": (set_key("MatMul", "inputs", []), "takes 2 inputs"),
    "inputs of another type": (set_key("MatMul", "inputs", {"a": 1}), "earlier nodes"),
    "three inputs": (set_key("MatMul", "inputs", [0, 0, 0]), "takes 2 inputs"),
    "absurd size": (set_key("Broadcast", "shape", [{"batch": 1 << 30}, 1 << 30]), None),
    "negative size": (set_key("Reshape", "shape", [-1, -4]), "dimension"),
    "infinite batch": (set_key("Broadcast", "shape", [{"batch": 1e400}, 4]), None),
    "strange dimension": (set_key("Broadcast", "shape", [{"batch": 1, "x": 2}, 4]), "dimension"),
    "dtype": (set_key("Input", "dtype", "object"), "unknown dtype 'object'"),
    "another shape": (set_key("Input", "shape", [{"batch": 1}, 9]), None),
    "input renamed": (set_key("Input", "label", "z"), "inputs are named"),
    "variable missing": (set_key("Variable", "tensor", "nope"), "no tensor 'nope'"),
    "variable's shape": (set_key("Variable", "shape", [1]), "expects the tensor"),
    "constant": (set_key("Constant", "values", [[]]), "values"),
    "constant's code": (set_key("Constant", "values", ["__import__('os')"]), "values"),
    "constant of no tensor": (set_key("Constant", "tensor", "../../etc"), "not in the file"),
    "tensor removed": (lambda a, t: t.pop("0.weight"), "'0.weight' is missing"),
    "tensor of another shape": (lambda a, t: t.update({"0.bias": np.ones(9, "f4")}), "expects"),
    "tensor of another dtype": (lambda a, t: t.update({"0.bias": np.ones(5, "f2")}), "float16"),
    "no nodes": (lambda a, t: a.update(nodes=[]), "no list"),
    "nodes of another type": (lambda a, t: a.update(nodes=[1, 2]), "node 0"),
    "output": (lambda a, t: a.update(graph_output=-1), "output"),
    "inputs": (lambda a, t: a.update(graph_inputs=[]), "inputs"),
    "inputs twice": (lambda a, t: a.update(graph_inputs=a["graph_inputs"] * 2), "named"),
    "kind of output": (lambda a, t: a.update(output="eval"), "as output"),
    "kind of output, unhashable": (lambda a, t: a.update(output=[]), None),
    "target": (lambda a, t: a.update(target=None), "as target"),
    "classes": (lambda a, t: a.update(classes=[[1]]), "classes"),
    "classes of another type": (lambda a, t: a.update(classes=7), "classes"),
    "features": (lambda a, t: a.update(features=[1]), "features"),
    "layers": (lambda a, t: a.update(layers=[["a", "b"]]), "layers"),
    "summary": (lambda a, t: a.update(summary=[]), "summary"),
    "parameters": (lambda a, t: a.update(parameters=3), "parameters"),
    "everything": (lambda a, t: a.clear(), None),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_tampering(path, scratch, case):
    change, message = TAMPERED[case]
    refused(tampered(path, scratch, change), message)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@FAST
@given(st.data())
def test_any_value_anywhere(path, scratch, data):
    """Whatever stands in a node, loading gives a model or a `ModelFileError`."""

    def change(about, tensors):
        number = data.draw(st.integers(0, len(about["nodes"]) - 1))
        entry = about["nodes"][number]
        key = data.draw(st.sampled_from([*entry, "inputs"]))
        entry[key] = data.draw(VALUES | st.sampled_from(sorted(PRIMITIVES)))

    try:
        model = lw.load(tampered(path, scratch, change))
    except lw.ModelFileError:
        return
    assert isinstance(model, lw.Model)


def test_a_deeply_nested_description(path, scratch):
    metadata, tensors = container.read_any(path)
    text = "[" * 200_000
    from safetensors.numpy import save_file

    metadata |= {"about": text, "checksum": container._checksum(text, tensors)}
    save_file(tensors, scratch, metadata)
    refused(scratch, "no JSON")


def test_every_primitive_has_an_arity():
    for kind in PRIMITIVES.values():
        count = serialise.arity(kind)
        assert count is None or 0 <= count <= 4


def test_nothing_in_a_file_is_a_pickle(path):
    content = path.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    about = json.loads(header["__metadata__"]["about"])
    assert {n["op"] for n in about["nodes"]} <= set(PRIMITIVES)
    assert header["__metadata__"]["format"] == "layerwise-model"
