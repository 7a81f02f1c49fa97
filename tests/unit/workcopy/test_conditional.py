"""A pull asks whether the pages are still the same, and reads none where they are; it never skips what it has to do."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from plugin.twin.client import Twin
from plugin.twin.conditional import mark_of
from plugin.twin.replies import Reply
from plugin.workcopy import books, validators
from plugin.workcopy.checkout import checkout
from plugin.workcopy.connection import opened
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.publish import publish
from plugin.workcopy.pull import pull
from plugin.workcopy.validators import Kept
from tests.copies import square

from .conftest import SmallTwin
from .test_publish import one, run
from .two_sides import nothing_left, row

NOW = time.time()


class Pages:
    """Pages with the headers that a test gives them, around the twin; counts those that came and those that did not."""

    def __init__(self, twin: SmallTwin, marks: Callable[[int], dict[str, str]] | None = None, size: int = 6) -> None:
        self.marks, self.size = marks, size
        self.sent = self.spared = 0
        self._app = twin.around.app
        twin.around.app = self

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        if environ["REQUEST_METHOD"] != "GET" or not environ["PATH_INFO"].endswith("buildings/items"):
            return self._app(environ, start)
        query = environ["QUERY_STRING"].replace("limit=10000", f"limit={self.size}")
        number = int(query.partition("offset=")[2].partition("&")[0] or 0) // self.size
        one = "limit=1&" in f"{query}&"

        def begin(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            if not one:
                self.spared += status.startswith("304")
                self.sent += status.startswith("200")
            if self.marks is not None:
                headers = [pair for pair in headers if pair[0] != "ETag"]
                headers += self.marks(number).items()
            return start(status, headers, *more)

        if self.marks is None or one:
            return self._app({**environ, "QUERY_STRING": query}, begin)
        given, marks = environ.get, self.marks(number)
        etag = given("HTTP_IF_NONE_MATCH")
        if (etag is not None and etag == marks.get("ETag")) or (
            etag is None and marks.get("Last-Modified") and given("HTTP_IF_MODIFIED_SINCE") == marks["Last-Modified"]
        ):
            begin("304 Not Modified", [])
            return [b""]
        plain = {key: value for key, value in environ.items() if not key.startswith("HTTP_IF_")}
        return self._app({**plain, "QUERY_STRING": query}, begin)

    def take(self) -> tuple[int, int]:
        """How many pages came, and how many did not have to."""
        told, self.sent, self.spared = (self.sent, self.spared), 0, 0
        return told


def dated(_number: int, age: int = 100) -> dict[str, str]:
    return {"Last-Modified": formatdate(NOW - age, usegmt=True)}


def brought(twin: SmallTwin, folder: Path, **options: Any) -> tuple[WorkingCopy, Twin]:
    client = Twin(twin.url)
    path = folder / "work.gpkg"
    checkout(client, ["buildings"], path, snapshots=False, **options)
    return WorkingCopy.open(path), client


def kept(copy: WorkingCopy) -> Kept | None:
    with opened(copy.path) as connection:
        return validators.load(connection, "buildings")


def test_nothing_is_read_where_nothing_changed(twin: SmallTwin, tmp_path: Path) -> None:
    pages = Pages(twin)
    copy, client = brought(twin, tmp_path)
    assert pages.take()[0] >= 4
    run(copy, "UPDATE buildings SET height = 42 WHERE twin_id = 'b3'")
    run(copy, "UPDATE twin_source SET pulled = '2026-01-01T00:00:00Z'")
    copy.refresh()
    for _ in range(2):
        report = pull(copy, client)
        assert pages.take() == (0, 4)
        assert [layer.unchanged for layer in report.layers] == [True] and report.notes == ()
    assert copy.sources[0].pulled == report.at != "2026-01-01T00:00:00Z"
    assert one(copy, "SELECT count(*) FROM twin_pull") == (2,)
    (change,) = copy.changes()
    assert change.twin_id == "b3", "an edit of ours is no change on the twin"


@pytest.mark.parametrize("what", ["changes", "adds", "deletes"])
def test_what_a_colleague_does_comes(twin: SmallTwin, tmp_path: Path, what: str) -> None:
    pages = Pages(twin)
    copy, client = brought(twin, tmp_path)
    pages.take()
    if what == "changes":
        twin.colleague("b1", height=99)
    elif what == "adds":
        twin.colleague_adds(square(92200, 436000), name="New")
    else:
        twin.colleague_deletes("b20")
    report = pull(copy, client)
    assert report.created + report.updated + report.deleted == 1 and not report.layers[0].unchanged
    sent, spared = pages.take()
    assert sent == 5 and spared == 0, "four are read after one was asked"
    assert pull(copy, client).layers[0].unchanged and pages.take() == (0, 4)
    nothing_left(copy, client)


def test_after_a_publish_all_is_read_once(twin: SmallTwin, tmp_path: Path) -> None:
    pages = Pages(twin)
    copy, client = brought(twin, tmp_path)
    run(copy, "UPDATE buildings SET height = 42 WHERE twin_id = 'b3'")
    assert publish(copy, client, "m").published == 1
    twin.colleague("b3", floors=77)
    pages.take()
    report = pull(copy, client)
    assert pages.take() == (4, 0) and report.updated == 1
    assert pull(copy, client).layers[0].unchanged and pages.take() == (0, 4)


def test_while_a_conflict_waits_all_is_read(twin: SmallTwin, tmp_path: Path) -> None:
    copy, client = brought(twin, tmp_path)
    run(copy, "UPDATE buildings SET height = 42 WHERE twin_id = 'b3'")
    twin.colleague("b3", height=43)
    assert pull(copy, client).conflicts == 1
    run(copy, "UPDATE buildings SET height = 43 WHERE twin_id = 'b3'")
    report = pull(copy, client)
    assert not report.layers[0].unchanged, "the conflict has come to nothing, and a pull is who sees that"
    assert one(copy, "SELECT count(*) FROM twin_conflict") == (0,)
    assert pull(copy, client).layers[0].unchanged


def test_what_no_page_had_is_asked_for_still(twin: SmallTwin, tmp_path: Path) -> None:
    """A feature that left the extent stays in the file, and nobody's page tells what becomes of it."""
    copy, client = brought(twin, tmp_path, extent=(91990, 435990, 92130, 436100), extent_srid=28992)
    assert row(copy, "b2", "height") is not None
    twin.colleague("b2", geometry=square(93000, 437000))
    assert pull(copy, client).left == 1
    known = kept(copy)
    assert known is not None and known.unlisted == ("b2",)
    mark = {"ETag": '"still"'}
    pages = Pages(twin, lambda _: mark)
    pull(copy, client)
    assert pages.take()[0] > 0
    twin.colleague("b2", height=77)
    report = pull(copy, client)
    assert report.layers[0].unchanged and pages.take()[0] == 0
    assert row(copy, "b2", "height") == (77,)
    twin.colleague_deletes("b2")
    assert pull(copy, client).deleted == 1 and row(copy, "b2", "height") is None
    known = kept(copy)
    assert known is not None and known.unlisted == ()


def test_a_time_alone_does_not_tell_what_was_deleted(twin: SmallTwin, tmp_path: Path) -> None:
    """The time of the newest feature on a page stays where another one goes: so they are counted."""
    pages = Pages(twin, dated)
    copy, client = brought(twin, tmp_path)
    assert pull(copy, client).layers[0].unchanged
    pages.take()
    twin.colleague_deletes("b2")
    report = pull(copy, client)
    assert report.deleted == 1 and pages.take()[0] == 4


@pytest.mark.parametrize(
    "marks",
    [
        lambda n: {},
        lambda n: {"ETag": '"one"'} if n else {},
        lambda n: {"ETag": "bare"},
        lambda n: {"ETag": '""'},
        lambda n: dated(n, age=-3600),
        lambda n: {"Last-Modified": "yesterday"},
    ],
    ids=["none", "not all", "unquoted", "empty", "too young", "no date"],
)
def test_what_is_no_validator_is_not_kept(
    twin: SmallTwin, tmp_path: Path, marks: Callable[[int], dict[str, str]]
) -> None:
    pages = Pages(twin, marks)
    copy, client = brought(twin, tmp_path)
    assert kept(copy) is None
    pages.take()
    assert not pull(copy, client).layers[0].unchanged and pages.take() == (4, 0)


@pytest.mark.parametrize("tier", ["w0", "w1"])
def test_a_twin_that_lies_is_not_asked_again(twin: SmallTwin, tmp_path: Path, tier: str) -> None:
    """Its pages have the same ETags before and after an edit of ours: others' edits would be missed, too."""
    pages = Pages(twin, lambda number: {"ETag": f'"page-{number}"'})
    copy, client = brought(twin, tmp_path)
    twin.colleague("b7", height=99)
    assert pull(copy, client).layers[0].unchanged, "this cannot be known"
    run(copy, "UPDATE buildings SET floors = 42 WHERE twin_id = 'b3'")
    assert publish(copy, client, "m").published == 1
    assert pull(copy, client).updated == 1 and row(copy, "b7", "height") == (99,)
    run(copy, "UPDATE buildings SET floors = 43 WHERE twin_id = 'b3'")
    assert publish(copy, client, "m").published == 1
    report = pull(copy, client)
    assert len(report.notes) == 1 and "did change" in report.notes[0]
    known = kept(copy)
    assert known is not None and known.distrusted and not known.pages
    for _ in range(2):
        twin.colleague("b7", height=row(copy, "b7", "height")[0] + 1)
        pages.take()
        report = pull(copy, client)
        assert report.updated == 1 and report.notes == () and pages.take() == (4, 0)


def test_there_and_back_again_is_no_lie(twin: SmallTwin, tmp_path: Path) -> None:
    """ETags made of what pages hold are rightly the same when it is the same again."""
    Pages(twin, lambda number: {"ETag": f'"page-{number}"'})
    copy, client = brought(twin, tmp_path)
    was = row(copy, "b3", "floors")[0]
    for floors in (42, was):
        run(copy, "UPDATE buildings SET floors = ? WHERE twin_id = 'b3'", floors)
        assert publish(copy, client, "m").published == 1
    assert pull(copy, client).notes == ()
    known = kept(copy)
    assert known is not None and not known.distrusted


def test_a_create_of_unknown_outcome_lets_all_be_read(twin: SmallTwin, tmp_path: Path) -> None:
    copy, client = brought(twin, tmp_path)
    run(
        copy,
        "INSERT INTO twin_outbox (publish, message, table_name, kind, fid, state, at) "
        "VALUES ('p', '', 'buildings', 'insert', 999, 'held', '')",
    )
    assert not pull(copy, client).layers[0].unchanged
    assert kept(copy) is None, "what may be in the pages already is not agreed on yet"


def test_a_new_column_is_read(twin: SmallTwin, tmp_path: Path) -> None:
    copy, client = brought(twin, tmp_path)
    pages = Pages(twin, lambda number: {"ETag": f'"page-{number}"'})
    pull(copy, client)
    assert pull(copy, client).layers[0].unchanged
    app = twin.around.app

    def with_owner(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        if not environ["PATH_INFO"].endswith("buildings/schema"):
            return app(environ, start)
        plain = {key: value for key, value in environ.items() if key != "HTTP_ACCEPT_ENCODING"}
        told: list[Any] = []
        document = json.loads(b"".join(app(plain, lambda *given: told.extend(given))))
        document["properties"]["owner"] = {"type": "string"}
        headers = [pair for pair in told[1] if pair[0] not in ("Content-Length", "ETag")]
        start(told[0], headers)
        return [json.dumps(document).encode()]

    twin.around.app = with_owner
    pages.take()
    report = pull(copy, Twin(twin.url))
    assert report.layers[0].reshaped and not report.layers[0].unchanged and pages.take()[0] == 4


def test_a_file_of_the_format_before_is_pulled_as_ever(twin: SmallTwin, tmp_path: Path) -> None:
    pages = Pages(twin)
    copy, client = brought(twin, tmp_path)
    run(copy, 'DROP TABLE "twin_pages"')
    run(copy, "DELETE FROM gpkg_contents WHERE table_name = 'twin_pages'")
    run(copy, "UPDATE twin_state SET format = 3")
    pages.take()
    copy = WorkingCopy.open(copy.path)
    assert one(copy, "SELECT format FROM twin_state") == (books.FORMAT,)
    assert one(copy, "SELECT data_type FROM gpkg_contents WHERE table_name = 'twin_pages'") == (books.HIDDEN,)
    assert not pull(copy, client).layers[0].unchanged and pages.take() == (4, 0)
    assert pull(copy, client).layers[0].unchanged


def test_addresses_with_secrets_are_not_kept(twin: SmallTwin, tmp_path: Path) -> None:
    copy, _ = brought(twin, tmp_path)
    text = one(copy, "SELECT pages FROM twin_pages")[0]
    assert "buildings/items" in text and "@" not in text
    for query in ("token=abc", "api_key=1", "cursor=abcdef0123456789abcdef01"):
        assert mark_of(Reply(200, {"ETag": '"a"'}, b"", f"https://t.example/items?{query}")) is None
    assert mark_of(Reply(200, {"ETag": '"a"'}, b"", "https://t.example/items?limit=5&offset=10")) is not None
