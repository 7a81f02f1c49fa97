"""The plugin's life without a window, as `qgis_process` lives it."""

from __future__ import annotations

import plugin


def test_starts_and_stops_without_a_window(qgis_app):
    started = plugin.classFactory(None)
    started.initProcessing()
    started.unload()
