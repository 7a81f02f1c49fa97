"""What broke on the way, as the exception that ``requests`` itself would raise."""

from __future__ import annotations

import requests
from qgis.PyQt.QtNetwork import QNetworkReply

from .exchange import told

_Error = QNetworkReply.NetworkError

_NEVER_SENT = frozenset(
    {
        _Error.ConnectionRefusedError,
        _Error.HostNotFoundError,
        _Error.SslHandshakeFailedError,
        _Error.ProtocolUnknownError,
    }
)
_PROXY = frozenset(
    {
        _Error.ProxyConnectionRefusedError,
        _Error.ProxyConnectionClosedError,
        _Error.ProxyNotFoundError,
        _Error.ProxyTimeoutError,
        _Error.ProxyAuthenticationRequiredError,
        _Error.UnknownProxyError,
    }
)
# ProtocolInvalidOperationError is not among them: it is Qt's name for status 400.
_UNSPOKEN = frozenset(
    {_Error.ContentReSendError, _Error.ProtocolFailure, _Error.TimeoutError, _Error.OperationCanceledError}
)

# In the words that `twin.faults` knows: Qt's own are in the user's language.
_WORDS = {
    _Error.ConnectionRefusedError: "connection refused",
    _Error.HostNotFoundError: "host not found",
    _Error.RemoteHostClosedError: "the server closed the connection",
    _Error.ContentReSendError: "the server closed the connection",
    _Error.TemporaryNetworkFailureError: "network is unreachable",
    _Error.NetworkSessionFailedError: "network is unreachable",
    _Error.UnknownNetworkError: "network is unreachable",
}


def failure(reply: QNetworkReply, *, answered: bool) -> requests.exceptions.RequestException | None:
    """None for an answer that is whole, whatever its status. Its ``sent``: whether the server may have the request."""
    error = reply.error()
    if answered and not (error in _PROXY or error in _NEVER_SENT or error in _WORDS or error in _UNSPOKEN):
        return None
    text = f"{_WORDS.get(error, 'transport error')}: {reply.errorString()}"
    kind: type[requests.exceptions.RequestException] = requests.exceptions.ConnectionError
    sent = error not in _NEVER_SENT
    if error in _PROXY:
        kind, sent = requests.exceptions.ProxyError, error == _Error.ProxyConnectionClosedError
    elif answered:
        kind, sent = requests.exceptions.ChunkedEncodingError, True
    elif error == _Error.SslHandshakeFailedError:
        kind = requests.exceptions.SSLError
    elif error == _Error.TimeoutError:  # Qt times connecting only; silence is ours
        kind, sent = requests.exceptions.ConnectTimeout, False
    elif error == _Error.ProtocolUnknownError:
        kind = requests.exceptions.InvalidSchema
    return told(kind(text), sent=sent)
