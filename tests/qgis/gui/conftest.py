"""Fixtures of the window's tests."""

from __future__ import annotations

from tests.qgis.gui.edited_copies import field

__all__ = ["field"]
