"""Requests against a real server that misbehaves."""

from __future__ import annotations

import email.utils
import gzip
import io
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
import requests
import requests.adapters

from plugin.twin.errors import (
    AccessDenied,
    BadResponse,
    Cancelled,
    Clash,
    NotFound,
    Rejected,
    ServerFailed,
    TooBusy,
    TwinError,
    Unreachable,
)
from plugin.twin.faults import unreachable
from plugin.twin.replies import scrub, scrub_text
from plugin.twin.session import Session
from tests.unit.twin.faults_server import Answer, FaultyServer, Watch, as_html, as_json

OK = as_json({"fine": True})


def wire(text: bytes, pause: float = 0.0, step: int = 0) -> Answer:
    """Exactly these bytes, then the end of the connection; ``step`` bytes at a time with a ``pause`` after each."""

    def write(handler: BaseHTTPRequestHandler) -> None:
        size = step or len(text)
        for at in range(0, len(text), size):
            try:
                handler.wfile.write(text[at : at + size])
                handler.wfile.flush()
            except OSError:
                return
            time.sleep(pause)

    return Answer(raw=write)


CUT = wire(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"half":')
CUT_CHUNK = wire(
    b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n10\r\n{"half"'
)
NOTHING = wire(b"")


def test_a_json_object_comes_with_its_reply(server: FaultyServer, session: Session) -> None:
    server.routes["/x"] = OK
    document, reply = session.get_json(f"{server.url}/x", params={"a": "ä b"})
    assert document == {"fine": True} and reply.status == 200 and reply.headers["content-type"] == "application/json"
    assert server.seen[0].query == {"a": "ä b"}
    assert server.seen[0].headers["Accept"] == "application/json"
    assert "Authorization" not in server.seen[0].headers


def test_gzip_is_unpacked_and_counted_by_what_was_sent(server: FaultyServer, session: Session) -> None:
    packed = gzip.compress(b'{"big":"' + b"x" * 100_000 + b'"}')
    server.routes["/x"] = Answer(200, packed, {"Content-Type": "application/json", "Content-Encoding": "gzip"})
    assert len(session.get_json(f"{server.url}/x")[0]["big"]) == 100_000


@pytest.mark.parametrize("broken", [CUT, CUT_CHUNK, NOTHING], ids=["length", "chunk", "nothing"])
def test_a_cut_connection_is_tried_again_then_said(
    broken: Answer, server: FaultyServer, session: Session, naps: list[float]
) -> None:
    server.routes["/x"] = [broken, broken, OK]
    assert session.get_json(f"{server.url}/x")[0] == {"fine": True}
    assert len(server.seen) == 3
    assert sum(naps) == pytest.approx(0.4 + 0.8)
    server.routes["/x"] = broken
    with pytest.raises(Unreachable, match="broke before the whole answer") as caught:
        session.get_json(f"{server.url}/x")
    assert caught.value.sent
    assert len(server.seen) == 3 + 5


@pytest.mark.parametrize("broken", [CUT, NOTHING, as_json({}, 500), as_json({}, 502), as_json({}, 503)])
def test_a_write_of_unclear_outcome_is_never_repeated(broken: Answer, server: FaultyServer, session: Session) -> None:
    server.routes["/x"] = [broken, OK]
    with pytest.raises((Unreachable, ServerFailed)) as caught:
        session.request("POST", f"{server.url}/x", body=b"{}", write=True)
    assert len(server.seen) == 1
    assert getattr(caught.value, "sent", True)


@pytest.mark.parametrize("status", [429, 503])
def test_a_write_that_the_server_sent_away_is_repeated(status: int, server: FaultyServer, session: Session) -> None:
    server.routes["/x"] = [as_json({}, status, Retry_After="1"), OK]
    assert session.request("POST", f"{server.url}/x", body=b"[1]", write=True).status == 200
    assert [s.body for s in server.seen] == [b"[1]", b"[1]"]


def test_a_refused_write_was_not_sent(session: Session) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Unreachable, match="does not accept connections") as caught:
        session.request("POST", f"http://127.0.0.1:{port}/", write=True, body=b"{}")
    assert not caught.value.sent


def test_an_unknown_host_has_its_own_sentence_and_is_not_repeated(naps: list[float]) -> None:
    with Session("https://no-such-host.invalid/api?token=abc123", sleep=naps.append) as session:
        with pytest.raises(Unreachable, match=r"server of https://no-such-host.invalid/api\S* was not found") as caught:
            session.get_json(session.url)
    assert not caught.value.sent and not naps
    assert "abc123" not in str(caught.value) + caught.value.detail


def test_tls_against_a_plain_server_has_its_own_sentence(server: FaultyServer, naps: list[float]) -> None:
    with Session(server.url.replace("http:", "https:"), sleep=naps.append, timeout=5) as session:
        with pytest.raises(Unreachable, match="No secure connection") as caught:
            session.get_json(session.url)
    assert not caught.value.sent and not naps


@pytest.mark.parametrize("url", ["ftp://example.org/x", "https://", "http://[::1", "https://exa mple:x9/"])
def test_what_is_no_address_is_said(url: str) -> None:
    with pytest.raises(Unreachable, match=r"no address of a web service|not found"):
        with Session(url) as session:
            session.get_json(session.url)


def test_a_silent_server_is_a_timeout(server: FaultyServer) -> None:
    release = threading.Event()
    server.routes["/x"] = Answer(raw=lambda _handler: release.wait(5) and None)
    try:
        with Session(server.url, timeout=0.15, sleep=lambda _s: None) as session:
            with pytest.raises(Unreachable, match="did not answer in time") as caught:
                session.get_json(f"{server.url}/x")
            assert caught.value.sent and len(server.seen) == 2
    finally:
        release.set()


def test_cancel_is_heard_while_a_server_trickles(server: FaultyServer, watch: Watch) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n"
    server.routes["/x"] = wire(head + b" " * 4000, pause=0.01, step=len(head))
    with Session(server.url, progress=watch, timeout=5) as session:
        server.routes["/x"] = wire(head + b" " * 4000, pause=0.02, step=10)
        began = time.monotonic()
        watch.stop = lambda: time.monotonic() - began > 0.4
        with pytest.raises(Cancelled):
            session.get_json(f"{server.url}/x")
    assert time.monotonic() - began < 2


def test_a_write_in_flight_is_not_cancelled(server: FaultyServer, session: Session, watch: Watch) -> None:
    server.routes["/x"] = OK
    watch.stop = lambda: bool(server.seen)
    assert session.request("POST", f"{server.url}/x", body=b"{}", write=True).status == 200
    with pytest.raises(Cancelled):
        session.request("POST", f"{server.url}/x", body=b"{}", write=True)
    assert len(server.seen) == 1


def test_retry_after_is_honoured_and_told(
    server: FaultyServer, session: Session, watch: Watch, naps: list[float]
) -> None:
    later = email.utils.formatdate(time.time() + 30, usegmt=True)
    server.routes["/x"] = [as_json({}, 429, Retry_After="7"), as_json({}, 503, Retry_After=later), OK]
    session.get_json(f"{server.url}/x")
    assert watch.notes[0] == "The twin asks us to wait 7 seconds"
    assert 7 + 28 <= sum(naps) <= 7 + 30.2 and max(naps) <= 0.1
    naps.clear()
    server.routes["/x"] = [as_json({}, 429, Retry_After="86400"), OK]
    session.get_json(f"{server.url}/x")
    assert sum(naps) == pytest.approx(120, abs=0.2)


def test_cancel_is_heard_while_waiting(server: FaultyServer, watch: Watch) -> None:
    server.routes["/x"] = as_json({}, 429, Retry_After="60")
    naps: list[float] = []
    watch.stop = lambda: len(naps) >= 3
    with Session(server.url, progress=watch, sleep=naps.append) as session, pytest.raises(Cancelled):
        session.get_json(f"{server.url}/x")
    assert len(naps) == 3


def problem(status: int, detail: str = "the server's words") -> Answer:
    return as_json({"title": "Oh", "detail": detail, "status": status}, status, "application/problem+json")


@pytest.mark.parametrize(
    ("status", "write", "expected"),
    [
        (400, False, BadResponse),
        (400, True, Rejected),
        (405, True, Rejected),
        (415, True, Rejected),
        (422, True, Rejected),
        (401, False, AccessDenied),
        (403, True, AccessDenied),
        (404, True, NotFound),
        (410, False, NotFound),
        (409, True, Clash),
        (412, True, Clash),
        (428, True, Clash),
        (429, False, TooBusy),
        (503, False, TooBusy),
        (500, False, ServerFailed),
        (501, True, ServerFailed),
    ],
)
def test_statuses_become_errors_with_the_servers_words(
    status: int, write: bool, expected: type[TwinError], server: FaultyServer, session: Session
) -> None:
    server.routes["/x"] = problem(status)
    with pytest.raises(TwinError) as caught:
        session.request("PUT" if write else "GET", f"{server.url}/x", write=write)
    assert type(caught.value) is expected
    assert caught.value.status == status
    assert "Oh: the server's words" in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            as_html("<html><head><title>502 Bad\n Gateway &amp; more</title></head><body>x</body></html>", 400),
            "502 Bad Gateway & more",
        ),
        (Answer(400, b"plain\ntext", {"Content-Type": "text/plain"}), "plain text"),
        (
            as_json({"code": "InvalidParameterValue", "description": "limit must be an integer"}, 400),
            "limit must be an",
        ),
        (as_json([{"error": "in a list"}], 400), "in a list"),
        (as_json({"detail": [{"loc": ["query"], "msg": "field required"}]}, 400), "field required"),
        (
            Answer(400, b"<?xml version='1.0'?><E><T>no such layer</T></E>", {"Content-Type": "text/xml"}),
            "no such layer",
        ),
        (Answer(400, b"x" * 5000, {"Content-Type": "text/plain"}), "x" * 299 + "…"),
    ],
)
def test_words_are_found_in_every_kind_of_error(
    answer: Answer, words: str, server: FaultyServer, session: Session
) -> None:
    server.routes["/x"] = answer
    with pytest.raises(BadResponse) as caught:
        session.request("GET", f"{server.url}/x")
    assert words in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "body",
    [
        b'Traceback (most recent call last):\n  File "/srv/app.py", line 3, in f\nKeyError: 1',
        b"java.lang.NullPointerException\n\tat org.example.Server.run(Server.java:12)",
    ],
)
def test_no_traceback_of_theirs_is_shown(body: bytes, server: FaultyServer, session: Session) -> None:
    server.routes["/x"] = Answer(500, body, {"Content-Type": "text/plain"})
    with pytest.raises(ServerFailed) as caught:
        session.request("GET", f"{server.url}/x", write=True)
    assert "srv" not in str(caught.value) and "java" not in str(caught.value)


def test_denials_say_which_credentials(server: FaultyServer) -> None:
    server.routes["/no"] = problem(401)
    server.routes["/forbidden"] = problem(403)
    auth = requests.auth.HTTPBasicAuth("u", "p")
    with Session(server.url, auth=auth, auth_name="City GIS") as session:
        with pytest.raises(AccessDenied, match=r"No or wrong credentials.*“City GIS”"):
            session.get_json(f"{server.url}/no")
        with pytest.raises(AccessDenied, match=r"does not allow this.*“City GIS”"):
            session.get_json(f"{server.url}/forbidden")
    with Session(server.url) as session:
        with pytest.raises(AccessDenied, match="Choose an authentication configuration"):
            session.get_json(f"{server.url}/no")


def test_credentials_never_leave_the_configured_origin(server: FaultyServer, other: FaultyServer) -> None:
    server.routes["/in"] = Answer(200, b"{}", {"Content-Type": "application/json", "Set-Cookie": "sid=geheim; Path=/"})
    server.routes["/away"] = Answer(302, b"", {"Location": f"{other.url}/target"})
    server.routes["/back"] = Answer(307, b"", {"Location": "/in"})
    other.routes["/target"] = Answer(200, b"{}", {"Content-Type": "application/json", "Set-Cookie": "theirs=1; Path=/"})
    address = server.url.replace("://", "://jan:geheim@")
    with Session(address) as session:
        assert session.url == server.url
        session.get_json(f"{server.url}/in")
        _, reply = session.get_json(
            f"{server.url}/away", headers={"Authorization": "Bearer x", "Cookie": "a=b", "X-Mine": "1"}
        )
        assert reply.url == f"{other.url}/target"
        session.get_json(f"{other.url}/target".replace("://", "://jan:geheim@"))
        session.get_json(f"{server.url}/back")
    at_home = [s for s in server.seen if s.path == "/in"]
    assert all(s.headers["Authorization"].startswith("Basic ") for s in at_home) and len(at_home) == 2
    assert at_home[1].headers["Cookie"] == "sid=geheim"
    assert len(other.seen) == 2
    for seen in other.seen:
        assert "Authorization" not in seen.headers and "Cookie" not in seen.headers


def test_a_netrc_does_not_leak_in(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, session: Session
) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(file))
    server.routes["/x"] = OK
    session.get_json(f"{server.url}/x")
    assert "Authorization" not in server.seen[0].headers


def test_another_server_that_wants_credentials_is_named(
    server: FaultyServer, other: FaultyServer, session: Session
) -> None:
    server.routes["/x"] = Answer(302, b"", {"Location": f"{other.url}/x"})
    other.routes["/x"] = problem(401)
    with pytest.raises(AccessDenied, match="another server than the connection's"):
        session.get_json(f"{server.url}/x")


def test_redirects_end(server: FaultyServer, session: Session) -> None:
    server.routes["/x"] = Answer(302, b"", {"Location": "/x"})
    with pytest.raises(BadResponse, match="without end"):
        session.get_json(f"{server.url}/x")
    assert len(server.seen) == 11


class Canned(requests.adapters.BaseAdapter):
    """An adapter as the one over QGIS's network manager: no sockets of urllib3's, ``raw`` is a plain file."""

    def __init__(self, answer: Callable[[requests.PreparedRequest], requests.Response]) -> None:
        super().__init__()
        self.answer = answer
        self.sent: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any) -> requests.Response:
        self.sent.append(request)
        return self.answer(request)

    def close(self) -> None:
        """Nothing."""


def response(request: requests.PreparedRequest, status: int, body: bytes, **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made.raw = io.BytesIO(body)
    made.request = request
    made.url = request.url or ""
    made.headers.update({"Content-Type": "application/json", **headers})
    return made


def test_another_adapter_works_the_same() -> None:
    def answer(request: requests.PreparedRequest) -> requests.Response:
        if "secure" in str(request.url):
            return response(request, 302, b"", Location="http://twin.example/plain")
        return response(request, 200, b'{"a":1}')

    adapter = Canned(answer)
    with Session("https://twin.example", adapter=adapter, auth=requests.auth.HTTPBasicAuth("a", "b")) as session:
        assert session.get_json("https://twin.example/x")[0] == {"a": 1}
        assert session.get_json("https://else.example/x")[0] == {"a": 1}
        assert "Authorization" in adapter.sent[0].headers and "Authorization" not in adapter.sent[1].headers
        with pytest.raises(BadResponse, match="insecure"):
            session.get_json("https://twin.example/secure")
        assert len(adapter.sent) == 3


@pytest.mark.parametrize(
    ("error", "sentence", "sent"),
    [
        (requests.exceptions.SSLError("Qt says so"), "No secure connection", False),
        (requests.exceptions.ConnectTimeout(), "did not answer in time", False),
        (requests.exceptions.ReadTimeout(), "did not answer in time", True),
        (requests.exceptions.ConnectionError("Host twin.example not found"), "broke|was not found", True),
        (requests.exceptions.ConnectionError("Connection refused"), "does not accept connections", False),
        (requests.exceptions.ConnectionError("Connection closed"), "broke before", True),
        (requests.exceptions.ProxyError("no"), "proxy", False),
    ],
)
def test_an_adapters_exceptions_have_their_sentences(error: Exception, sentence: str, sent: bool) -> None:
    def answer(_request: requests.PreparedRequest) -> requests.Response:
        raise error

    with Session("https://twin.example", adapter=Canned(answer), sleep=lambda _s: None) as session:
        with pytest.raises(Unreachable, match=sentence) as caught:
            session.request("PUT", "https://twin.example/x", write=True)
        assert caught.value.sent is sent
        error.sent = not sent  # type: ignore[attr-defined]
        with pytest.raises(Unreachable) as caught:
            session.request("PUT", "https://twin.example/x", write=True)
        assert caught.value.sent is not sent


@pytest.mark.parametrize(("status", "arrives"), [(307, True), (308, True), (301, False), (302, False)])
def test_redirected_writes_keep_their_method_or_stay(
    status: int, arrives: bool, server: FaultyServer, session: Session
) -> None:
    server.routes["/x"] = Answer(status, b"", {"Location": "/y"})
    server.routes["/y"] = OK
    if arrives:
        session.request("PUT", f"{server.url}/x", body=b"body", headers={"If-Match": '"1"'}, write=True)
        assert [(s.method, s.body, s.headers["If-Match"]) for s in server.seen] == [("PUT", b"body", '"1"')] * 2
    else:
        with pytest.raises(Rejected, match="wants the edit sent to"):
            session.request("PUT", f"{server.url}/x", body=b"body", write=True)


def test_a_write_answered_with_see_other_is_read(server: FaultyServer, session: Session) -> None:
    server.routes["/x"] = Answer(303, b"", {"Location": "/y"})
    server.routes["/y"] = OK
    session.request("POST", f"{server.url}/x", body=b"body", headers={"Content-Type": "text/plain"}, write=True)
    assert (server.seen[1].method, server.seen[1].body) == ("GET", b"")
    assert "Content-Type" not in server.seen[1].headers


def test_a_write_does_not_follow_to_another_server(server: FaultyServer, other: FaultyServer, session: Session) -> None:
    server.routes["/x"] = Answer(308, b"", {"Location": f"{other.url}/y"})
    with pytest.raises(Rejected):
        session.request("POST", f"{server.url}/x", body=b"secret", write=True)
    assert not other.seen


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (as_html("<!DOCTYPE html><title>Log in</title>"), "web page or XML.*Log in"),
        (Answer(200, b"<wfs/>", {"Content-Type": "text/xml"}), "web page or XML"),
        (Answer(200, b'{"a":', {"Content-Type": "application/json"}), "not valid JSON"),
        (Answer(200, b"\xff\xfe{}", {"Content-Type": "application/json"}), "not valid JSON"),
        (Answer(200, b"", {"Content-Type": "application/json"}), "not valid JSON"),
        (Answer(200, b"[" * 100_000, {"Content-Type": "application/json"}), "not valid JSON"),
        (as_json([1, 2]), "no JSON object"),
    ],
)
def test_what_is_no_json_object_is_said(answer: Answer, sentence: str, server: FaultyServer, session: Session) -> None:
    server.routes["/x"] = answer
    with pytest.raises(BadResponse, match=sentence):
        session.get_json(f"{server.url}/x")


def test_numbers_that_json_does_not_have_are_no_value(server: FaultyServer, session: Session) -> None:
    server.routes["/x"] = Answer(
        200, b'\xef\xbb\xbf{"a":NaN,"b":[Infinity,-Infinity,1]}', {"Content-Type": "application/json"}
    )
    assert session.get_json(f"{server.url}/x")[0] == {"a": None, "b": [None, None, 1]}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://jan:pw@twin.example:8/x?f=json", "https://twin.example:8/x?f=json"),
        ("https://t.example/?apikey=1&limit=2", "https://t.example/?apikey=***&limit=2"),
        (
            "https://t.example/?access_token=x&X-Amz-Signature=y",
            "https://t.example/?access_token=***&X-Amz-Signature=***",
        ),
        ("https://t.example/?k=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0", "https://t.example/?k=***"),
        (
            "https://t.example/?crs=http%3A%2F%2Fwww.opengis.net%2Fdef%2Fcrs%2FEPSG%2F0%2F28992&bbox=1.5,2,3,4",
            "https://t.example/?crs=http%3A%2F%2Fwww.opengis.net%2Fdef%2Fcrs%2FEPSG%2F0%2F28992&bbox=1.5,2,3,4",
        ),
        ("https://t.example/cb#access_token=x", "https://t.example/cb"),
    ],
)
def test_addresses_are_shown_without_secrets(url: str, shown: str) -> None:
    assert scrub(url) == shown
    assert scrub_text(f"see {url} (there)").replace("#access_token=***", "") == f"see {shown} (there)"


def test_http_links_to_the_twins_own_host_become_https() -> None:
    with Session("https://twin.example/api") as session:
        assert (
            session.resolve("https://twin.example/api", "http://twin.example/api/x?a=1")
            == "https://twin.example/api/x?a=1"
        )
        assert session.resolve("https://twin.example/api/", "../y") == "https://twin.example/y"
        assert session.resolve("https://twin.example/api/", "http://else.example/") == "http://else.example/"


def test_an_insecure_link_is_not_followed() -> None:
    adapter = Canned(lambda request: response(request, 200, b"{}"))
    with Session("https://twin.example", adapter=adapter) as session, pytest.raises(BadResponse, match="insecure"):
        session.get_json("http://else.example/next")
    assert not adapter.sent


def test_what_was_asked_is_in_the_details_and_not_in_the_sentence() -> None:
    error = unreachable(requests.ConnectionError("Connection refused"), "https://x.org/v1.1/Things?$filter=a&token=b")
    assert "https://x.org/v1.1/Things does not accept" in error.message
    assert "$filter=a" in error.detail and "token=b" not in error.detail
