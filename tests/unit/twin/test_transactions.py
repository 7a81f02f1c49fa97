"""Whole change sets: against the embedded twin over HTTP, and against twins that answer in other ways."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import Any

import pytest

from plugin.demo.app import Settings
from plugin.demo.quirks import Quirks
from plugin.twin.client import Twin
from plugin.twin.errors import (
    AccessDenied,
    BadResponse,
    Clash,
    NotFound,
    Rejected,
    ServerFailed,
    Unreachable,
    Unsupported,
)
from plugin.twin.model import Schema
from plugin.twin.session import Session
from plugin.twin.transactions import Action, SetRefused, SetTooLarge
from plugin.twin.writes import Writer
from tests.unit.demo.conftest import square
from tests.unit.twin.faults_server import Answer, FaultyServer, as_html, as_json
from tests.unit.twin.small_twin import Serve, Small

POINT = {"type": "Point", "coordinates": [4.5, 51.9]}


def new_house(**properties: Any) -> dict[str, Any]:
    return {"name": "New", "function": "office", **properties}


def test_the_tier_the_address_and_the_limit(serve: Serve) -> None:
    found = serve(Settings(max_actions=9)).capabilities
    assert (found.tier, found.max_actions) == ("W2", 9)
    assert found.transactions == f"{found.url}transactions"
    for tier in ("w1", "w0", "r"):
        other = serve(Settings(tier=tier)).capabilities  # type: ignore[arg-type]
        assert (other.tier, other.transactions, other.max_actions) == (tier.upper(), None, None)


def test_a_set_over_two_collections_and_two_crs(serve: Serve) -> None:
    small = serve()
    mine = str(uuid.uuid4())
    _, note = small.notes.get("7")
    _, other = small.houses.get("h/2")
    made, moved, whole, gone = small.send(
        Action(small.houses, "insert", mine, new_house(height=12.5), square(93500, 436500, 20)),
        replace(small.house(1, storeys=None, height=3), geometry=square(93700, 436500)),
        Action(small.houses, "replace", "h/2", new_house(), square(93600, 436500), token=other),
        Action(small.notes, "update", "7", {"text": "there"}, POINT, token=note, raw_id=7),
        message="vier tegelijk",
    )
    for written, writer in ((made, small.houses), (moved, small.houses), (whole, small.houses), (gone, small.notes)):
        item, token = writer.get(str(written.id))
        assert (written.item, written.token) == (item, token) and token and written.proven and not written.overtaken
    assert (made.id, made.status, made.item.properties["area_m2"]) == (mine, 201, 400.0)
    assert "storeys" not in moved.item.properties and moved.item.geometry == square(93700, 436500)
    assert gone.item.geometry == POINT and gone.item.raw_id == 7


def test_deletes_and_inserts_without_an_id_of_ours(serve: Serve) -> None:
    small = serve()
    _, token = small.houses.get("h/5")
    gone, made = small.send(
        Action(small.houses, "delete", "h/5", token=token),
        Action(small.houses, "insert", None, new_house(), square(93500, 436500)),
    )
    assert gone.id == "h/5" and gone.item is None
    assert made.id and made.item == small.houses.get(made.id)[0]
    with pytest.raises(NotFound):
        small.houses.get("h/5")


def test_a_refused_set_names_every_action_at_fault_and_leaves_nothing_behind(serve: Serve) -> None:
    small = serve()
    before = [small.houses.get(f"h/{n}") for n in range(6)]
    stale = small.house(1, height=1)
    small.houses.patch("h/1", {"height": 77}, token=stale.token)
    mine = str(uuid.uuid4())
    with pytest.raises(SetRefused, match="so none was applied") as caught:
        small.send(
            Action(small.houses, "insert", mine, new_house(), square(93500, 436500)),
            stale,
            small.house(2, height=5),
            Action(small.houses, "delete", "gone", token='"x"'),
            small.house(3, height=-1),
            replace(small.house(4, height=5), token=None),
        )
    failures = caught.value.failures
    assert {n: type(error) for n, error in failures.items()} == {1: Clash, 3: NotFound, 4: Rejected, 5: Clash}
    assert "has been changed since" in failures[1].message and failures[1].status == 412
    assert "height: must be at least 0" in failures[4].message and "If-Match is missing" in failures[5].message
    assert failures[4].problem is not None and failures[4].problem["errors"][0]["property"] == "height"
    assert [small.houses.get(f"h/{n}") for n in (0, 2, 3, 4, 5)] == [before[n] for n in (0, 2, 3, 4, 5)]
    with pytest.raises(NotFound):
        small.houses.get(mine)


def test_a_set_sent_again_after_its_answer_was_lost(serve: Serve) -> None:
    """Its inserts are recognised, its locks are not: nothing happens twice."""
    small = serve()
    insert = Action(small.houses, "insert", str(uuid.uuid4()), new_house(), square(93500, 436500))
    actions = (insert, small.house(1, height=5))
    first = small.send(*actions)
    with pytest.raises(SetRefused) as caught:
        small.send(*actions)
    assert set(caught.value.failures) == {1}
    assert small.send(insert) == [first[0]]
    small.houses.patch(str(insert.identity), {"height": 1}, token=first[0].token)
    again = small.send(insert)[0]
    assert again.overtaken and again.item is None and again.token == first[0].token
    with pytest.raises(SetRefused) as caught:
        small.send(replace(insert, properties=new_house(name="Else")))
    assert isinstance(caught.value.failures[0], Clash) and caught.value.status == 409


def test_the_limit_holds_before_and_behind_the_wire(serve: Serve) -> None:
    small = serve(Settings(max_actions=2))
    actions = [small.house(n, height=1) for n in range(3)]
    with pytest.raises(SetTooLarge) as caught:
        small.send(*actions)
    assert caught.value.limit == 2
    ignorant = replace(small, capabilities=replace(small.capabilities, max_actions=None))
    with pytest.raises(SetTooLarge) as caught:
        ignorant.send(*actions)
    assert caught.value.limit == 2 and caught.value.status == 413
    assert len(small.send(*actions[:2])) == 2
    tight = serve(Settings(max_body=500))
    with pytest.raises(SetTooLarge) as caught:
        tight.send(*actions[1:] * 5)
    assert caught.value.limit is None and "too much" in caught.value.message


def test_nothing_is_sent_where_nothing_can_be(serve: Serve) -> None:
    small = serve(Settings(tier="w1"))
    with pytest.raises(Unsupported):
        small.send(small.house(1, height=1))
    whole = serve()
    assert whole.send() == []
    closed = replace(whole.notes.collection, methods=frozenset({"POST"}))
    notes = Writer(whole.twin.session, whole.capabilities, closed, Schema(()), whole.notes.choice)
    with pytest.raises(SetRefused, match="go together") as caught:
        whole.send(
            whole.house(1, height=float("nan")),
            whole.house(2, height=1),
            Action(whole.houses, "delete"),
            Action(notes, "delete", "7", token="*"),
            Action(notes, "update", "7", {"text": "x"}, token="*"),
            Action(notes, "insert", None, {"text": "x"}, None),
        )
    failures = {n: error.message for n, error in caught.value.failures.items()}
    assert set(failures) == {0, 2, 3, 4} and "not a number" in failures[0] and "without the id" in failures[2]
    assert "delete" in failures[3] and "changes" in failures[4]


def test_ids_that_the_server_gives(serve: Serve) -> None:
    small = serve(Settings(quirks=Quirks(integer_ids=True, no_item_etags=True)))
    client_id = str(uuid.uuid4())
    made = small.send(Action(small.houses, "insert", client_id, new_house(), square(93500, 436500)))[0]
    assert made.id == "1" and made.item.raw_id == 1 and made.token == small.houses.get("1")[1]


# -- twins that answer in other ways -----------------------------------------------------------------------------------

SETS = "/transactions"


@pytest.fixture
def other(server: FaultyServer, serve: Serve, session: Session) -> Small:
    """The houses of a real twin, but sets go to a server that answers as it is told."""
    small = serve()
    told = replace(small.capabilities, transactions=f"{server.url}{SETS}")
    return replace(small, twin=Twin.connect(session), capabilities=told)


def act(small: Small) -> tuple[Action, Action]:
    return (
        Action(small.houses, "insert", "c1", {"name": "N"}, square(1, 2)),
        Action(small.houses, "update", "h/1", {"height": 1, "storeys": None}, token='"v1"'),
    )


def test_what_goes_over_the_wire(other: Small, server: FaultyServer) -> None:
    server.routes[SETS] = Answer(202)
    assert [one.queued for one in other.send(*act(other), message="Eén & twee")] == [True, True]
    seen = server.seen[0]
    assert (seen.method, seen.headers["Content-Type"]) == ("POST", "application/ogc-tx+json")
    assert seen.headers["Content-Crs"] == f"<{other.houses.choice.uri}>"
    assert seen.headers["Citytwin-Message"] == "E%C3%A9n %26 twee" and "If-Match" not in seen.headers
    feature = {"type": "Feature", "geometry": square(1, 2), "properties": {"name": "N"}, "id": "c1"}
    assert json.loads(seen.body) == {
        "semantic": "atomic",
        "transaction": [
            {"action": "insert", "collection": "houses", "id": "0", "items": [feature]},
            {
                "action": "update",
                "collection": "houses",
                "id": "1",
                "filter-lang": "cql2-json",
                "filter": {"op": "=", "args": [{"property": "id"}, "h/1"]},
                "ifMatch": '"v1"',
                "properties": {"modify": [{"name": "height", "value": 1}], "delete": ["storeys"]},
            },
        ],
    }


def test_a_twin_that_tells_addresses_only(other: Small, server: FaultyServer) -> None:
    told = {
        "semantic": "atomic",
        "summary": {"totalInserted": 1},
        "insertResults": ["/x/collections/houses/items/h%2F3"],
    }
    server.routes[SETS] = as_json(told)
    made, changed = other.send(*act(other))
    assert made.id == "h/3" and made.item == other.houses.get("h/3")[0] and made.token
    assert changed.id == "h/1" and changed.item == other.houses.get("h/1")[0] and not changed.proven


@pytest.mark.parametrize(
    "answer",
    [
        as_json({"summary": {}, "insertResults": []}), as_json({"title": "Landing"}), as_json([]), Answer(204),
        as_json({"summary": {}, "exceptions": [{"detail": "half done"}], "insertResults": ["a/b"]}),
        as_html("<html>Log in"), Answer(200, b'{"summ'),
    ],
)  # fmt: skip
def test_answers_that_leave_it_open(other: Small, server: FaultyServer, answer: Answer) -> None:
    server.routes[SETS] = answer
    with pytest.raises(BadResponse):
        other.send(*act(other))
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("status", "kind"), [(500, ServerFailed), (502, ServerFailed), (503, ServerFailed), (401, AccessDenied),
                         (403, AccessDenied), (404, NotFound), (405, Rejected)],
)  # fmt: skip
def test_errors_that_are_not_the_sets(other: Small, server: FaultyServer, status: int, kind: type[Exception]) -> None:
    server.routes[SETS] = as_json({"title": "No"}, status)
    with pytest.raises(kind):
        other.send(*act(other))
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("problem", "status", "failures"),
    [
        ({"title": "Transaction failed", "detail": "Action 1 failed: gone", "actionId": "1"}, 422, {1: Rejected}),
        ({"failures": [{"index": 1, "status": 404, "detail": "no"}]}, 404, {1: NotFound}),
        ({"failures": [{"index": 7}, {"index": True}, {"index": -1}, 5, {"id": "x"}]}, 409, {}),
        ({"failures": [{"id": "0", "status": 500}, {"id": "0", "status": 412}]}, 400, {0: Rejected}),
        ({"detail": "no"}, 412, {}), ({}, 428, {}), ({"failures": {}}, 400, {}),
    ],
)  # fmt: skip
def test_refusals_as_others_write_them(
    other: Small, server: FaultyServer, problem: Any, status: int, failures: dict[int, type]
) -> None:
    server.routes[SETS] = as_json(problem, status, "application/problem+json")
    with pytest.raises(SetRefused) as caught:
        other.send(*act(other))
    assert {n: type(error) for n, error in caught.value.failures.items()} == failures and caught.value.status == status


def test_a_cut_connection_is_not_tried_again(other: Small, server: FaultyServer) -> None:
    server.routes[SETS] = Answer(raw=lambda _handler: None)
    with pytest.raises(Unreachable) as caught:
        other.send(*act(other))
    assert caught.value.sent and len(server.seen) == 1


def test_a_thousand_changes_in_one_request(serve: Serve) -> None:
    small = serve()
    actions = [Action(small.houses, "insert", str(uuid.uuid4()), new_house(height=n % 300), square(93000, 436000))
               for n in range(1000)]  # fmt: skip
    done = small.send(*actions)
    assert [one.id for one in done] == [one.identity for one in actions] and all(one.token for one in done)
    assert small.twin.count(replace(small.houses.collection, count=None)) == 1025
