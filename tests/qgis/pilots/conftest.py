"""Fixtures of the pilots' tests in QGIS."""

from __future__ import annotations

from tests.qgis.pilots.pilot_copies import city, pilots_file

__all__ = ["city", "pilots_file"]
