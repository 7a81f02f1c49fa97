"""Publish against the embedded twin over HTTP: what arrives, what clashes, what a cut connection does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from osgeo import ogr

from plugin.twin.client import Twin
from plugin.twin.errors import TwinError, Unsupported
from plugin.twin.session import Session
from plugin.workcopy.columns import GEOMETRY
from plugin.workcopy.connection import connect
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.geometry import encode
from plugin.workcopy.publish import PublishReport, publish
from plugin.workcopy.validate import validate
from tests.copies import square

from .conftest import SmallTwin


def run(copy: WorkingCopy, statement: str, *values: object) -> None:
    connection = connect(copy.path, write=True)
    connection.execute(statement, values)
    connection.close()


def one(copy: WorkingCopy, statement: str, *values: object) -> Any:
    connection = connect(copy.path)
    try:
        return connection.execute(statement, values).fetchone()
    finally:
        connection.close()


def states(report: PublishReport) -> dict[str, str]:
    return {outcome.change.label: outcome.state for outcome in report.outcomes}


def client_of(twin: SmallTwin) -> Twin:
    return Twin(twin.url, session=Session(twin.url, sleep=lambda _seconds: None))


def test_all_kinds_arrive(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    run(
        copy,
        "UPDATE buildings SET height = 55.5, geom = ? WHERE twin_id = 'b1'",
        encode(square(92000, 436100), 28992)[0],
    )
    run(copy, "DELETE FROM buildings WHERE twin_id = 'b2'")
    run(
        copy,
        "INSERT INTO buildings (name, height, geom) VALUES ('Nieuw', 3, ?)",
        encode(square(92500, 436500), 28992)[0],
    )
    report = publish(copy, client, "Test – één")
    assert (report.published, report.failed, report.conflicts, report.stopped) == (3, 0, 0, "")
    item = twin.get("b1").json()
    assert item["properties"]["height"] == 55.5 and item["geometry"]["coordinates"][0][0] == [92000, 436100]
    assert twin.get("b2").status_code == 404
    assert copy.changes() == []
    twin_id, version = one(copy, "SELECT twin_id, twin_version FROM buildings WHERE name = 'Nieuw'")
    assert twin.get(twin_id).headers["ETag"] == version
    assert twin.properties(twin_id)["height"] == 3 and twin.count() == 20
    run(copy, "UPDATE buildings SET height = 4 WHERE name = 'Nieuw'")
    assert publish(copy, client, "again").published == 1, "the token that came back is the right one"


def test_every_write_is_locked_and_partial(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    tokens = [one(copy, f"SELECT twin_version FROM buildings WHERE twin_id = '{i}'")[0] for i in ("b1", "b2")]
    run(copy, "UPDATE buildings SET height = 55.5 WHERE twin_id = 'b1'")
    run(copy, "DELETE FROM buildings WHERE twin_id = 'b2'")
    twin.around.seen.clear()
    publish(copy, client, "m")
    writes = [
        (m, p.rsplit("/", 1)[1], h.get("if_match")) for m, p, h in twin.around.seen if m not in ("GET", "OPTIONS")
    ]
    assert writes == [("PATCH", "b1", tokens[0]), ("DELETE", "b2", tokens[1])]


def test_somebody_else_is_never_overwritten(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    run(copy, "UPDATE buildings SET height = 1 WHERE twin_id = 'b1'")
    run(copy, "UPDATE buildings SET height = 2 WHERE twin_id = 'b2'")
    run(copy, "DELETE FROM buildings WHERE twin_id = 'b3'")
    run(copy, "UPDATE buildings SET height = 4 WHERE twin_id = 'b4'")
    twin.colleague("b1", height=99)
    twin.colleague_deletes("b2")
    twin.colleague("b3", name="Behouden")
    report = publish(copy, client, "m")
    assert states(report) == {
        "Building 1": "clash",
        "Building 2": "clash",
        "Building 3": "clash",
        "Building 4": "published",
    }
    assert twin.properties("b1")["height"] == 99
    assert twin.get("b2").status_code == 404
    assert twin.properties("b3")["name"] == "Behouden"
    assert {(c.twin_id, c.kind) for c in copy.conflicts()} == {
        ("b1", "update-update"),
        ("b2", "update-delete"),
        ("b3", "delete-update"),
    }
    theirs = next(conflict for conflict in copy.conflicts() if conflict.twin_id == "b1").theirs
    assert theirs is not None and theirs["height"] == 99 and theirs[GEOMETRY]["type"] == "Polygon"
    assert copy.counts()["buildings"].conflicts == 3 and len(copy.changes("buildings")) == 3
    again = publish(copy, client, "m")
    assert again.conflicts == 3 and twin.properties("b1")["height"] == 99, "trying again overwrites nothing either"
    copy.discard(copy.changes())
    assert copy.conflicts() == []


def test_the_same_change_by_both_is_no_clash(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    run(copy, "UPDATE buildings SET height = 42 WHERE twin_id = 'b1'")
    run(copy, "DELETE FROM buildings WHERE twin_id = 'b2'")
    twin.colleague("b1", height=42)
    twin.colleague_deletes("b2")
    report = publish(copy, client, "m")
    assert (report.published, report.conflicts) == (2, 0) and copy.changes() == []


def test_token_moved_but_nothing_changed(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    run(copy, "UPDATE buildings SET height = 42 WHERE twin_id = 'b1'")
    old = twin.properties("b1")["name"]
    twin.colleague("b1", name="Even anders")
    twin.colleague("b1", name=old)
    assert publish(copy, client, "m").published == 1
    assert twin.properties("b1")["height"] == 42


def test_no_token_is_fetched_late_and_only_used_if_nothing_changed(
    copy: WorkingCopy, client: Twin, twin: SmallTwin
) -> None:
    run(copy, "UPDATE twin_state SET tracking = 0")
    run(copy, "UPDATE buildings SET twin_version = NULL")
    run(copy, "UPDATE twin_state SET tracking = 1")
    run(copy, "UPDATE buildings SET height = 42 WHERE twin_id IN ('b1', 'b2')")
    twin.colleague("b2", name="Van een ander")
    report = publish(copy, client, "m")
    assert set(states(report).values()) == {"published"}
    assert (twin.properties("b2")["height"], twin.properties("b2")["name"]) == (42, "Van een ander")
    assert one(copy, "SELECT name FROM buildings WHERE twin_id = 'b2'") == ("Van een ander",)


def test_edits_made_meanwhile_stay_changes(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    run(copy, "UPDATE buildings SET height = 42 WHERE twin_id = 'b1'")
    run(copy, "INSERT INTO buildings (name, geom) VALUES ('Nieuw', ?)", encode(square(92500, 436500), 28992)[0])

    def meddle(environ: dict[str, Any], _start: Callable[..., Any]) -> None:
        if environ["REQUEST_METHOD"] == "PATCH":
            run(copy, "UPDATE buildings SET height = 43, floors = 7 WHERE twin_id = 'b1'")
        if environ["REQUEST_METHOD"] == "POST":
            run(copy, "DELETE FROM buildings WHERE name = 'Nieuw'")

    twin.around.before = meddle
    assert publish(copy, client, "m").published == 2
    update, delete = copy.changes("buildings")
    assert update.kind == "update" and [(c.column, c.old, c.new) for c in update.cells] == [
        ("height", 42, 43),
        ("floors", 1, 7),
    ]
    assert delete.kind == "delete" and twin.count() == 21
    twin.around.before = None
    assert publish(copy, client, "m").published == 2
    assert twin.properties("b1")["height"] == 43 and twin.count() == 20


class Cut:
    """Ends the connection at the n-th write: before the twin saw it, or after it did it."""

    def __init__(self, twin: SmallTwin, method: str, after: bool) -> None:
        self.twin, self.method, self.after, self.done = twin, method, after, False

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        if environ["REQUEST_METHOD"] != self.method or self.done:
            return None
        self.done = True
        if self.after:
            list(self.twin.around.app(environ, lambda *_: None))
        start("200 OK", [("Content-Type", "application/json"), ("Content-Length", "5000")])
        return [b"{"]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_cut_connection_applies_each_change_once(copy: WorkingCopy, twin: SmallTwin, method: str, after: bool) -> None:
    run(copy, "INSERT INTO buildings (name, geom) VALUES ('Nieuw', ?)", encode(square(92500, 436500), 28992)[0])
    run(copy, "UPDATE buildings SET height = 42 WHERE twin_id = 'b1'")
    run(copy, "DELETE FROM buildings WHERE twin_id = 'b2'")
    twin.around.before = Cut(twin, method, after)
    for _ in range(3):
        publish(copy, client_of(twin), "m")
    assert copy.changes() == [] and copy.conflicts() == []
    assert twin.count() == 20 and twin.get("b2").status_code == 404 and twin.properties("b1")["height"] == 42
    assert one(copy, "SELECT count(*) FROM buildings WHERE name = 'Nieuw' AND twin_id IS NOT NULL") == (1,)


@pytest.mark.parametrize("after", [False, True])
def test_killed_while_sending_is_found_out_later(copy: WorkingCopy, twin: SmallTwin, after: bool) -> None:
    """The journal says "sending", as a kill leaves it: the next publish asks before it sends."""
    run(copy, "INSERT INTO buildings (name, geom) VALUES ('Nieuw', ?)", encode(square(92500, 436500), 28992)[0])
    cut = Cut(twin, "POST", after)

    def cut_and_gone(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        answer = cut(environ, start)
        if answer is None and cut.done:
            start("503 Service Unavailable", [("Content-Length", "0")])
            return [b""]
        return answer

    twin.around.before = cut_and_gone
    report = publish(copy, client_of(twin), "m")
    assert report.stopped and one(copy, "SELECT state FROM twin_outbox") == ("sending",)
    twin.around.before = None
    publish(copy, client_of(twin), "m")
    assert twin.count() == 21 and copy.changes() == []


def answer(status: str) -> Callable[..., Any]:
    def fault(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        if environ["REQUEST_METHOD"] in ("GET", "OPTIONS"):
            return None
        body = b'{"title": "No", "detail": "the server said so"}'
        start(status, [("Content-Type", "application/problem+json"), ("Content-Length", str(len(body)))])
        return [body]

    return fault


@pytest.mark.parametrize(
    "status", ["400 Bad Request", "401 Unauthorized", "403 Forbidden", "422 Unprocessable", "500 Oops"]
)
def test_refusals_keep_the_change_and_say_why(copy: WorkingCopy, twin: SmallTwin, status: str) -> None:
    run(copy, "UPDATE buildings SET height = 42 WHERE twin_id IN ('b1', 'b2')")
    twin.around.before = answer(status)
    report = publish(copy, client_of(twin), "m")
    assert report.published == 0 and len(copy.changes()) == 2
    assert bool(report.stopped) == (status[:3] in ("401", "403"))
    assert report.outcomes[0].message and twin.properties("b1")["height"] == 11.5
    twin.around.before = None
    assert publish(copy, client_of(twin), "m").published == 2


def test_a_write_that_meets_404_deletes_nothing_by_itself(copy: WorkingCopy, twin: SmallTwin) -> None:
    """Gone is what its own GET says is gone; a gateway that forbids a method may say 404 as well."""
    run(copy, "UPDATE buildings SET height = 42 WHERE twin_id = 'b1'")
    run(copy, "DELETE FROM buildings WHERE twin_id = 'b2'")
    twin.around.before = answer("404 Not Found")
    report = publish(copy, client_of(twin), "m")
    assert [outcome.state for outcome in report.outcomes] == ["failed", "failed"]
    assert "the server said so" in report.outcomes[0].message
    assert len(copy.changes()) == 2 and copy.conflicts() == []
    twin.around.before = None
    assert publish(copy, client_of(twin), "m").published == 2


@pytest.mark.parametrize("once", [True, False])
def test_a_delete_is_not_forgotten_for_a_404_that_means_something_else(
    copy: WorkingCopy, twin: SmallTwin, once: bool
) -> None:
    """A service that is being set up says 404 to everything, a flaky gateway to one request."""
    run(copy, "DELETE FROM buildings WHERE twin_id = 'b2'")
    client = client_of(twin)
    said = 0

    def missing(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        nonlocal said
        of_item = environ["PATH_INFO"].endswith("/items/b2") and environ["REQUEST_METHOD"] in ("GET", "DELETE")
        down = not once and (said or of_item)
        if not down and not (of_item and said < 2):
            return None
        said += 1
        start("404 Not Found", [("Content-Type", "application/json"), ("Content-Length", "2")])
        return [b"{}"]

    twin.around.before = missing
    report = publish(copy, client, "m")
    assert said and [outcome.state for outcome in report.outcomes] == ["failed"] and report.outcomes[0].message
    assert [change.kind for change in copy.changes()] == ["delete"]
    twin.around.before = None
    assert publish(copy, client_of(twin), "m").published == 1 and twin.get("b2").status_code == 404


def test_problems_stay_local_and_the_rest_goes(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]]]}
    run(copy, "UPDATE buildings SET geom = ? WHERE twin_id = 'b1'", encode(bow, 28992)[0])
    run(copy, "UPDATE buildings SET floors = 'veel' WHERE twin_id = 'b2'")
    run(copy, "UPDATE buildings SET height = 5 WHERE twin_id = 'b3'")
    problems = validate(copy)
    assert {(p.twin_id, p.column) for p in problems} == {("b1", "geom"), ("b2", "floors")}
    crossing = next(p for p in problems if p.column == "geom")
    assert crossing.at == pytest.approx((5, 5)) and "crosses itself" in crossing.message
    report = publish(copy, client, "m")
    assert states(report) == {"Building 1": "failed", "Building 2": "failed", "Building 3": "published"}
    assert len(copy.changes()) == 2


def test_walls_are_no_problem() -> None:
    from plugin.workcopy.validate import geometry_problems

    wall = [[[0, 0, 0], [10, 0, 0], [10, 0, 5], [0, 0, 5], [0, 0, 0]]]
    roof = [[[0, 0, 5], [10, 0, 5], [10, 10, 5], [0, 10, 5], [0, 0, 5]]]
    floor = [[[0, 0, 0], [0, 10, 0], [10, 10, 0], [10, 0, 0], [0, 0, 0]]]
    assert list(geometry_problems({"type": "MultiPolygon", "coordinates": [wall, roof, floor]})) == []
    bow = [[[0, 0, 0], [10, 0, 5], [10, 0, 0], [0, 0, 5], [0, 0, 0]]]
    assert len(list(geometry_problems({"type": "MultiPolygon", "coordinates": [roof, bow]}))) == 1


def test_what_was_wrong_before_is_not_this_edits_doing(copy: WorkingCopy) -> None:
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]]]}
    moved = {"type": "Polygon", "coordinates": [[[5, 0], [15, 10], [15, 0], [5, 10], [5, 0]]]}
    run(copy, "UPDATE twin_state SET tracking = 0")
    run(copy, "UPDATE buildings SET geom = ? WHERE twin_id = 'b1'", encode(bow, 28992)[0])
    run(copy, "UPDATE twin_state SET tracking = 1")
    run(copy, "UPDATE buildings SET geom = ? WHERE twin_id IN ('b1', 'b2')", encode(moved, 28992)[0])
    assert [problem.twin_id for problem in validate(copy)] == ["b2"]


def test_another_twin_is_not_sent_anything(copy: WorkingCopy, twin: SmallTwin) -> None:
    run(copy, "UPDATE twin_source SET url = 'https://elsewhere.example/'")
    other = WorkingCopy.open(copy.path)
    with pytest.raises(Unsupported, match=r"Nothing in work\.gpkg"):
        publish(other, Twin(twin.url), "m")


def test_read_only_twin(copy: WorkingCopy, twin: SmallTwin) -> None:
    client = client_of(twin)
    real = client.capabilities()
    from dataclasses import replace

    client.capabilities = lambda: replace(real, tier="R")  # type: ignore[method-assign]
    with pytest.raises(TwinError, match="only be read"):
        publish(copy, client, "m")


def test_gdal_edits_are_published(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    source = ogr.Open(str(copy.path), update=1)
    layer = source.GetLayerByName("buildings")
    feature = layer.GetFeature(1)
    feature["name"] = "Hernoemd"
    feature.SetField("opened", 2021, 5, 6, 0, 0, 0.0, 0)
    layer.SetFeature(feature)
    del layer, source
    assert publish(copy, client, "m").published == 1
    assert twin.properties("b1")["name"] == "Hernoemd" and twin.properties("b1")["opened"] == "2021-05-06"
