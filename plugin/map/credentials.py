"""Credentials out of QGIS's authentication database, for a request made in any thread.

QGIS may have to ask the user (the master password, an OAuth2 login). It asks in a dialog of the main thread, while the
caller waits inside C++ with Python's lock held: from a worker that freezes QGIS at the first line of Python that the
main thread runs. So whatever may ask is run in the main thread, and the worker waits for it with the lock released.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication, QObject, Qt, QThread, pyqtSignal
from qgis.PyQt.QtNetwork import QNetworkReply, QNetworkRequest, QSslError

from ..text import tr
from ..twin.errors import AccessDenied, Cancelled

_ASKING_METHODS = frozenset({"OAuth2"})  # ask again whenever a token runs out
_LOOK = 0.05  # seconds between two looks at the cancel button while waiting


def in_main_thread() -> bool:
    """Whether the caller runs in the thread of QGIS's window."""
    app = QCoreApplication.instance()
    return app is None or QThread.currentThread() == app.thread()


class _MainThread(QObject):
    """Lives in the main thread and runs there what is handed to it."""

    _handed = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self._handed.connect(self._run, Qt.ConnectionType.QueuedConnection)
        self.moveToThread(QCoreApplication.instance().thread())

    def _run(self, job: Callable[[], None]) -> None:
        job()

    def call(self, work: Callable[[], Any], cancelled: Callable[[], bool]) -> Any:
        """``work()`` as the main thread runs it. Raises what it raises, and `Cancelled` when the wait is given up."""
        over = threading.Event()
        outcome: dict[str, Any] = {}

        def job() -> None:
            if not outcome:
                try:
                    outcome["value"] = work()
                except Exception as error:  # noqa: BLE001 - handed to the waiting thread, whatever it is
                    outcome["error"] = error
            over.set()

        self._handed.emit(job)
        while not over.wait(_LOOK):
            if cancelled():
                outcome["given up"] = True
                raise Cancelled(tr("Cancelled. Nothing was left half done."))
        if "error" in outcome:
            raise outcome["error"]
        return outcome.get("value")


def name_of(authcfg: str) -> str:
    """What the user calls the authentication configuration ``authcfg``; its id where it has no name, "" for none."""
    if not authcfg:
        return ""
    found = QgsApplication.authManager().availableAuthMethodConfigs().get(authcfg)
    return (found.name() if found is not None else "") or authcfg


def apply(request: QNetworkRequest, authcfg: str, cancelled: Callable[[], bool]) -> QNetworkRequest:
    """``request`` with the credentials of ``authcfg``. QGIS may ask the user. Raises `AccessDenied`, `Cancelled`."""
    manager = QgsApplication.authManager()

    def update() -> QNetworkRequest | None:
        done, updated = manager.updateNetworkRequest(request, authcfg)
        return updated if done else None

    may_ask = not manager.masterPasswordIsSet() or manager.configAuthMethodKey(authcfg) in _ASKING_METHODS
    if may_ask and not in_main_thread():
        updated = _MainThread().call(update, cancelled)
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


def apply_to_reply(reply: QNetworkReply, authcfg: str) -> None:
    """Let the authentication method take part in the answer, as some need to (refused tokens)."""
    QgsApplication.authManager().updateNetworkReply(reply, authcfg)


def trusted(reply: QNetworkReply, errors: list[QSslError]) -> bool:
    """Whether the user has told QGIS to accept exactly these ``errors`` of exactly this certificate of this server."""
    manager = QgsApplication.authManager()
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
