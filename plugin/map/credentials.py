"""Credentials out of QGIS's authentication database, for a request made in any thread.

QGIS may have to ask the user (the master password, an OAuth2 login). It asks in a dialog of the main thread, while the
caller waits inside C++ with Python's lock held: from a worker that freezes QGIS at the first line of Python that the
main thread runs. So whatever may ask is run in the main thread, and the worker waits for it with the lock released.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from qgis.core import QgsApplication, QgsAuthManager, QgsAuthMethodConfig
from qgis.PyQt.QtCore import QCoreApplication, QObject, Qt, pyqtSignal, pyqtSlot
from qgis.PyQt.QtNetwork import QNetworkReply, QNetworkRequest, QSslError

from ..text import tr
from ..twin.errors import AccessDenied, Cancelled

_ASKING_METHODS = frozenset({"OAuth2"})  # ask again whenever a token runs out
_PATIENCE = 3.0  # seconds for the main thread to begin
_LOOK = 0.05  # seconds between two looks at the cancel button while waiting


def _manager() -> QgsAuthManager:
    return QgsApplication.authManager()


def in_main_thread() -> bool:
    """Whether the caller runs in the thread of QGIS's window."""
    # Not by QThread.currentThread(): PyQt does not survive the end of a thread that is not Qt's (see `engine._forget`).
    return threading.current_thread() is threading.main_thread()


class _MainThread(QObject):
    """Lives in the main thread and runs there what is handed to it."""

    _handed = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        # In this order, and to a decorated slot: PyQt runs any other in the thread that connected it.
        self.moveToThread(QCoreApplication.instance().thread())
        self._handed.connect(self._run, Qt.ConnectionType.QueuedConnection)

    @pyqtSlot(object)
    def _run(self, job: Callable[[], None]) -> None:
        job()

    def call(self, work: Callable[[], Any], cancelled: Callable[[], bool]) -> Any:
        """``work()`` as the main thread runs it. Raises what it raises, and `Cancelled` when the wait is given up.

        A main thread that waits for us without an event loop (`qgis_process`) never comes to it: then it is run here.
        """
        job = _Job(work)
        self._handed.emit(job)
        until = time.monotonic() + _PATIENCE
        while not job.over.wait(_LOOK):
            if cancelled():
                job.taken.acquire(blocking=False)
                raise Cancelled(tr("Cancelled. Nothing was left half done."))
            if time.monotonic() > until:
                job()
        if job.error is not None:
            raise job.error
        return job.value


_lock = threading.Lock()
_main_thread: _MainThread | None = None


def _in_main_thread() -> _MainThread:
    """One for all threads, and kept: one that a worker lets go of may still be running in the main thread."""
    global _main_thread
    with _lock:
        if _main_thread is None:
            _main_thread = _MainThread()
        return _main_thread


class _Job:
    """Something to be run once, by whoever comes first."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self.taken = threading.Lock()
        self.over = threading.Event()
        self.value: Any = None
        self.error: Exception | None = None

    def __call__(self) -> None:
        if not self.taken.acquire(blocking=False):
            return
        try:
            self.value = self._work()
        except Exception as error:  # noqa: BLE001 - handed to the waiting thread, whatever it is
            self.error = error
        self.over.set()


def name_of(authcfg: str) -> str:
    """What the user calls the authentication configuration ``authcfg``; its id where it has no name, "" for none."""
    if not authcfg:
        return ""
    found = _manager().availableAuthMethodConfigs().get(authcfg)
    return (found.name() if found is not None else "") or authcfg


def apply(request: QNetworkRequest, authcfg: str, cancelled: Callable[[], bool]) -> QNetworkRequest:
    """``request`` with the credentials of ``authcfg``. QGIS may ask the user. Raises `AccessDenied`, `Cancelled`."""
    manager = _manager()

    def update() -> QNetworkRequest | None:
        done, updated = manager.updateNetworkRequest(request, authcfg)
        return updated if done else None

    may_ask = not manager.masterPasswordIsSet() or manager.configAuthMethodKey(authcfg) in _ASKING_METHODS
    if may_ask and not in_main_thread():
        updated = _in_main_thread().call(update, cancelled)
    else:
        updated = update()
    if updated is None:
        raise AccessDenied(
            tr(
                "QGIS could not read the credentials “{name}”. Nothing was sent. Check the master password, and that "
                "the authentication configuration still exists (Settings ▸ Options ▸ Authentication).",
                name=name_of(authcfg),
            ),
            detail=f"authcfg {authcfg}: updateNetworkRequest failed",
        )
    return updated


def basic(authcfg: str, cancelled: Callable[[], bool]) -> tuple[str, str] | None:
    """The user name and the password of ``authcfg``, for a server that is not asked over HTTP; None where it holds
    something else. QGIS may ask the user for its master password. Raises `Cancelled`."""
    manager = _manager()

    def read() -> tuple[str, str] | None:
        done, config = manager.loadAuthenticationConfig(authcfg, QgsAuthMethodConfig(), True)
        if not done or config.method() != "Basic":
            return None
        return config.config("username"), config.config("password")

    if not manager.masterPasswordIsSet() and not in_main_thread():
        found: tuple[str, str] | None = _in_main_thread().call(read, cancelled)
        return found
    return read()


def trusted_certificates(cancelled: Callable[[], bool]) -> str:
    """The certificate authorities that QGIS trusts, as PEM: the system's and those that the user added."""

    def read() -> str:
        manager = _manager()
        return "" if manager.isDisabled() else bytes(manager.trustedCaCertsPemText()).decode("ascii", "ignore")

    return read() if in_main_thread() else str(_in_main_thread().call(read, cancelled))


def apply_to_reply(reply: QNetworkReply, authcfg: str) -> None:
    """Let the authentication method take part in the answer, as some need to (refused tokens)."""
    _manager().updateNetworkReply(reply, authcfg)


def trusted(reply: QNetworkReply, errors: list[QSslError]) -> bool:
    """Whether the user has told QGIS to accept exactly these ``errors`` of exactly this certificate of this server."""
    manager = _manager()
    certificate = reply.sslConfiguration().peerCertificate()
    if manager.isDisabled() or certificate.isNull():
        return False
    url = reply.request().url()
    host_port = f"{url.host().strip()}:{url.port(443)}"
    config = manager.sslCertCustomConfigByHost(host_port)
    if config.isNull() or config.sslCertificate() != certificate:
        return False
    accepted = list(config.sslIgnoredErrorEnums())
    return all(error.error() in accepted for error in errors)
