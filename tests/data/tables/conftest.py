import pytest


@pytest.fixture
def write(tmp_path):
    """Write text or bytes to a file of a name, and give its path."""

    def write(content, name="rows.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write
