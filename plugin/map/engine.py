"""The network thread: owns QGIS's network managers and the replies, and hands what arrives to who waits for it.

A thread of its own, because a manager must be made, used and deleted in one thread whose event loop runs, and the
threads that ask are of many kinds: QGIS's tasks, threads of Python's own that end without telling Qt, and the main
thread of `qgis_process`, which runs no event loop.
"""

from __future__ import annotations

import atexit
import threading
from typing import Any

import requests
from qgis.core import QgsNetworkAccessManager, QgsNetworkReplyContent, QgsNetworkRequestParameters
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QCoreApplication, QIODevice, QObject, Qt, QThread, QTimer, pyqtSignal, pyqtSlot
from qgis.PyQt.QtNetwork import QNetworkReply, QNetworkRequest

from . import credentials
from .exchange import Exchange, Head, told
from .failures import failure

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
        self.reply: QNetworkReply | None = None
        self.upload: Upload | None = None


class _Worker(QObject):
    """Lives in the network thread; all its slots run there."""

    begin = pyqtSignal(object)
    resume = pyqtSignal(object)
    abandon = pyqtSignal(object)
    leave = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._managers: dict[str, QgsNetworkAccessManager] = {}
        self._jobs: set[Job] = set()

    def settle(self, thread: QThread) -> None:
        """Move there. In this order: PyQt would run slots in the thread that connected them."""
        self.moveToThread(thread)
        queued = Qt.ConnectionType.QueuedConnection
        self.begin.connect(self._begin, queued)
        self.resume.connect(self._resume, queued)
        self.abandon.connect(self._abandon, queued)
        self.leave.connect(self._leave, queued)

    @pyqtSlot(object)
    def _begin(self, job: Job) -> None:
        if job.exchange.given_up:
            return
        try:
            self._start(job)
        except Exception as error:  # noqa: BLE001 - an exception in a slot would end QGIS; it goes to who waits
            job.exchange.end(error)

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
        job.reply = reply
        self._jobs.add(job)
        reply.setReadBufferSize(_BUFFER)
        # QGIS's own timer would count the time that our reader takes; `Exchange` counts only the server's silence.
        timer = reply.findChild(QTimer, "timeoutTimer")
        if timer is not None:
            sip.delete(timer)
        # QGIS's own slot would wait for a dialog for ever: its handler belongs to the shared manager.
        reply.sslErrors.disconnect()
        reply.sslErrors.connect(lambda errors: _judge(reply, errors))
        reply.metaDataChanged.connect(lambda: self._head(job))
        reply.readyRead.connect(lambda: self._pump(job))
        reply.uploadProgress.connect(lambda *_: job.exchange.heard())
        reply.finished.connect(lambda: self._finished(job))
        if job.authcfg:
            credentials.apply_to_reply(reply, job.authcfg)

    def _manager(self, authcfg: str) -> QgsNetworkAccessManager:
        """One for each identity: Qt does not tell apart connections that differ in their client certificate only."""
        manager = self._managers.get(authcfg)
        if manager is None:
            manager = self._managers[authcfg] = QgsNetworkAccessManager()
            # So that QGIS's network logger (F12) shows our requests too.
            manager.requestAboutToBeCreated[QgsNetworkRequestParameters].connect(
                QgsNetworkAccessManager.instance().requestAboutToBeCreated[QgsNetworkRequestParameters]
            )
        return manager

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
            QgsNetworkAccessManager.instance().finished[QgsNetworkReplyContent].emit(QgsNetworkReplyContent(job.reply))
            self._pump(job)

    @pyqtSlot(object)
    def _resume(self, job: Job) -> None:
        self._pump(job)

    @pyqtSlot(object)
    def _abandon(self, job: Job) -> None:
        if job.reply is not None:
            job.reply.abort()  # comes back by `_finished`
            self._close(job, None)

    def _close(self, job: Job, error: Exception | None) -> None:
        reply, job.reply = job.reply, None
        if reply is not None:
            reply.deleteLater()  # we may be in one of its signals
            reply.destroyed.connect(lambda *_: setattr(job, "upload", None))  # Qt reads from it until then
        self._jobs.discard(job)
        job.exchange.end(error)

    @pyqtSlot()
    def _leave(self) -> None:
        for job in list(self._jobs):
            self._abandon(job)
            job.exchange.end(told(requests.exceptions.ConnectionError("the session was closed"), sent=True))
        for manager in self._managers.values():
            sip.delete(manager)  # and with it the replies
        self._managers.clear()
        self.deleteLater()
        QThread.currentThread().quit()


class Engine:
    """A network thread. ``close`` it, or let it be forgotten: it then ends by itself."""

    def __init__(self) -> None:
        self._worker = _Worker()
        self._thread = QThread()
        self._thread.setObjectName("City Twin network")
        self._worker.settle(self._thread)
        # Whoever forgets us last may be a thread that ends: the thread object must not be tied to it.
        self._thread.moveToThread(QCoreApplication.instance().thread())
        self._thread.start()
        self._open = True
        _remember(self._thread, self._worker)

    def send(self, job: Job) -> None:
        worker = self._worker
        job.exchange.on_room = lambda: worker.resume.emit(job)
        job.exchange.on_give_up = lambda: worker.abandon.emit(job)
        worker.begin.emit(job)

    def close(self) -> None:
        """Break off what is under way and end the thread. Does not wait for it; may be called from any thread."""
        if self._open:
            self._open = False
            if not sip.isdeleted(self._worker):
                self._worker.leave.emit()

    def __del__(self) -> None:
        self.close()


_running: list[tuple[QThread, _Worker]] = []
_lock = threading.Lock()


def _remember(thread: QThread, worker: _Worker) -> None:
    """A QThread that is destroyed while it runs takes QGIS down with it: hold each until it has ended."""
    with _lock:
        _running[:] = [pair for pair in _running if not pair[0].isFinished()]
        _running.append((thread, worker))


@atexit.register
def end_all(milliseconds: int = _GOODBYE_MS) -> bool:
    """End all network threads; at unload and at Python's end. Returns whether they have ended."""
    with _lock:
        pairs, _running[:] = list(_running), []
    for thread, worker in pairs:
        if not thread.isFinished() and not sip.isdeleted(worker):
            worker.leave.emit()
    left = [pair for pair in pairs if not pair[0].wait(milliseconds)]
    with _lock:
        _running.extend(left)
    return not left


def _judge(reply: QNetworkReply, errors: list[Any]) -> None:
    """Accept what the user told QGIS to accept; anything else fails as an SslHandshakeFailedError."""
    if credentials.trusted(reply, errors):
        reply.ignoreSslErrors(errors)
