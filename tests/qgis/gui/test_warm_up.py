"""What is loaded after the start: step by step, left alone when told to, all at once when asked for; and pages that are
built when somebody wants them."""

from __future__ import annotations

import pytest
from qgis.core import QgsSettings
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QWidget

from plugin.gui.dock import CityTwinDock
from plugin.gui.warm_up import WarmUp, modules, styles


@pytest.fixture
def done():
    return []


@pytest.fixture
def warm_up(qgis_app, done):
    made = WarmUp([lambda n=n: done.append(n) for n in range(5)])
    yield made
    made.stop()


def test_steps_are_done_in_turns_of_the_event_loop(warm_up, done, qtbot):
    warm_up.start()
    assert done == []
    qtbot.waitUntil(lambda: warm_up.done)
    assert done == [0, 1, 2, 3, 4]


def test_a_step_that_fails_stops_no_other(qgis_app, done, qtbot):
    def wrong():
        raise ValueError("of this step alone")

    warm_up = WarmUp([wrong, lambda: done.append(1)])
    with qtbot.captureExceptions() as raised:
        warm_up.start()
        qtbot.waitUntil(lambda: warm_up.done)
    assert [kind for kind, *_ in raised] == [ValueError]
    assert done == [1]


def test_what_is_left_can_be_done_at_once(warm_up, done):
    warm_up.finish()
    assert (warm_up.done, done) == (True, [0, 1, 2, 3, 4])


def test_stopped_it_stays_at_rest(warm_up, done, qtbot):
    warm_up.stop()
    warm_up.start()
    qtbot.wait(30)
    assert done == []


def test_every_page_and_algorithm_is_among_the_modules(qgis_app):
    names = [step.args[0] for step in modules()]
    for name in ("twin.session", "map.pilots.combining", "gui.review.desk", "processing.algorithms"):
        assert f"plugin.{name}" in names
    assert names.index("plugin.twin.session") < names.index("plugin.workcopy.pull") < names.index("plugin.gui.pulls")


@pytest.fixture
def dock(qgis_app, qtbot):
    QgsSettings().remove("citytwin/page")
    made = CityTwinDock()
    qtbot.addWidget(made)
    yield made
    QgsSettings().remove("citytwin/page")


def test_a_page_is_built_when_it_is_asked_for_and_once(dock):
    built = []

    def build():
        built.append(QWidget())
        return built[-1]

    dock.add_page("first", QIcon(), "First", build)
    dock.add_page("second", QIcon(), "Second", build)
    assert (built, dock.current) == ([], "first")
    dock.show_page("second")
    assert (len(built), dock.current) == (1, "second")
    assert dock.page("second") is built[0]
    dock.page("first")  # built behind the one that is shown
    assert (len(built), dock.current) == (2, "second")
    dock.show_page("first")
    assert (len(built), dock.current) == (2, "first")


def test_only_what_is_built_is_stopped(dock):
    class Page(QWidget):
        stopped = False

        def stop(self):
            self.stopped = True

    page = Page()
    dock.add_page("first", QIcon(), "First", lambda: page)
    dock.add_page("second", QIcon(), "Second", lambda: pytest.fail("built at the end"))
    dock.page("first")
    dock.stop()
    assert page.stopped


def test_what_a_page_lets_go_of_meanwhile_is_left_alone(qgis_app, qtbot):
    page = QWidget()
    qtbot.addWidget(page)
    gone, stays = QWidget(page), QWidget(page)
    steps = list(styles(page))
    sip.delete(gone)
    for step in steps:
        step()
    assert stays.testAttribute(Qt.WidgetAttribute.WA_WState_Polished)
