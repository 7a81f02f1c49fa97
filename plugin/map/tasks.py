"""Long work in the background: one call starts it, and what it comes to arrives in the main thread.

QGIS may lose a task that waits for a thread: when another one is over it takes that one's runnable out of its thread
pool's queue, by an address that the runnable of a waiting task can have by then. Seen on a busy machine: the task never
begins. So each task looks whether it should have begun by now, and if so is begun anew.
"""

from __future__ import annotations

import contextlib
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from qgis.core import Qgis, QgsApplication, QgsFeedback, QgsProcessingFeedback, QgsTask
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QTimer

from ..text import tr
from ..twin.errors import Cancelled, CityTwinError
from ..twin.progress import Progress
from ..twin.replies import scrub_text
from . import garbage
from .log import log, log_error

T = TypeVar("T")

_PACE = 100  # ms between two looks at a task's progress
_SETTLE = 0.5  # seconds after which what a task has made is set aside from the garbage collector
_LOST = 5  # looks at a task that has not begun though there is a thread for it
_running: set[_Task] = set()  # Python's side of a task must outlive QGIS's


class TaskHandle:
    """What is left in the hands of who started a task."""

    def __init__(self, task: _Task) -> None:
        self._task = task

    @property
    def description(self) -> str:
        return self._task.text

    @property
    def running(self) -> bool:
        """True until one of the callbacks was called (or the task was silenced)."""
        return not self._task.over

    def cancel(self) -> None:
        """Ask it to stop. ``cancelled`` is called when it has; work that ends all the same is ``done``."""
        self._task.stop()

    def follow(self, task: _Task) -> None:
        """The work goes on in another task."""
        self._task = task


class _TaskProgress:
    """The working thread's side. It only notes; the main thread looks, so reporting costs nothing, however often."""

    def __init__(self, stopped: threading.Event, gone: Callable[[], bool]) -> None:
        self._stopped = stopped
        self._gone = gone
        self._settled = time.monotonic()
        self.latest: tuple[int, int | None, str] | None = None
        self.notes: deque[str] = deque()

    def cancelled(self) -> bool:
        if time.monotonic() > self._settled + _SETTLE:
            # asked all the time while much is made: the more of it the collector looks at, the longer the window waits
            self._settled = time.monotonic()
            garbage.set_aside()
        return self._stopped.is_set() or self._gone()

    def report(self, done: int, total: int | None, text: str) -> None:
        self.latest = (done, total, text)

    def note(self, text: str) -> None:
        self.notes.append(text)


class _Task(QgsTask):
    def __init__(
        self, description: str, work: Callable[[Progress], object], callbacks: _Callbacks, hidden: bool
    ) -> None:
        flags = QgsTask.Flag.CanCancel | QgsTask.Flag.Silent
        super().__init__(description, flags | QgsTask.Flag.Hidden if hidden else flags)
        self.text = description
        self.hidden = hidden
        self.over = False
        self.returned = threading.Event()  # the working thread is out of our code
        self.stopped = threading.Event()
        self.handle: TaskHandle | None = None
        self._begun = threading.Lock()  # held by who began it, or gave it up
        self._lost = False
        self._idle = 0  # looks in a row
        self._work = work
        self._callbacks: _Callbacks | None = callbacks
        self._progress = _TaskProgress(self.stopped, callbacks.gone)
        self._shown: tuple[int, int | None, str] | None = None
        self._result: list[object] = []
        self._error: CityTwinError | None = None
        self._timer = QTimer()
        self._timer.setInterval(_PACE)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    # -- working thread

    def run(self) -> bool:
        if not self._begun.acquire(blocking=False):
            return False
        try:
            # what goes on all the time would set aside all that lives, again and again
            with contextlib.nullcontext() if self.hidden else garbage.light_collections():
                self._result.append(self._work(self._progress))
        except CityTwinError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001 - whatever it is, the user gets a sentence and the log the rest
            self._error = unforeseen(error)
        finally:
            self.returned.set()
        return bool(self._result)

    # -- main thread

    def cancel(self) -> None:
        """QGIS's name for it: the task list's own cancel button ends here too."""
        self.stopped.set()
        super().cancel()

    def stop(self) -> None:
        self.stopped.set()
        if not self.over and not sip.isdeleted(self):
            self.cancel()

    def silence(self) -> None:
        """Nobody is left to be told."""
        self._callbacks = None
        self._timer.stop()

    def _beat(self) -> None:
        self._look()
        pool = QgsApplication.taskManager().threadPool()
        if self._begun.locked() or pool.activeThreadCount() >= pool.maxThreadCount():
            self._idle = 0
            return
        self._idle += 1
        if self._idle >= _LOST and self._begun.acquire(blocking=False):
            self._lost = True
            super().cancel()  # `finished` comes of that

    def _begin_anew(self) -> None:
        """In another task: QGIS has done with this one."""
        _running.discard(self)
        self.returned.set()
        callbacks, self._callbacks = self._callbacks, None
        if callbacks is None:  # silenced
            self.over = True
            return
        again = _Task(self.text, self._work, callbacks, self.hidden)
        again.handle, self.handle = self.handle, None
        if again.handle is not None:
            again.handle.follow(again)
        _begin(again)
        if self.stopped.is_set():
            again.stop()

    def finished(self, _ok: bool) -> None:
        self._timer.stop()
        self._look()
        if self._lost and not self.stopped.is_set():
            # not now, for the same reason as below
            QTimer.singleShot(0, self._begin_anew)
            return
        error = self._error
        if not self._result and error is None:  # cancelled before it began
            error = Cancelled(tr("Cancelled. Nothing was left half done."))
        if error is not None and not isinstance(error, Cancelled):
            log_error(error)
        del self._work  # with all that it holds: a handle may be kept for long
        self.returned.set()  # or never entered
        # Not now: after this call QGIS takes this task's runnable out of its thread pool's queue, by an address that
        # the runnable of a task which a callback starts can have by then; that task would never begin (seen).
        QTimer.singleShot(0, lambda: self._tell(error))

    def _tell(self, error: CityTwinError | None) -> None:
        callbacks, self._callbacks = self._callbacks, None
        result, self._result = self._result, []
        self.over = True
        self.handle = None
        _running.discard(self)
        if callbacks is not None:
            callbacks.tell(result, error)

    def _look(self) -> None:
        # Not told by the parent's `destroyed`: PyQt frees a lambda on it while it runs, and QGIS dies (seen).
        if self._callbacks is not None and self._callbacks.gone():
            self.stop()
        while self._progress.notes:
            note = self._progress.notes.popleft()
            if self._callbacks is not None:
                self._callbacks.noted(note)
        latest = self._progress.latest
        if latest is None or latest == self._shown:
            return
        self._shown = latest
        done, total, _text = latest
        if total and not self.over:
            self.setProgress(min(100.0, 100.0 * done / total))
        if self._callbacks is not None:
            self._callbacks.progressed(*latest)


class _Callbacks:
    """Called in the main thread, and no more once ``parent`` is gone."""

    def __init__(
        self,
        parent: QObject | None,
        done: Callable[[Any], None],
        failed: Callable[[CityTwinError], None],
        cancelled: Callable[[], None] | None,
        progress: Callable[[int, int | None, str], None] | None,
        note: Callable[[str], None] | None,
    ) -> None:
        self._parent = parent
        self._done = done
        self._failed = failed
        self._cancelled = cancelled
        self._progress = progress
        self._note = note

    def tell(self, result: list[Any], error: CityTwinError | None) -> None:
        if self.gone():
            return
        if isinstance(error, Cancelled):
            if self._cancelled is not None:
                _guarded(self._cancelled)
        elif error is not None:
            _guarded(lambda: self._failed(error))
        else:
            wrong = _guarded(lambda: self._done(result[0]))
            if wrong is not None:
                _guarded(lambda: self._failed(wrong))

    def progressed(self, done: int, total: int | None, text: str) -> None:
        progress = self._progress
        if progress is not None and not self.gone():
            _guarded(lambda: progress(done, total, text))

    def noted(self, text: str) -> None:
        note = self._note
        if note is None:
            log(text)
        elif not self.gone():
            _guarded(lambda: note(text))

    def gone(self) -> bool:
        return self._parent is not None and sip.isdeleted(self._parent)


def run(
    description: str,
    work: Callable[[Progress], T],
    *,
    done: Callable[[T], None],
    failed: Callable[[CityTwinError], None],
    progress: Callable[[int, int | None, str], None] | None = None,
    note: Callable[[str], None] | None = None,
    cancelled: Callable[[], None] | None = None,
    parent: QObject | None = None,
    hidden: bool = False,
) -> TaskHandle:
    """Run ``work`` in a worker thread. Call it in the main thread, where exactly one of the callbacks is called later.

    ``work`` gets a `Progress`, must touch neither layers, project nor widgets, and ends by returning a value
    (``done``), raising a `CityTwinError` (``failed``) or `Cancelled` (``cancelled``). Any other exception becomes a
    sentence, with its traceback in the log. ``progress`` comes at most ten times a second; ``note`` is what the user
    should know that is no error (default: the log). Nothing is called once ``parent`` is deleted; the work is then
    asked to stop. ``hidden``: for what goes on all the time, of which QGIS's status bar says nothing.
    """
    task = _Task(description, work, _Callbacks(parent, done, failed, cancelled, progress, note), hidden)
    task.handle = handle = TaskHandle(task)
    _begin(task)
    return handle


def _begin(task: _Task) -> None:
    _running.add(task)
    QgsApplication.taskManager().addTask(task)


def cancel_all(seconds: float = 5.0) -> bool:
    """Stop every task and call nobody any more: at unload. Waits for the working threads, at most ``seconds`` in all.

    Returns whether all of them are out of our code.
    """
    tasks = list(_running)
    for task in tasks:
        task.silence()
        task.stop()
    until = time.monotonic() + seconds
    # Waits with Python's lock released: QgsTask.waitForFinished would keep it, and the worker needs it to end.
    out = [task.returned.wait(max(0.0, until - time.monotonic())) for task in tasks if not task.over]
    return all(out)


def unforeseen(error: BaseException) -> CityTwinError:
    """The sentence for what nobody foresaw; its detail is the traceback, without secrets."""
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return CityTwinError(
        tr(
            "Something went wrong that we did not foresee ({kind}). Your edits are still in the working copy. Try "
            "again; if it stays, send the details in the log panel to the plugin's makers.",
            kind=type(error).__name__,
        ),
        detail=scrub_text(text),
    )


def _guarded(call: Callable[[], None]) -> CityTwinError | None:
    """Call it; what it raises goes to the log instead of QGIS's traceback window, and is returned."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - a callback's mistake must not take the window down
        wrong = error if isinstance(error, CityTwinError) else unforeseen(error)
        log_error(wrong)
        return wrong
    return None


class FeedbackProgress:
    """A `Progress` over a QgsFeedback, for Processing algorithms: bar, current step, and notes in the log."""

    def __init__(self, feedback: QgsFeedback) -> None:
        self._feedback = feedback
        self._next = 0.0
        self._text = ""

    def cancelled(self) -> bool:
        return bool(self._feedback.isCanceled())

    def report(self, done: int, total: int | None, text: str) -> None:
        now = time.monotonic()
        if now < self._next and (total is None or done < total):
            return
        self._next = now + _PACE / 1000
        if total:
            self._feedback.setProgress(min(100.0, 100.0 * done / total))
        if isinstance(self._feedback, QgsProcessingFeedback) and text != self._text:
            self._text = text
            self._feedback.setProgressText(text)

    def note(self, text: str) -> None:
        if isinstance(self._feedback, QgsProcessingFeedback):
            self._feedback.pushInfo(text)
        else:
            log(text, Qgis.MessageLevel.Info)
