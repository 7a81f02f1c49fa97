"""The twin as a process: it starts, survives a kill, keeps its edits, ends with its parent, and speaks HTTP/1.1."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid

import pytest
import requests

from plugin.demo.app import create_app
from tests.twin_server import READY, ROOT, serve_app, start_twin

pytestmark = pytest.mark.slow

TREE = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [4.48, 51.92]},
        "properties": {"species": "linde", "condition": "good"}}  # fmt: skip
GEOJSON = {"Content-Type": "application/geo+json"}


def small_data(folder):
    folder.mkdir()
    (folder / "trees.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [TREE]}))
    return folder


@pytest.fixture
def small(tmp_path):
    return small_data(tmp_path / "data")


def test_an_edit_survives_kill_9(small, tmp_path):
    twin = start_twin(small, store=tmp_path / "twin.sqlite")
    try:
        items = f"{twin.url}collections/trees/items"
        answer = requests.post(items, json=TREE, headers=GEOJSON, timeout=10)
        assert answer.status_code == 201
        etag, number = answer.headers["ETag"], answer.headers["Location"].rsplit("/", 1)[1]
        twin.process.kill()
        twin.process.wait(10)
    finally:
        twin.kill()
    (small / "trees.geojson").unlink()  # it is not loaded again
    twin = start_twin(small, store=tmp_path / "twin.sqlite")
    try:
        found = requests.get(f"{twin.url}collections/trees/items", timeout=10).json()
        assert found["numberMatched"] == 2
        kept = requests.get(f"{twin.url}collections/trees/items/{number}", timeout=10)
        assert kept.headers["ETag"] == etag
    finally:
        assert twin.stop() == 0


def test_a_set_lands_whole_or_not_at_all_whenever_the_twin_is_killed(small, tmp_path):
    """Killed at six instants around a set of 500 creates: none of them or all, and an answer means all."""
    store = tmp_path / "twin.sqlite"
    before, outcomes = 1, set()
    for step in range(6):
        twin = start_twin(small, store=store)
        features = [{**TREE, "id": str(uuid.uuid4())} for _ in range(500)]
        inserts = [{"action": "insert", "collection": "trees", "items": [one]} for one in features]
        body = json.dumps({"transaction": inserts})
        answers = []

        def post(url=twin.url, body=body, answers=answers):
            try:
                kind = {"Content-Type": "application/ogc-tx+json"}
                answers.append(requests.post(f"{url}transactions", body, headers=kind, timeout=10).status_code)
            except requests.RequestException:
                answers.append(0)

        sending = threading.Thread(target=post)
        sending.start()
        time.sleep(0.015 * step)
        twin.kill()
        sending.join()
        twin = start_twin(small, store=store)
        try:
            now = requests.get(f"{twin.url}collections/trees/items?limit=1", timeout=10).json()["numberMatched"]
        finally:
            twin.stop()
        assert now - before in (0, 500) and (answers != [200] or now - before == 500)
        outcomes.add((answers[0], now - before))
        before = now
    assert (0, 0) in outcomes


def test_a_kill_while_loading_leaves_no_half_store(small, tmp_path):
    many = {"type": "FeatureCollection", "features": [TREE] * 20_000}
    (small / "many.geojson").write_text(json.dumps(many))
    store = tmp_path / "twin.sqlite"
    command = [sys.executable, "-m", "plugin.demo", "--data", str(small), "--store", str(store)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 10
    while not store.exists() and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.1)
    process.kill()
    process.communicate()
    twin = start_twin(small, store=store)
    try:
        found = requests.get(f"{twin.url}collections", timeout=10).json()["collections"]
        assert {c["id"]: c["itemCount"] for c in found} == {"many": 20_000, "trees": 1}
    finally:
        twin.stop()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_it_ends_on_signals_and_with_its_parent(small, tmp_path):
    twins = [start_twin(small, store=tmp_path / f"{n}.sqlite") for n in range(2)]
    twins[0].process.send_signal(signal.SIGINT)
    twins[1].process.stdin.close()
    assert [twin.process.wait(5) for twin in twins] == [0, 0]
    for twin in twins:
        twin.stop()


def test_it_runs_from_a_plugin_folder_of_any_name(small, tmp_path):
    """As QGIS starts it: by package name from the parent folder; and from inside the plugin's folder."""
    package = tmp_path / "city_twin_workbench"
    shutil.copytree(ROOT / "plugin" / "demo", package / "demo", ignore=shutil.ignore_patterns("__pycache__"))
    (package / "__init__.py").write_text("")
    for module, folder in (("city_twin_workbench.demo", tmp_path), ("demo", package)):
        command = [sys.executable, "-m", module, "--data", str(small), "--exit-with-parent"]
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        line = process.stdout.readline()
        process.communicate(timeout=10)  # closes stdin
        assert line.startswith(READY) and process.returncode == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--data", "no-such-folder"], "is no folder"),
        (["--require-auth"], "CITYTWIN_DEMO_PASSWORD"),
        (["--store", "STORE"], "no store"),
        (["--port", "PORT"], "Cannot listen"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path, options, words):
    (tmp_path / "x.sqlite").write_bytes(b"SQLite format 3\0" + b"x" * 200)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        names = {"STORE": str(tmp_path / "x.sqlite"), "PORT": str(taken.getsockname()[1])}
        done = subprocess.run(
            [sys.executable, "-m", "plugin.demo", *(names.get(option, option) for option in options)],
            cwd=ROOT, capture_output=True, text=True, timeout=20, check=False,
            env={"PATH": "/usr/bin"},
        )  # fmt: skip
    assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr


def test_credentials_from_the_environment(small, tmp_path):
    env = {"CITYTWIN_DEMO_USER": "ann", "CITYTWIN_DEMO_PASSWORD": "näh"}
    twin = start_twin(small, store=tmp_path / "twin.sqlite", env=env, options=["--require-auth"])
    try:
        assert requests.get(twin.url, timeout=10).status_code == 401
        assert requests.get(twin.url, auth=("ann", "näh".encode()), timeout=10).status_code == 200
    finally:
        twin.stop()


# -- HTTP


@pytest.fixture
def served(store):
    url, stop = serve_app(create_app(store))
    yield url
    stop()


def connect(url):
    return http.client.HTTPConnection(url.split("/")[2], timeout=10)


def test_hundreds_of_writes_on_one_connection(served):
    connection = connect(served)
    note = json.dumps({"type": "Feature", "properties": {"text": "x"}, "geometry": None})
    started = time.perf_counter()
    sockets = set()
    for _ in range(300):
        connection.request("POST", "/collections/notes/items", note, GEOJSON)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 201
        sockets.add(connection.sock)
    assert len(sockets) == 1 and None not in sockets
    assert time.perf_counter() - started < 3  # 40 ms of Nagle for each would be 12 s


def test_chunked_bodies_and_unread_bodies(served):
    connection = connect(served)
    note = json.dumps({"type": "Feature", "properties": {"text": "x" * 3000}, "geometry": None}).encode()
    parts = (note[i : i + 700] for i in range(0, len(note), 700))
    connection.request("POST", "/collections/notes/items", parts, GEOJSON, encode_chunked=True)
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (201, b"")
    for path, status in (("/nowhere", 404), ("/collections/notes/items", 415)):  # the body is not read by the app
        connection.request("POST", path, note, {"Content-Type": "text/plain"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
    connection.request("GET", "/")
    assert connection.getresponse().status == 200


def test_a_stopped_server_answers_nobody(store):
    url, stop = serve_app(create_app(store))
    connection = connect(url)
    connection.request("GET", "/")
    connection.getresponse().read()
    stop()
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        connection.request("GET", "/")
        connection.getresponse()


def test_ids_in_urls(served):
    for path, status in (("h%2F3", 200), ("h/3", 404), ("h%252F3", 404)):
        assert requests.get(f"{served}collections/houses/items/{path}", timeout=10).status_code == status
    item = requests.get(f"{served}collections/notes/items/no%20where", timeout=10).json()
    assert requests.get(item["links"][0]["href"], timeout=10).json()["id"] == "no where"


def test_old_and_odd_requests(served):
    host, port = served.split("/")[2].split(":")
    for request, status, words in (
        (b"GET / HTTP/1.0\r\n\r\n", b"200", b"Connection: close"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"200", b"Connection: close"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", b"400", b""),
        (b"nonsense\r\n\r\n", b"400", b""),
    ):
        with socket.create_connection((host, int(port)), timeout=10) as talk:
            talk.sendall(request)
            answer = b""
            while chunk := talk.recv(65536):
                answer += chunk
        assert status in answer.split(b"\r\n")[0] and words in answer, answer[:200]


def test_faults_can_be_injected(store):
    """An application around the twin's: cut answers, wrong lengths and crashes reach the client as such."""
    real = create_app(store)

    def faulty(environ, start_response):
        kind = environ["PATH_INFO"]
        if kind == "/crash":
            raise RuntimeError("on purpose")
        if kind == "/short":
            start_response("200 OK", [("Content-Length", "100")])
            return [b"only this"]
        if kind == "/cut":

            def parts():
                yield b"some"
                raise RuntimeError("on purpose")

            start_response("200 OK", [("Content-Type", "text/plain")])
            return parts()
        return real(environ, start_response)

    url, stop = serve_app(faulty)
    try:
        assert requests.get(url + "crash", timeout=10).status_code == 500
        connection = connect(url)
        connection.request("GET", "/short")
        with pytest.raises(http.client.IncompleteRead):
            connection.getresponse().read()
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            requests.get(url + "cut", timeout=10)
        assert requests.get(url, timeout=10).status_code == 200
    finally:
        stop()
