"""`QgisAdapter` against a real server: from a QgsTask while the main thread lives, and from the main thread itself."""

from __future__ import annotations

import json
import resource
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests
from qgis.core import QgsApplication, QgsNetworkAccessManager, QgsSettings
from qgis.PyQt.QtNetwork import QNetworkReply, QSslCertificate, QSslError

from plugin.map import engine
from plugin.map.connections import Connection
from plugin.map.network import QgisAdapter, open_session, open_twin
from plugin.twin.conditional import PageMark, is_same
from plugin.twin.errors import AccessDenied, Cancelled, Unreachable
from plugin.twin.progress import Silent
from tests.qgis.map.web_server import BIG, PIECE, WebServer, big_zipped

ROOT = Path(__file__).resolve().parents[3]
CANCEL_LIMIT = 0.5  # s
BLOCK_LIMIT = 50  # ms


def rss() -> float:
    """MiB of this process in memory now."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / (1 << 20)
    except OSError:
        pytest.skip("no /proc here")


def client(**kwargs) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    adapter = QgisAdapter(**kwargs)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


@pytest.fixture(params=["task", "main thread", "plain thread"])
def run(request, in_task):
    """Where the work is done: in a QgsTask, in the main thread as in qgis_process, in a thread of Python's own."""
    if request.param == "task":
        return lambda work: in_task(lambda _progress: work())
    if request.param == "main thread":
        return lambda work: work()

    def in_thread(work):
        box = []

        def go():
            try:
                box.append((work(), None))
            except Exception as error:
                box.append((None, error))

        thread = threading.Thread(target=go)
        thread.start()
        thread.join(20)
        assert not thread.is_alive(), "the thread hangs"
        if box[0][1]:
            raise box[0][1]
        return box[0][0]

    return in_thread


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_methods_headers_and_bodies(run, server, method):
    body = None if method in ("GET", "OPTIONS", "DELETE") else '{"name": "Erasmusbrug ‹é›"}'.encode()
    headers = {
        "If-Match": '"b12-7"',
        "Content-Crs": "<http://www.opengis.net/def/crs/EPSG/0/28992>",
        "Content-Type": "application/merge-patch+json",
        "Accept": "application/geo+json",
        "Citytwin-Message": "caf%C3%A9",
    }
    response = run(lambda: client().request(method, f"{server.url}/echo/a%2Fb?x=1%202&y=ü", data=body, headers=headers))
    assert response.status_code == 200 and response.reason == "OK"
    assert response.headers["etag"] == '"b12-7"' and response.headers["Content-CRS"] == "<uri>"
    said = response.json()
    assert said["method"] == method
    assert said["path"] == "/echo/a%2Fb?x=1%202&y=%C3%BC"
    assert said["body"] == (body or b"").decode()
    sent = {k.lower(): v for k, v in said["headers"].items()}
    for name, value in headers.items():
        assert sent[name.lower()] == value
    assert "QGIS/" in sent["user-agent"]
    assert sent.get("content-length", "0") == str(len(body or b""))


def test_head_has_headers_and_no_body(run, server):
    response = run(lambda: client().head(f"{server.url}/echo"))
    assert response.status_code == 200 and response.content == b""
    assert int(response.headers["Content-Length"]) > 0


def test_a_large_body_arrives_whole(run, server):
    body = json.dumps({"text": "é" * 3_000_000}, ensure_ascii=False).encode()
    assert run(lambda: client().post(f"{server.url}/echo", data=body)).json()["body"].encode() == body


def test_zipped_comes_unzipped_and_says_so(run, server):
    response = run(lambda: client().get(f"{server.url}/zipped"))
    assert response.content == PIECE * 32
    assert "Content-Encoding" not in response.headers
    assert "gzip" in server.seen[0][2]["Accept-Encoding"]


@pytest.mark.parametrize("path, status", [("unchanged", 304), ("empty", 204)])
def test_answers_without_a_body(run, server, path, status):
    response = run(lambda: client().get(f"{server.url}/{path}", headers={"If-None-Match": '"same"'}))
    assert response.status_code == status and response.content == b""


@pytest.mark.parametrize("status", [400, 403, 404, 409, 412, 428, 429, 500, 501, 503])
def test_an_error_status_is_an_answer_with_its_body(run, server, status):
    response = run(lambda: client().put(f"{server.url}/status/{status}", data=b"{}"))
    assert response.status_code == status
    assert response.json() == {"detail": "words"}


def test_redirects_are_not_followed(run, server, other_server):
    server.elsewhere = f"{other_server.url}/echo"
    response = run(lambda: client().get(f"{server.url}/away", allow_redirects=False))
    assert response.status_code == 302 and response.headers["Location"] == server.elsewhere
    assert not other_server.seen


def test_a_repeated_get_reaches_the_server_each_time(run, server):
    def work():
        return [client().get(f"{server.url}/count").text for _ in range(2)] + [
            (one := client()).get(f"{server.url}/count").text,
            one.get(f"{server.url}/count").text,
        ]

    assert run(work) == ["1", "2", "3", "4"]


def test_whether_a_page_is_still_the_same_is_asked_of_the_server(run, server):
    """Our own condition goes out, 304 comes back as it is, and of a page that is another one the body does not come."""

    def work():
        with open_session(Connection("Twin", server.url)) as session:
            marks = [PageMark(server.url + "/versioned", *mark) for mark in (('"v2"', ""), ('"v1"', ""), ("", "now"))]
            return [is_same(session, mark, Silent()) for mark in marks * 2]

    begun = time.monotonic()
    assert run(work) == [True, False, True] * 2
    assert time.monotonic() - begun < 5, "the length in an answer without a body is not waited for"
    asked = [{name.lower(): value for name, value in headers.items()} for _, _, headers, _ in server.seen]
    assert [h.get("if-none-match") for h in asked] == ['"v2"', '"v1"', None] * 2
    assert [h.get("if-modified-since") for h in asked] == [None, None, "now"] * 2


def test_connections_are_kept_open(run, server):
    ports = set()
    accept = server.get_request

    def counting():
        connection, address = accept()
        ports.add(address[1])
        return connection, address

    server.get_request = counting

    def work():
        with client() as one:
            for _ in range(5):
                one.get(f"{server.url}/echo")

    run(work)
    assert len(ports) == 1


def test_cookies_go_through_the_session_that_knows_whom_they_are_for(run, server):
    def work():
        one = client()
        cookies = one.get(f"{server.url}/cookies").cookies.get_dict()
        return cookies, one.get(f"{server.url}/echo").json(), client().get(f"{server.url}/echo").json()

    cookies, with_them, without = run(work)
    assert cookies == {"a": "1", "b": "2"}
    assert with_them["headers"]["Cookie"] == "a=1; b=2"
    assert "Cookie" not in without["headers"]


# -- credentials


def test_credentials_arrive(run, server, authcfg):
    response = run(lambda: client(authcfg=authcfg, origin=server.url).get(f"{server.url}/locked"))
    assert response.status_code == 200
    decoded = requests.auth._basic_auth_str("anna", "pa:ss wörd".encode())
    assert response.json()["headers"]["Authorization"] == decoded


def test_credentials_never_go_to_another_origin(run, server, other_server, authcfg):
    server.elsewhere = f"{other_server.url}/echo"

    def work():
        one = client(authcfg=authcfg, origin=f"{server.url}/some/landing?page")
        one.get(f"{server.url}/away")  # followed by requests itself
        one.get(f"{other_server.url}/echo")
        one.get(other_server.url.replace("127.0.0.1", "localhost") + "/echo")

    run(work)
    assert "Authorization" in server.seen[0][2]
    assert len(other_server.seen) == 3
    assert not any("Authorization" in headers for _, _, headers, _ in other_server.seen)


def test_credentials_that_are_gone_are_a_sentence(run, server, authcfg):
    with pytest.raises(AccessDenied, match="nowhere"):
        run(lambda: client(authcfg="nowhere", origin=server.url).get(f"{server.url}/locked"))
    assert not server.seen


def test_a_locked_authentication_database_asks_in_the_main_thread(in_task, server, authcfg, monkeypatch):
    """The master password is asked for by the main thread, while the worker waits without Python's lock."""
    manager = QgsApplication.authManager()
    asked_in = []
    real = manager.updateNetworkRequest

    class Asking:
        def masterPasswordIsSet(self):
            return False

        def configAuthMethodKey(self, cfg):
            return manager.configAuthMethodKey(cfg)

        def updateNetworkRequest(self, request, cfg):
            asked_in.append(threading.current_thread())
            time.sleep(0.02)
            return real(request, cfg)

        def updateNetworkReply(self, reply, cfg):
            return True

    monkeypatch.setattr("plugin.map.credentials._manager", Asking)
    result = in_task(lambda _p: client(authcfg=authcfg, origin=server.url).get(f"{server.url}/locked").status_code)
    assert result == 200
    assert asked_in == [threading.main_thread()]


@pytest.mark.parametrize("path", ["locked", "refusing"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_401_is_an_answer_and_no_dialog(run, server, authcfg, path, method):
    dialogs = []
    shared = QgsNetworkAccessManager.instance()
    shared.requestRequiresAuth.connect(lambda *_: dialogs.append(1))
    kwargs = {"authcfg": authcfg, "origin": server.url} if path == "refusing" else {}
    try:
        began = time.monotonic()
        response = run(lambda: client(**kwargs).request(method, f"{server.url}/{path}", data=b"{}" * (method == "PUT")))
    finally:
        shared.requestRequiresAuth.disconnect()
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Basic realm="twin"'
    assert response.text == ("who are you" if path == "locked" else "not you")
    assert not dialogs
    assert len(server.seen) == 1
    assert time.monotonic() - began < 3


# -- what goes wrong on the way


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def caught(run, work):
    with pytest.raises(requests.RequestException) as info:
        run(work)
    return info.value


def test_refused(run):
    error = caught(run, lambda: client().get(f"http://127.0.0.1:{closed_port()}/"))
    assert type(error) is requests.exceptions.ConnectionError and "connection refused" in str(error)
    assert error.sent is False


def test_unknown_host(run):
    error = caught(run, lambda: client().get("http://no-such-host.invalid/", timeout=15))
    assert isinstance(error, requests.exceptions.ConnectionError) and "host not found" in str(error)
    assert error.sent is False


@pytest.mark.parametrize("kind", ["length", "chunked", "zipped", "length-error"])
def test_a_body_that_ends_early_is_no_body(run, server, kind):
    error = caught(run, lambda: client().get(f"{server.url}/cut/{kind}"))
    assert isinstance(error, requests.exceptions.ChunkedEncodingError)
    assert error.sent is True


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_write_without_an_answer_is_sent_once(run, server, method):
    """Qt by itself sends it up to four times."""
    error = caught(
        run, lambda: client().request(method, f"{server.url}/mute", data=None if method == "DELETE" else b"{}")
    )
    assert isinstance(error, requests.exceptions.ConnectionError)
    assert error.sent is True
    assert len(server.seen) == 1


def test_a_read_without_an_answer(run, server):
    assert isinstance(caught(run, lambda: client().get(f"{server.url}/mute")), requests.exceptions.ConnectionError)


def test_silence_before_the_answer_times_out(run, server):
    began = time.monotonic()
    error = caught(run, lambda: client().get(f"{server.url}/hangs", timeout=0.5))
    assert isinstance(error, requests.exceptions.ReadTimeout) and error.sent is True
    assert 0.4 < time.monotonic() - began < 2


def test_silence_in_the_answer_times_out(run, server):
    began = time.monotonic()
    error = caught(run, lambda: client().get(f"{server.url}/trickle/slow", timeout=(9, 0.5)[1]))
    assert isinstance(error, requests.exceptions.ReadTimeout)
    assert time.monotonic() - began < 3


def test_a_slow_answer_that_goes_on_does_not_time_out(run, server):
    def work():
        with client().get(f"{server.url}/trickle", timeout=0.6, stream=True) as response:
            return [response.raw.read(10) for _ in range(6)]

    assert b"".join(run(work)).strip(b"x") == b""


def test_time_spent_by_the_reader_is_no_silence(run, server):
    def work():
        with client().get(f"{server.url}/big", timeout=0.4, stream=True) as response:
            response.raw.read(1000)
            time.sleep(1.0)
            return len(response.content) + 1000

    assert run(work) == BIG


def test_qgis_own_timeout_does_not_count_the_readers_time(run, server):
    before = QgsNetworkAccessManager.timeout()
    QgsNetworkAccessManager.setTimeout(500)
    try:
        test_time_spent_by_the_reader_is_no_silence(run, server)
        assert isinstance(caught(run, lambda: client().get(f"{server.url}/hangs")), requests.exceptions.ReadTimeout)
    finally:
        QgsNetworkAccessManager.setTimeout(before)


@pytest.mark.parametrize("url", ["http://", "http://a b/", "http://[::1"])
def test_a_malformed_address(run, url):
    with pytest.raises((requests.exceptions.InvalidURL, requests.exceptions.ConnectionError)):
        run(lambda: client().get(url))


# -- TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(folder / "key.pem")]
    subprocess.run([*command, "-out", str(folder / "cert.pem")], check=True, capture_output=True)
    return folder


@pytest.fixture()
def tls_server(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    one = WebServer(context)
    yield one
    one.end()


def test_an_unknown_certificate_is_refused_without_dialog_or_hang(run, tls_server):
    began = time.monotonic()
    error = caught(run, lambda: client().get(f"{tls_server.url}/echo"))
    assert isinstance(error, requests.exceptions.SSLError) and error.sent is False
    assert not tls_server.seen
    assert time.monotonic() - began < 5


def test_a_certificate_that_the_user_told_qgis_to_accept(run, tls_server, certificate, authcfg):
    from qgis.core import QgsAuthConfigSslServer

    manager = QgsApplication.authManager()
    known = QSslCertificate((certificate / "cert.pem").read_bytes())
    config = QgsAuthConfigSslServer()
    config.setSslCertificate(known)
    host = tls_server.url.removeprefix("https://")
    config.setSslHostPort(host)
    config.setSslIgnoredErrorEnums([QSslError.SslError.SelfSignedCertificate])
    assert manager.storeSslCertCustomConfig(config)
    assert run(lambda: client().get(f"{tls_server.url}/echo")).status_code == 200


# -- streams, cancelling


def test_cancel_in_mid_download(in_task, server):
    def work(_progress):
        stop = threading.Event()
        one = client(cancelled=stop.is_set)
        threading.Timer(0.3, stop.set).start()
        with one.get(f"{server.url}/trickle/slow", stream=True) as response:
            try:
                while response.raw.read(1):
                    pass
            except Cancelled:
                return time.monotonic()
        return None

    began = time.monotonic()
    ended = in_task(work)
    assert ended is not None and ended - began - 0.3 < CANCEL_LIMIT


@pytest.mark.parametrize("path", ["hangs", "trickle/slow", "trickle"])
def test_cancelling_the_task_ends_it_at_once(qgis_app, server, path):
    from plugin.map import tasks
    from tests.qgis.map.meanwhile import spin

    ends = []
    handle = tasks.run(
        "download",
        lambda p: client(cancelled=p.cancelled).get(f"{server.url}/{path}").text,
        done=lambda _r: ends.append("done"),
        failed=lambda e: ends.append(repr(e)),
        cancelled=lambda: ends.append("cancelled"),
    )
    assert spin(lambda: bool(server.seen))
    assert not spin(lambda: bool(ends), 0.3)
    began = time.monotonic()
    handle.cancel()
    assert spin(lambda: bool(ends), 5)
    assert time.monotonic() - began < CANCEL_LIMIT
    assert ends == ["cancelled"]


def test_a_write_on_its_way_is_not_cancelled(run, server):
    response = run(lambda: client(cancelled=lambda: bool(server.seen)).put(f"{server.url}/slow/0.3", data=b"{}"))
    assert response.status_code == 200


@pytest.mark.parametrize("how", ["plain", "zipped"])
def test_50_mib_pass_through_flat_memory_and_a_lively_main_thread(in_task, server, how):
    big_zipped()

    def work(_progress):
        before, most, total = rss(), 0.0, 0
        with client().get(f"{server.url}/big?{how}", stream=True) as response:
            for piece in response.iter_content(1 << 16):
                total += len(piece)
                most = max(most, rss())
        return total, most - before

    grown, longest = [], []
    for _ in range(4):  # the machine may be busy with others; a block of ours would be there each time
        total, more = in_task(work)
        assert total == BIG
        grown.append(more)
        longest.append(in_task.longest)
        if longest[-1] < BLOCK_LIMIT:
            break
    print(f"{how}: memory +{grown[0]:.1f} MiB, main thread away {min(longest):.0f} ms")
    assert max(grown) < 20
    assert min(longest) < BLOCK_LIMIT


def test_an_answer_nobody_reads_is_held_back(in_task, server):
    """Qt's buffer is bounded: the server waits, not our memory."""

    def work(_progress):
        with client().get(f"{server.url}/big", stream=True) as response:
            response.raw.read(1)
            time.sleep(0.7)
            return server.written

    assert in_task(work) < BIG / 2


def test_many_small_requests_leave_nothing_behind(in_task, server):
    def work(_progress):
        with client() as one:
            for _ in range(100):
                one.get(f"{server.url}/echo")
            before, began = rss(), time.monotonic()
            for _ in range(300):
                one.get(f"{server.url}/echo")
            each = (time.monotonic() - began) / 300 * 1000
            for _ in range(10):
                one.put(f"{server.url}/echo", data=b"{}")
            worker = engine.running()._worker
            left = len(worker._managers[""].findChildren(QNetworkReply)) + len(worker._jobs)
            return each, rss() - before, left

    each, more, left = in_task(work)
    print(f"{each:.2f} ms a request, memory +{more:.1f} MiB, main thread away {in_task.longest:.0f} ms")
    assert more < 5 and left < 10


def test_the_network_thread_ends_at_unload_and_begins_again(run, server):
    def work():
        assert client().get(f"{server.url}/echo").status_code == 200
        thread = engine.running()._thread
        assert engine.end_all() and thread.isFinished()
        return client().get(f"{server.url}/echo").status_code

    assert run(work) == 200


def test_many_sessions_in_many_threads(in_task, server):
    """Threads of Python's own that come and go, answers that nobody reads to the end."""

    def work(_progress):
        def some(n):
            for i in range(n):
                one = client()
                assert one.get(f"{server.url}/echo").status_code == 200
                if i % 2:
                    one.close()
                if i % 3 == 0:
                    client().get(f"{server.url}/trickle/slow", stream=True).close()
                if i % 5 == 0:
                    client().get(f"{server.url}/big", stream=True).raw.read(10)
            good.append(n)

        good: list[int] = []
        threads = [threading.Thread(target=some, args=(20,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return good

    assert in_task(work) == [20] * 4


def test_a_closed_session_ends_what_is_under_way_and_may_be_used_again(in_task, server):
    def work(_progress):
        one = client()
        response = one.get(f"{server.url}/trickle/slow", stream=True)
        one.close()
        with pytest.raises(requests.exceptions.ConnectionError):
            response.content  # noqa: B018
        return one.get(f"{server.url}/echo").status_code

    assert in_task(work) == 200


def test_python_may_end_with_a_session_open(server):
    """As `qgis_process` does: neither a crash nor a hang."""
    code = f"""
from qgis.core import QgsApplication
app = QgsApplication([], False)
app.initQgis()
from plugin.map import engine
from plugin.map.connections import Connection
from plugin.map.network import open_session
session = open_session(Connection("x", {server.url!r}))
print(session.get_json({server.url!r} + "/echo")[0]["method"])
response = session._home.get({server.url!r} + "/trickle/slow", stream=True)
{{ending}}
"""
    for ending in ("", "app.exitQgis()", "app.exitQgis(); del app"):
        done = subprocess.run(
            [sys.executable, "-c", code.format(ending=ending)],
            check=False,
            capture_output=True,
            text=True,
            timeout=30,
            cwd=ROOT,
        )
        assert (done.returncode, done.stdout.strip()) == (0, "GET"), done.stderr


def test_qgis_network_logger_sees_our_requests(in_task, server):
    from qgis.core import QgsNetworkReplyContent, QgsNetworkRequestParameters

    from tests.qgis.map.meanwhile import spin

    shared = QgsNetworkAccessManager.instance()
    begun, ended = [], []
    see_begun = lambda p: begun.append(p.requestId())  # noqa: E731
    see_ended = lambda c: ended.append(c.requestId())  # noqa: E731
    shared.requestAboutToBeCreated[QgsNetworkRequestParameters].connect(see_begun)
    shared.finished[QgsNetworkReplyContent].connect(see_ended)
    try:
        in_task(lambda _p: client().get(f"{server.url}/echo").text)
        assert spin(lambda: bool(begun and ended), 3)
    finally:
        shared.requestAboutToBeCreated[QgsNetworkRequestParameters].disconnect(see_begun)
        shared.finished[QgsNetworkReplyContent].disconnect(see_ended)
    assert begun == ended


def test_qgis_proxy_is_used(in_task, server, other_server):
    settings = QgsSettings()
    for key, value in {
        "Enabled": True,
        "Type": "HttpProxy",
        "Host": "127.0.0.1",
        "Port": other_server.server_port,
    }.items():
        settings.setValue(f"proxy/proxy{key}", value)
    shared = QgsNetworkAccessManager.instance()
    try:
        shared.setupDefaultProxyAndCache()
        # The proxy is asked for the whole address.
        in_task(lambda _p: client().get(server.url.replace("127.0.0.1", "twin.invalid") + "/echo").status_code)
    except requests.RequestException:
        pass
    finally:
        settings.remove("proxy")
        shared.setupDefaultProxyAndCache()
    assert [path for _, path, _, _ in other_server.seen] == [server.url.replace("127.0.0.1", "twin.invalid") + "/echo"]


# -- with the twin's own session on top


def test_the_session_says_it_in_the_users_words(run, server):
    connection = Connection("Rotterdam", f"{server.url}/cut/length")
    with pytest.raises(Unreachable, match="broke before the whole answer"):
        session = open_session(connection)
        session.retries = 0
        run(lambda: session.get_json(connection.url))
    nobody = Connection("Nobody", f"http://127.0.0.1:{closed_port()}/")
    with pytest.raises(Unreachable, match="does not accept connections"):
        session = open_session(nobody)
        session.retries = 0
        run(lambda: session.get_json(nobody.url))


def test_a_refused_user_is_told_which_credentials(run, server, authcfg):
    twin = open_twin(Connection("Rotterdam", f"{server.url}/refusing", authcfg))
    with pytest.raises(AccessDenied, match="Twin of Rotterdam"):
        run(twin.capabilities)
    assert "Authorization" in server.seen[0][2]
