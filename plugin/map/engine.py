"""The network thread: owns QGIS's network managers and the replies, and hands what arrives to who waits for it.

A thread of its own, because a manager must be made, used and deleted in one thread whose event loop runs, and the
threads that ask are of many kinds: QGIS's tasks, threads of Python's own that end without telling Qt, and the main
thread of `qgis_process`, which runs no event loop.
"""

from __future__ import annotations

import atexit
import threading

import requests
from qgis.core import QgsNetworkAccessManager, QgsNetworkReplyContent, QgsNetworkRequestParameters, QgsSettings
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QCoreApplication, QIODevice, QObject, Qt, QThread, pyqtSignal, pyqtSlot
from qgis.PyQt.QtNetwork import QNetworkReply, QNetworkRequest, QSslError

from . import credentials
from .exchange import Exchange, Head, told
from .failures import failure
from .gate import Gate

_PROXY_SETTINGS = (
    *("proxyEnabled", "proxyType", "proxyHost", "proxyPort", "proxyUser", "proxyPassword", "authcfg"),
    *("proxyExcludedUrls", "noProxyUrls"),
)
_STATUS = QNetworkRequest.Attribute.HttpStatusCodeAttribute
_REASON = QNetworkRequest.Attribute.HttpReasonPhraseAttribute
_BUFFER = 1 << 20  # bytes that Qt holds before it lets the server wait
_PIECE = 1 << 16  # bytes handed over at a time
_GOODBYE_MS = 3000


class Upload(QIODevice):
    """A request's body, sent once: it cannot be rewound, so Qt cannot send the request again by itself."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = data
        self._at = 0
        self.open(QIODevice.OpenModeFlag.ReadOnly)

    def isSequential(self) -> bool:
        return True

    def size(self) -> int:
        return len(self._data)

    def bytesAvailable(self) -> int:
        return len(self._data) - self._at + super().bytesAvailable()

    def reset(self) -> bool:
        return False

    def readData(self, length: int) -> bytes:
        piece = self._data[self._at : self._at + length]
        self._at += len(piece)
        return piece

    def writeData(self, _data: bytes) -> int:
        return -1


def _forget(thing: QObject) -> None:
    """Keep PyQt from watching the end of ``thing``, an object of Qt's own making that lives in this thread.

    PyQt hears of it by a queued call in the main thread, and looks it up by its address: by then another object may
    live there, whose Python half dies in its place (seen within seconds, and crashes). So we delete such things
    ourselves, by sip.
    """
    try:
        thing.destroyed.disconnect()
    except TypeError:  # it was not watched
        return


class Job:
    """One request as the network thread gets it. ``body`` None: no body, and Qt may send it again (reads)."""

    def __init__(
        self, exchange: Exchange, asked: QNetworkRequest, method: str, body: bytes | None, authcfg: str = ""
    ) -> None:
        self.exchange = exchange
        self.asked = asked
        self.method = method
        self.body = body
        self.authcfg = authcfg
        url = asked.url()
        self.lane = (authcfg, url.scheme(), url.host(), url.port())
        self.reply: QNetworkReply | None = None
        self.upload: Upload | None = None


def _closed(job: Job) -> requests.exceptions.RequestException:
    return told(requests.exceptions.ConnectionError("the session was closed"), sent=job.exchange.begun)


class _Worker(QObject):
    """Lives in the network thread; all its slots run there."""

    begin = pyqtSignal(object)
    resume = pyqtSignal(object)
    abandon = pyqtSignal(object)
    leave = pyqtSignal()
    _bury = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._managers: dict[str, QgsNetworkAccessManager] = {}
        self._jobs: dict[QNetworkReply, Job] = {}
        self._over: list[tuple[QNetworkReply, Upload | None]] = []
        self._gate: Gate[Job] = Gate()

    def settle(self, thread: QThread) -> None:
        """Move there. In this order: PyQt would run slots in the thread that connected them."""
        self.moveToThread(thread)
        queued = Qt.ConnectionType.QueuedConnection
        self.begin.connect(self._begin, queued)
        self.resume.connect(self._resume, queued)
        self.abandon.connect(self._abandon, queued)
        self.leave.connect(self._leave, queued)
        self._bury.connect(self._delete, queued)

    @pyqtSlot(object)
    def _begin(self, job: Job) -> None:
        if self._gate.enter(job.lane, job):
            self._launch(job)

    def _launch(self, job: Job | None) -> None:
        """Send ``job``, else who waits behind it."""
        while job is not None:
            try:
                if job.exchange.begin():
                    self._start(job)
                    return
            except Exception as error:  # noqa: BLE001 - an exception in a slot would end QGIS; it goes to who waits
                job.exchange.end(error)
            job = self._gate.leave(job.lane, job)

    def _start(self, job: Job) -> None:
        manager = self._manager(job.authcfg)
        if job.body is not None:
            job.upload = Upload(job.body)
        if job.method == "GET":
            reply = manager.get(job.asked)
        elif job.method == "HEAD":
            reply = manager.head(job.asked)
        elif job.upload is None:
            reply = manager.sendCustomRequest(job.asked, job.method.encode("ascii"))
        else:
            reply = manager.sendCustomRequest(job.asked, job.method.encode("ascii"), job.upload)
        _forget(reply)
        job.reply = reply
        self._jobs[reply] = job
        reply.setReadBufferSize(_BUFFER)
        # QGIS's own timer would count the time that our reader takes; `Exchange` counts only the server's silence.
        for child in reply.children():
            _forget(child)
            if child.objectName() == "timeoutTimer":
                sip.delete(child)
        # QGIS's own slot would wait for a dialog for ever: its handler belongs to the shared manager.
        reply.sslErrors.disconnect()
        reply.sslErrors.connect(self._judge)
        reply.metaDataChanged.connect(self._has_head)
        reply.readyRead.connect(self._has_body)
        reply.uploadProgress.connect(self._has_sent)
        reply.finished.connect(self._has_finished)
        if job.authcfg:
            credentials.apply_to_reply(reply, job.authcfg)

    def _manager(self, authcfg: str) -> QgsNetworkAccessManager:
        """One for each identity: Qt does not tell apart connections that differ in their client certificate only."""
        manager = self._managers.get(authcfg)
        if manager is None:
            manager = self._managers[authcfg] = QgsNetworkAccessManager()
            # So that QGIS's network logger (F12) shows our requests too.
            shared = QgsNetworkAccessManager.instance()
            _forget(shared)
            manager.requestAboutToBeCreated[QgsNetworkRequestParameters].connect(
                shared.requestAboutToBeCreated[QgsNetworkRequestParameters]
            )
        return manager

    def _sender(self) -> Job | None:
        job = self._jobs.get(self.sender())
        if job is not None:
            for other in self._gate.waiting(job.lane):
                other.exchange.heard()  # the server lives: those in the queue wait for each other, not for it
        return job

    @pyqtSlot()
    def _has_head(self) -> None:
        job = self._sender()
        if job is not None:
            self._head(job)

    @pyqtSlot()
    def _has_body(self) -> None:
        job = self._sender()
        if job is not None:
            self._pump(job)

    @pyqtSlot("qint64", "qint64")
    def _has_sent(self, _sent: int, _total: int) -> None:
        job = self._sender()
        if job is not None:
            job.exchange.heard()

    @pyqtSlot()
    def _has_finished(self) -> None:
        job = self._sender()
        if job is not None:
            self._finished(job)

    @pyqtSlot("QList<QSslError>")
    def _judge(self, errors: list[QSslError]) -> None:
        """Accept what the user told QGIS to accept; anything else fails as an SslHandshakeFailedError."""
        job = self._sender()
        if job is not None and job.reply is not None and credentials.trusted(job.reply, errors):
            job.reply.ignoreSslErrors(errors)

    def _head(self, job: Job) -> None:
        reply = job.reply
        if reply is None or reply.attribute(_STATUS) is None:
            return
        fields: list[tuple[str, str]] = []
        for name, value in reply.rawHeaderPairs():
            for line in bytes(value).decode("latin-1").split("\n"):  # Qt joins several Set-Cookie by line breaks
                fields.append((bytes(name).decode("latin-1"), line))
        job.exchange.begin_answer(
            Head(int(reply.attribute(_STATUS)), str(reply.attribute(_REASON) or ""), tuple(fields))
        )

    def _pump(self, job: Job) -> None:
        reply = job.reply
        if reply is None:
            return
        self._head(job)
        while reply.bytesAvailable():
            room = job.exchange.room()
            if not room:
                return
            job.exchange.add(bytes(reply.read(min(room, _PIECE))))
        if reply.isFinished():
            self._close(job, failure(reply, answered=reply.attribute(_STATUS) is not None))

    def _finished(self, job: Job) -> None:
        if job.reply is not None:
            shared = QgsNetworkAccessManager.instance()
            _forget(shared)
            shared.finished[QgsNetworkReplyContent].emit(QgsNetworkReplyContent(job.reply))
            self._pump(job)

    @pyqtSlot(object)
    def _resume(self, job: Job) -> None:
        self._pump(job)

    @pyqtSlot(object)
    def _abandon(self, job: Job) -> None:
        if job.reply is not None:
            job.reply.abort()  # comes back by `_finished`
            self._close(job, None)
        else:
            self._launch(self._gate.leave(job.lane, job))  # it waited, or is over

    def _close(self, job: Job, error: Exception | None) -> None:
        reply, job.reply = job.reply, None
        if reply is not None:
            del self._jobs[reply]
            self._over.append((reply, job.upload))
            self._bury.emit()
        job.exchange.end(error)
        self._launch(self._gate.leave(job.lane, job))

    @pyqtSlot()
    def _delete(self) -> None:
        """Delete what is over; queued, because we may be in one of its signals. By sip, see `_forget`."""
        while self._over:
            reply, _upload = self._over.pop()  # Qt reads from the upload as long as the reply lives
            sip.delete(reply)

    @pyqtSlot()
    def _leave(self) -> None:
        waiting = list(self._gate.waiting())
        for job in waiting:
            job.exchange.give_up()
        for job in [*waiting, *self._jobs.values()]:
            self._abandon(job)
            job.exchange.end(_closed(job))
        self._delete()
        for manager in self._managers.values():
            sip.delete(manager)
        self._managers.clear()
        self.deleteLater()
        self.thread().quit()


class Engine:
    """A network thread that runs until `end`."""

    def __init__(self, settings: tuple[object, ...]) -> None:
        self.settings = settings
        self._worker = _Worker()
        self._thread = QThread()
        self._thread.setObjectName("City Twin network")
        self._worker.settle(self._thread)
        # The thread that happens to need us first may end before we do.
        self._thread.moveToThread(QCoreApplication.instance().thread())
        self._thread.start()

    def send(self, job: Job) -> None:
        worker = self._worker

        def tell(signal: str) -> None:
            try:
                getattr(worker, signal).emit(job)
            except RuntimeError:  # the network thread has ended meanwhile, and the worker with it
                job.exchange.end(_closed(job))

        job.exchange.on_room = lambda: tell("resume")
        job.exchange.on_give_up = lambda: tell("abandon")
        tell("begin")

    def end(self, milliseconds: int = _GOODBYE_MS) -> bool:
        """Break off what is under way, and wait until the thread has ended; whether it has."""
        if not self._thread.isFinished():
            self._worker.leave.emit()
        return bool(self._thread.wait(milliseconds))


_engine: Engine | None = None
_left: list[Engine] = []  # a QThread that is destroyed while it runs takes QGIS down with it
_lock = threading.Lock()


def running() -> Engine:
    """The network thread, one for all sessions; started when first needed, and anew when the proxy settings changed:
    a thread's managers read them once."""
    global _engine
    settings = QgsSettings()
    now = tuple(settings.value(f"proxy/{key}") for key in _PROXY_SETTINGS)
    with _lock:
        if _engine is not None and _engine.settings != now:
            if not _engine.end():
                _left.append(_engine)
            _engine = None
        if _engine is None:
            _engine = Engine(now)
        return _engine


@atexit.register
def end_all() -> bool:
    """End the network thread; at unload and at Python's end. Returns whether it has ended. `running` starts another."""
    global _engine
    with _lock:
        engines = [*_left, *([_engine] if _engine is not None else [])]
        _engine = None
        _left[:] = [engine for engine in engines if not engine.end()]
        return not _left
