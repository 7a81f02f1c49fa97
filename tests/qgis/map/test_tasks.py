"""Background tasks: where callbacks arrive, what becomes of exceptions, cancelling, unloading, liveliness."""

from __future__ import annotations

import threading
import time

import pytest
from qgis.core import QgsApplication, QgsFeedback, QgsProcessingFeedback
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject

from plugin.map import tasks
from plugin.twin.errors import CityTwinError, NotFound
from plugin.twin.progress import check
from tests.qgis.map.meanwhile import Heartbeat, spin


class Told:
    """Every callback, with the thread it came in."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, object]] = []
        self.threads: set[threading.Thread] = set()

    def hear(self, name):
        def call(*args):
            self.threads.add(threading.current_thread())
            self.calls.append((name, args[0] if len(args) == 1 else args))

        return call

    def start(self, work, **more) -> tasks.TaskHandle:
        names = ("done", "failed", "cancelled", "progress", "note")
        return tasks.run("a test", work, **{**{n: self.hear(n) for n in names}, **more})

    @property
    def ends(self):
        return [c for c in self.calls if c[0] in ("done", "failed", "cancelled")]


@pytest.fixture()
def told(qgis_app):
    return Told()


@pytest.fixture()
def logged(qgis_app):
    lines = []
    messages = QgsApplication.messageLog()
    hear = lambda text, tab, level: lines.append((tab, text))  # noqa: E731
    messages.messageReceived.connect(hear)
    yield lines
    messages.messageReceived.disconnect(hear)


def wait_for_cancel(progress):
    while True:
        check(progress)
        time.sleep(0.005)


def test_work_is_done_elsewhere_and_told_in_the_main_thread(told):
    handle = told.start(lambda _p: threading.current_thread())
    assert handle.running and handle.description == "a test"
    assert spin(lambda: bool(told.ends))
    (name, worker) = told.ends[0]
    assert name == "done" and worker is not threading.main_thread()
    assert told.threads == {threading.main_thread()}
    assert not handle.running
    handle.cancel()  # too late, and no harm
    assert not spin(lambda: len(told.ends) > 1, 0.2)


def test_none_is_a_result(told):
    told.start(lambda _p: None)
    assert spin(lambda: bool(told.ends))
    assert told.ends == [("done", None)]


def test_an_error_of_the_hierarchy_arrives_as_it_is(told, logged):
    error = NotFound("No such collection.", detail="GET …: 404", status=404)

    def work(_progress):
        raise error

    told.start(work)
    assert spin(lambda: bool(told.ends))
    assert told.ends == [("failed", error)]
    assert told.threads == {threading.main_thread()}
    assert any(tab == "City Twin" and "No such collection." in text and "404" in text for tab, text in logged)


def test_any_other_exception_becomes_a_sentence_and_the_log_has_the_rest(told, logged):
    def work(_progress):
        raise KeyError("https://user:hunter2@twin.example/?token=abc")

    told.start(work)
    assert spin(lambda: bool(told.ends))
    (name, error) = told.ends[0]
    assert name == "failed" and type(error) is CityTwinError
    assert "did not foresee" in error.message and "KeyError" in error.message and "Traceback" not in error.message
    text = "\n".join(text for tab, text in logged if tab == "City Twin")
    assert "Traceback" in text and "test_tasks.py" in text
    assert "hunter2" not in text


@pytest.fixture
def lost(told):
    """A task that QGIS lost while it waited for a thread, and what it would have done; there is a thread again."""
    gate, work = threading.Event(), []
    pool = QgsApplication.taskManager().threadPool()
    for _ in range(pool.maxThreadCount()):
        tasks.run("busy", lambda _p: gate.wait(20), done=lambda _v: None, failed=lambda _e: None)
    assert spin(lambda: pool.activeThreadCount() >= pool.maxThreadCount())
    handle = told.start(lambda _p: work.append(1) or len(work))
    assert not spin(lambda: work, 0.8)  # it only waits
    pool.clear()  # what QGIS does by mistake to one of them
    gate.set()
    yield handle, work
    gate.set()


def test_a_task_that_qgis_lost_is_begun_anew(told, lost):
    handle, work = lost
    assert spin(lambda: told.ends, 10)
    assert told.ends == [("done", 1)] and work == [1]
    assert not handle.running
    assert not spin(lambda: len(told.ends) > 1 or len(work) > 1, 1)


def test_a_task_that_qgis_lost_can_be_cancelled(told, lost):
    handle, work = lost
    handle.cancel()
    assert spin(lambda: told.ends, 10)
    assert [name for name, _ in told.ends] == ["cancelled"] and not work


def test_cancel(told):
    handle = told.start(wait_for_cancel)
    assert not spin(lambda: bool(told.ends), 0.2)
    began = time.monotonic()
    handle.cancel()
    assert spin(lambda: bool(told.ends))
    assert time.monotonic() - began < 0.5
    assert [name for name, _ in told.ends] == ["cancelled"]
    assert not handle.running


def test_cancelled_by_qgis_own_task_list(told):
    told.start(wait_for_cancel)
    assert spin(lambda: QgsApplication.taskManager().countActiveTasks() == 1)
    QgsApplication.taskManager().cancelAll()
    assert spin(lambda: bool(told.ends))
    assert [name for name, _ in told.ends] == ["cancelled"]


def test_cancelled_before_it_began(told):
    handle = told.start(wait_for_cancel)
    handle.cancel()
    assert spin(lambda: bool(told.ends))
    assert [name for name, _ in told.ends] == ["cancelled"]


def test_work_that_ends_in_spite_of_the_cancel_button_is_done(told):
    go_on = threading.Event()

    def work(_progress):
        go_on.wait(5)
        return "published"

    handle = told.start(work)
    assert not spin(lambda: bool(told.ends), 0.1)
    handle.cancel()
    go_on.set()
    assert spin(lambda: bool(told.ends))
    assert told.ends == [("done", "published")]


def test_progress_and_notes(told):
    def work(progress):
        progress.note("The twin asks us to wait 5 s")
        for i in range(2000):
            progress.report(i, 2000, f"{i} of 2000")
            time.sleep(0.0003)
        progress.report(2000, 2000, "2000 of 2000")

    began = time.monotonic()
    told.start(work)
    assert spin(lambda: bool(told.ends))
    seconds = time.monotonic() - began
    shown = [args for name, args in told.calls if name == "progress"]
    assert 2 <= len(shown) <= seconds * 10 + 2
    assert shown[-1] == (2000, 2000, "2000 of 2000")
    assert ("note", "The twin asks us to wait 5 s") in told.calls
    assert told.calls[-1][0] == "done"
    assert told.threads == {threading.main_thread()}


def test_nobody_is_called_when_the_parent_is_gone(told):
    parent = QObject()
    ended = threading.Event()

    def work(progress):
        try:
            wait_for_cancel(progress)
        finally:
            ended.set()

    told.start(work, parent=parent)
    assert not spin(lambda: bool(told.ends), 0.1)
    sip.delete(parent)
    assert ended.wait(1), "the work was not asked to stop"
    assert not spin(lambda: bool(told.calls), 0.3)


def test_unload_stops_everything_and_calls_nobody(told):
    handles = [told.start(wait_for_cancel) for _ in range(5)]
    assert not spin(lambda: bool(told.ends), 0.2)
    began = time.monotonic()
    assert tasks.cancel_all()
    assert time.monotonic() - began < 1
    assert spin(lambda: not any(h.running for h in handles), 2)
    assert not told.calls
    assert not tasks._running


def test_unload_does_not_wait_for_ever(told):
    stuck = threading.Event()
    told.start(lambda _p: stuck.wait(10))
    assert not spin(lambda: bool(told.ends), 0.2)
    began = time.monotonic()
    assert not tasks.cancel_all(0.3)
    assert time.monotonic() - began < 1
    stuck.set()
    assert spin(lambda: not tasks._running)
    assert not told.calls


def test_a_mistake_in_done_becomes_a_failure_and_no_traceback_window(told, logged):
    def broken(_result):
        raise ValueError("a bug in the window")

    told.start(lambda _p: 1, done=broken)
    assert spin(lambda: bool(told.ends))
    (name, error) = told.ends[0]
    assert name == "failed" and "did not foresee" in error.message
    assert any("a bug in the window" in text for _, text in logged)


def test_the_main_thread_is_lively_while_python_works(told):
    def work(progress):
        total = 0
        for i in range(3_000_000):
            total += i
            if i % 1000 == 0:
                progress.report(i, 3_000_000, "adding")
        return total

    longest = []
    for _ in range(3):
        told.calls.clear()
        heart = Heartbeat()
        told.start(work)
        assert spin(lambda: bool(told.ends))
        longest.append(heart.stop())
        if longest[-1] < 50:
            break
    print(f"main thread away {min(longest):.0f} ms")
    assert min(longest) < 50


def test_what_is_over_is_forgotten(told):
    class Big:
        pass

    import gc
    import weakref

    big = Big()
    gone = weakref.ref(big)
    handle = told.start(lambda _p, big=big: big)
    assert spin(lambda: bool(told.ends))
    del big
    told.calls.clear()
    spin(lambda: False, 0.1)
    gc.collect()
    assert gone() is None and not handle.running


def test_processing_feedback():
    feedback = QgsProcessingFeedback()
    progress = tasks.FeedbackProgress(feedback)
    progress.report(50, 200, "Fetching buildings")
    assert feedback.progress() == 25
    progress.note("The twin asks us to wait 5 s")
    assert "Fetching buildings" in feedback.textLog() and "wait 5 s" in feedback.textLog()
    progress.report(200, 200, "Done")
    assert feedback.progress() == 100
    assert not progress.cancelled()
    feedback.cancel()
    assert progress.cancelled()


def test_plain_feedback_and_a_flood():
    feedback = QgsFeedback()
    seen = []
    feedback.progressChanged.connect(seen.append)
    progress = tasks.FeedbackProgress(feedback)
    began = time.monotonic()
    for i in range(20_000):
        progress.report(i, 20_000, str(i))
    progress.report(7, None, "unknown total")
    progress.note("logged")
    assert len(seen) <= (time.monotonic() - began) * 10 + 2
