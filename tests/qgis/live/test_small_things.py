"""What the live layers needed of the rooms around them."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QGuiApplication

from plugin.map import credentials, garbage, tasks
from tests.qgis.map.meanwhile import spin


def test_the_user_name_and_the_password_of_a_configuration(authcfg):
    assert credentials.basic(authcfg, lambda: False) == ("anna", "pa:ss wörd")
    assert credentials.basic("nothing", lambda: False) is None
    got = []
    thread = threading.Thread(target=lambda: got.append(credentials.basic(authcfg, lambda: False)))
    thread.start()
    assert spin(lambda: got, 5)
    thread.join()
    assert got == [("anna", "pa:ss wörd")]


def test_a_task_that_goes_on_all_the_time_is_not_in_the_status_bar(qgis_app):
    seen, done = [], []
    gate = threading.Event()
    for hidden in (True, False):
        tasks.run("x", lambda _p: gate.wait(5), done=done.append, failed=done.append, hidden=hidden)
    manager = QgsApplication.taskManager()
    seen = [task.flags() & task.Flag.Hidden == task.Flag.Hidden for task in manager.activeTasks()]
    gate.set()
    assert spin(lambda: len(done) == 2, 5)
    assert sorted(seen) == [False, True]


@pytest.fixture
def thawed():
    gc.unfreeze()
    yield
    gc.unfreeze()


def test_what_stays_is_set_aside_until_the_last_has_left(thawed):
    one, other = garbage.Resident(), garbage.Resident()
    one.settle()
    settled = gc.get_freeze_count()
    assert settled > 10_000
    with garbage.light_collections():
        other.settle()
    assert gc.get_freeze_count() >= settled
    one.leave()
    assert gc.get_freeze_count() > 0
    other.leave()
    assert gc.get_freeze_count() == 0
    # too late: nobody would let it go again
    other.settle()
    assert gc.get_freeze_count() == 0


class Ring:
    """Garbage that only the collector finds."""

    def __init__(self) -> None:
        self.itself = self


def test_while_somebody_works_nothing_is_looked_at_whole_again(thawed, monkeypatch):
    looks = []
    with garbage.light_collections():
        kept = [[[n] for n in range(20)] for _ in range(50_000)]
        garbage.set_aside()
        ring = Ring()
    gone = weakref.ref(ring)
    peace = garbage.Peace()
    try:
        monkeypatch.setattr(garbage, "_IDLE", 3600.0)
        monkeypatch.setattr(QGuiApplication, "applicationState", lambda: Qt.ApplicationState.ApplicationActive)
        with garbage.light_collections():
            del ring
        assert gc.get_freeze_count() > len(kept)
        gc.callbacks.append(lambda phase, info: looks.append(len(gc.get_objects(2))) if phase == "start" else None)
        some = [[n] for n in range(300_000)]
        assert len(looks) > 100 and max(looks) < 20 * len(kept)
        assert not peace.look() and gc.get_freeze_count() > len(kept)
        # nobody works, but a task does
        monkeypatch.setattr(garbage, "_IDLE", -1.0)
        with garbage.light_collections():
            assert not peace.look() and gone() is not None
        assert peace.look() and gone() is None
        assert gc.get_freeze_count() > len(kept) + len(some)
        assert not peace.look()  # once is enough
        with garbage.light_collections():
            pass
        monkeypatch.setattr(garbage, "_IDLE", 3600.0)
        monkeypatch.setattr(QGuiApplication, "applicationState", lambda: Qt.ApplicationState.ApplicationInactive)
        assert peace.look()
    finally:
        del gc.callbacks[-1:]
        peace.stop()
    assert gc.get_freeze_count() == 0
