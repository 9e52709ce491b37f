import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits as sklearn_digits

from layerwise import data
from layerwise.data import digits
from layerwise.errors import DataError


def test_they_are_the_digits_of_scikit_learn():
    images, labels = data.load_digits()
    expected = sklearn_digits()
    np.testing.assert_array_equal(images, expected.data)
    np.testing.assert_array_equal(labels, expected.target)
    assert images.dtype == np.float32
    assert labels.dtype == np.int32


def test_scikit_learn_is_not_imported():
    code = "import sys, layerwise.data as d; d.load_digits(); print('sklearn' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_without_scikit_learn(monkeypatch):
    monkeypatch.setattr(digits.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="pip install scikit-learn"):
        data.load_digits()


@pytest.mark.parametrize(
    ("content", "message"), [(None, "not at"), (b"", "damaged"), (b"no gzip", "damaged")]
)
def test_a_damaged_installation(monkeypatch, tmp_path, content, message):
    path = tmp_path / "digits.csv.gz"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(digits, "_file", lambda: path)
    with pytest.raises(DataError, match=message):
        data.load_digits()
