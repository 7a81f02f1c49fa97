"""When the map is drawn again: by a canvas that really draws."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from qgis.core import QgsFeature, QgsGeometry, QgsPointXY, QgsProject, QgsRectangle, QgsVectorLayer
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QTimer

from plugin.map.live import repaint as module
from plugin.map.live.repaint import Repaint
from tests.qgis.map.meanwhile import spin


class View:
    """A 3D view, as far as it is asked."""

    pending = 0

    def scene(self):
        return self

    def totalPendingJobsCount(self):
        return self.pending


@pytest.fixture
def canvas(qgis_app):
    one = QgsMapCanvas()
    one.resize(300, 300)
    one.show()
    yield one
    one.stopRendering()
    one.setLayers([])
    one.hide()
    one.deleteLater()


@pytest.fixture
def layer(qgis_app):
    one = QgsVectorLayer("Point?crs=EPSG:4326", "live", "memory")
    feature = QgsFeature()
    feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(4.5, 51.9)))
    one.dataProvider().addFeature(feature)
    QgsProject.instance().addMapLayer(one)
    yield one
    QgsProject.instance().clear()


@pytest.fixture
def repaint(canvas):
    one = Repaint(SimpleNamespace(mapCanvases=lambda: [canvas], mapCanvases3D=lambda: [View()]))
    yield one
    one.stop()


def asked(layer):
    times: list[float] = []
    layer.repaintRequested.connect(lambda _deferred: times.append(time.monotonic()))
    return times


def shown(canvas, layer):
    canvas.setDestinationCrs(layer.crs())
    canvas.setLayers([layer])
    canvas.setExtent(QgsRectangle(4, 51, 5, 52))
    canvas.refresh()
    assert spin(lambda: not canvas.isDrawing(), 5)


def test_many_changes_are_few_repaints_and_no_more_than_its_share(canvas, layer, repaint):
    shown(canvas, layer)
    times, drawing = asked(layer), []
    layer.repaintRequested.connect(lambda _deferred: drawing.append(canvas.isDrawing()))
    timer = QTimer()
    timer.timeout.connect(lambda: repaint.ask(layer))
    timer.start(5)
    spin(lambda: False, 1.6)
    timer.stop()
    assert 3 <= len(times) <= 7
    assert min(b - a for a, b in zip(times, times[1:])) > 0.24
    assert not any(drawing)
    assert spin(lambda: not repaint._layers and not repaint._timer.isActive(), 3)


def test_a_map_that_takes_long_is_left_time_to_rest(canvas, layer, repaint, monkeypatch):
    shown(canvas, layer)
    busy: list[float] = []
    monkeypatch.setattr(canvas, "isDrawing", lambda: time.monotonic() < (busy[-1] if busy else 0))
    layer.repaintRequested.connect(lambda _deferred: busy.append(time.monotonic() + 0.4))
    timer = QTimer()
    timer.timeout.connect(lambda: repaint.ask(layer))
    timer.start(5)
    spin(lambda: False, 2.6)
    timer.stop()
    # drawing for 0.4 s means resting for 0.6
    assert 2 <= len(busy) <= 3
    assert all(0.95 < b - a < 1.4 for a, b in zip(busy, busy[1:]))


def test_what_is_not_seen_is_drawn_when_it_is(canvas, layer, repaint):
    other = QgsVectorLayer("Point?crs=EPSG:4326", "other", "memory")
    QgsProject.instance().addMapLayer(other)
    shown(canvas, other)
    times = asked(layer)
    repaint.ask(layer)
    assert not spin(lambda: times, 0.5)
    canvas.setLayers([layer])
    assert spin(lambda: times, 2)


def test_what_a_3d_view_shows_is_drawn_seldom(canvas, layer, repaint, monkeypatch):
    monkeypatch.setattr(module, "_RAISED", 0.8)
    shown(canvas, layer)
    times = asked(layer)
    layer.request3DUpdate.connect(lambda: None)  # as a 3D view does
    timer = QTimer()
    timer.timeout.connect(lambda: repaint.ask(layer))
    timer.start(5)
    spin(lambda: False, 2.0)
    timer.stop()
    assert len(times) == 3  # at once, and then no sooner than allowed
    assert min(b - a for a, b in zip(times, times[1:])) > 0.79
    assert spin(lambda: len(times) == 4, 2)  # nor is the last change lost
    # while the view is not ready it is left alone, and then has some rest; but not for ever
    monkeypatch.setattr(View, "pending", 3)
    repaint.ask(layer)
    assert not spin(lambda: len(times) > 4, 1.2)
    monkeypatch.setattr(View, "pending", 0)
    ready = time.monotonic()
    assert spin(lambda: len(times) == 5, 2) and times[-1] - ready > 0.7
    monkeypatch.setattr(View, "pending", 3)
    monkeypatch.setattr(module, "_LONGEST", 1.5)
    repaint.ask(layer)
    assert spin(lambda: len(times) == 6, 3) and times[-1] - times[-2] > 1.4
    layer.request3DUpdate.disconnect()
    for _ in range(2):
        repaint.ask(layer)
        assert spin(lambda: not repaint._layers, 0.7)


def test_a_layer_that_is_gone_and_a_window_without_maps(qgis_app, layer):
    repaint = Repaint(None)
    times = asked(layer)
    repaint.ask(layer)
    assert not spin(lambda: times, 0.3)
    QgsProject.instance().removeMapLayer(layer.id())
    spin(lambda: False, 0.2)
    assert not repaint._layers
    repaint.stop()
