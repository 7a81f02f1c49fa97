"""QGIS's 3D, or None where QGIS was built without it.

The plugin loads it at its start (10 ms): loaded later, while another thread calls QGIS, it crashes now and then (seen).
"""

from __future__ import annotations

try:
    from qgis import _3d
except ImportError:
    _3d = None

__all__ = ["_3d"]
