"""The chart under the mouse and the keyboard, with real events."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtCore import QEvent, QPoint, QPointF, Qt
from qgis.PyQt.QtGui import QColor, QMouseEvent, QPalette, QWheelEvent
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication

from plugin.gui.chart_view import ChartView
from tests.qgis.chart.field import Desk

LEFT = Qt.MouseButton.LeftButton
NO_BUTTON = Qt.MouseButton.NoButton
NONE = Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def view(desk: Desk) -> ChartView:
    desk.show("Flow", "NO2")
    desk.dock.presenter.set_custom(desk.city.start, desk.city.start + 6 * 3600)
    desk.rest()
    desk.dock.view.grab()
    desk.dock.view.setFocus()
    return desk.dock.view


def shown(desk: Desk) -> tuple[float, float]:
    presenter = desk.dock.presenter
    return presenter.start, presenter.end


def wheel(view: ChartView, x: float, notches: float) -> None:
    at = QPointF(x, view.area.rect.center().y())
    delta = QPoint(0, int(120 * notches))
    event = QWheelEvent(
        at, QPointF(view.mapToGlobal(at.toPoint())), QPoint(), delta, Qt.MouseButton.NoButton, NONE,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


def mouse(view: ChartView, kind: QEvent.Type, at: QPoint, modifier: Qt.KeyboardModifier = NONE) -> None:
    """One event of the left button, or a move with it held, or without where ``kind`` is HoverMove."""
    free = kind == QEvent.Type.HoverMove
    kind = QEvent.Type.MouseMove if free else kind
    button = NO_BUTTON if kind == QEvent.Type.MouseMove else LEFT
    held = NO_BUTTON if free or kind == QEvent.Type.MouseButtonRelease else LEFT
    place = QPointF(at)
    event = QMouseEvent(kind, place, QPointF(view.mapToGlobal(at)), button, held, modifier)
    QApplication.sendEvent(view, event)


def press(view: ChartView, at: QPoint, modifier: Qt.KeyboardModifier = NONE) -> None:
    mouse(view, QEvent.Type.MouseButtonPress, at, modifier)


def drag(view: ChartView, at: QPoint, modifier: Qt.KeyboardModifier = NONE) -> None:
    mouse(view, QEvent.Type.MouseMove, at, modifier)


def release(view: ChartView, at: QPoint, modifier: Qt.KeyboardModifier = NONE) -> None:
    mouse(view, QEvent.Type.MouseButtonRelease, at, modifier)


def hover(view: ChartView, at: QPoint) -> None:
    mouse(view, QEvent.Type.HoverMove, at)


def test_the_wheel_zooms_at_the_mouse(desk: Desk, view: ChartView) -> None:
    start, end = shown(desk)
    x = view.area.rect.left() + view.area.rect.width() * 0.25
    under = view.area.time(x)
    for _ in range(3):  # without a repaint in between
        wheel(view, x, 1)
    view.grab()
    after = shown(desk)
    assert after[1] - after[0] == pytest.approx((end - start) / 1.25**3)
    assert view.area.time(x) == pytest.approx(under, abs=1)
    wheel(view, x, -3)
    assert shown(desk) == pytest.approx((start, end), abs=1)


def test_dragging_pans_by_as_much_as_the_mouse_goes(desk: Desk, view: ChartView) -> None:
    start, end = shown(desk)
    middle = view.area.rect.center().toPoint()
    before = view.area.time(middle.x())
    press(view, middle)
    drag(view, middle + QPoint(60, 5))
    drag(view, middle + QPoint(120, 5))
    release(view, middle + QPoint(120, 5))
    view.grab()
    assert view.area.time(middle.x() + 120) == pytest.approx(before, abs=1)
    assert shown(desk)[1] - shown(desk)[0] == pytest.approx(end - start)
    # and the mouse alone moves nothing
    held = shown(desk)
    hover(view, middle)
    assert shown(desk) == held


def test_a_box_with_shift_is_zoomed_to_and_a_double_click_goes_back(desk: Desk, view: ChartView) -> None:
    whole = shown(desk)
    field = view.area.rect
    left, right = (QPoint(int(field.left() + part * field.width()), int(field.center().y())) for part in (0.25, 0.5))
    wanted = view.area.time(left.x()), view.area.time(right.x())
    press(view, right, SHIFT)
    drag(view, left)
    with_box = view.grab().toImage()
    colour = view.palette().color(QPalette.ColorRole.Highlight)
    assert with_box.pixelColor(left.x(), int(field.top()) + 20).blue() != QColor("white").blue() or colour.blue() > 200
    release(view, left, SHIFT)
    assert shown(desk) == pytest.approx(wanted, abs=1)
    QTest.mouseDClick(view, LEFT, NONE, left)
    assert shown(desk) == pytest.approx(whole)
    # a click alone is no box
    QTest.mouseClick(view, LEFT, SHIFT, left)
    assert shown(desk) == pytest.approx(whole)


def test_escape_lets_a_box_and_a_drag_be(desk: Desk, view: ChartView) -> None:
    whole = shown(desk)
    middle = view.area.rect.center().toPoint()
    for modifier in (SHIFT, NONE):
        press(view, middle, modifier)
        drag(view, middle + QPoint(100, 0))
        QTest.keyClick(view, Qt.Key.Key_Escape)
        release(view, middle + QPoint(100, 0), modifier)
        assert shown(desk) == pytest.approx(whole)


@pytest.mark.parametrize(
    ("key", "low", "high"),
    [
        (Qt.Key.Key_Left, -0.1, 0.9), (Qt.Key.Key_Right, 0.1, 1.1), (Qt.Key.Key_Plus, 0.1, 0.9),
        (Qt.Key.Key_Minus, -0.125, 1.125), (Qt.Key.Key_Up, 0.1, 0.9), (Qt.Key.Key_Down, -0.125, 1.125),
    ],
)  # fmt: skip
def test_the_keyboard_does_it_too(desk: Desk, view: ChartView, key: Qt.Key, low: float, high: float) -> None:
    start, end = shown(desk)
    width = end - start
    QTest.keyClick(view, key)
    assert shown(desk) == pytest.approx((start + low * width, start + high * width), abs=0.01)
    QTest.keyClick(view, Qt.Key.Key_Home)
    assert shown(desk) == pytest.approx((start, end))


def test_the_crosshair_follows_the_mouse_and_tells_all_values(desk: Desk, view: ChartView) -> None:
    plain = view.grab().toImage()
    x = int(view.area.x(desk.city.start + 4.75 * 3600))
    hover(view, QPoint(x, int(view.area.rect.center().y())))
    assert view.cursor_time == pytest.approx(view.area.time(x))
    assert view.grab().toImage() != plain
    hover(view, QPoint(2, 2))
    assert view.cursor_time is None and view.grab().toImage() == plain


def test_the_crosshair_goes_by_keyboard_and_says_what_is_there(desk: Desk, view: ChartView) -> None:
    QTest.keyClick(view, Qt.Key.Key_Right, SHIFT)
    first = view.cursor_time
    QTest.keyClick(view, Qt.Key.Key_Right, SHIFT)
    assert first is not None and view.cursor_time > first
    words = view.accessibleDescription()
    assert "Flow: " in words and "NO2: " in words and "µg/m³" in words
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.cursor_time is None
    assert view.accessibleName() and "Flow" in view.accessibleDescription()


def test_it_is_drawn_once_for_each_change_only(desk: Desk, view: ChartView, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    source = view._source
    monkeypatch.setattr(view, "_source", lambda ink: drawn.append(1) or source(ink))
    view.grab()
    for x in range(100, 400, 10):
        hover(view, QPoint(x, 60))
        view.grab()
    assert not drawn
    view.redraw()
    view.redraw()
    view.grab()
    assert len(drawn) == 1
    palette = view.palette()
    palette.setColor(QPalette.ColorRole.Base, QColor("#202020"))
    palette.setColor(QPalette.ColorRole.Text, QColor("#f0f0f0"))
    view.setPalette(palette)
    assert view.grab().toImage().pixelColor(3, 3).lightness() < 60


def test_with_nothing_to_show_it_lies_still(desk: Desk) -> None:
    view = desk.dock.view
    view.resize(600, 200)
    view.grab()
    before = shown(desk)
    wheel(view, 100, 1)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Plus, Qt.Key.Key_Escape):
        QTest.keyClick(view, key)
    press(view, QPoint(100, 100))
    drag(view, QPoint(200, 100))
    release(view, QPoint(200, 100))
    assert shown(desk) == before
