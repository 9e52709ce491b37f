"""A command that was right but could not be done."""

from __future__ import annotations


class Failure(Exception):  # noqa: N818 - not a bug, and never seen as a traceback
    """One clear message for the person at the keyboard, and exit code 1."""
