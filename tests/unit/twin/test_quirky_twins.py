"""One client before twins of every tier, and before what real servers do otherwise: nothing is believed unseen."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from plugin.demo.app import Settings
from plugin.demo.quirks import LIKE, Quirks
from plugin.twin import report
from plugin.twin.crs import CrsChoice
from plugin.twin.errors import Clash, NotFound, Rejected, ServerFailed, Unreachable
from plugin.twin.features import pages
from plugin.twin.model import Capabilities, Collection, Schema
from plugin.twin.session import Session
from plugin.twin.trial import try_lock
from plugin.twin.writes import Writer
from tests.unit.demo.conftest import square
from tests.unit.twin.faults_server import Answer, FaultyServer, as_json
from tests.unit.twin.small_twin import Serve, Small

ITEMS = "/collections/things/items"
NEW = {"name": "New", "function": "office", "height": 3}


@pytest.fixture
def like(serve: Serve) -> Callable[..., Small]:
    def start(tier: str = "w1", **switches: Any) -> Small:
        return serve(Settings(tier=tier, quirks=Quirks(**switches)))  # type: ignore[arg-type]

    return start


def said(small: Small) -> str:
    return " ".join(one.text for one in report.sentences(small.capabilities) if one.kind != "good")


def test_w0_has_no_token_and_every_write_is_read_again(like: Callable[..., Small]) -> None:
    small = like("w0", drops_unknown=True, put_merges=True)
    houses = small.houses
    assert (small.capabilities.tier, small.capabilities.locking) == ("W0", "none")
    assert houses.get("h/1")[1] is None
    made = houses.create({**NEW, "nonsense": 1}, square(93500, 436500))
    assert made.id and made.item == houses.get(made.id)[0] and (made.token, made.proven) == (None, False)
    assert "nonsense" not in made.item.properties
    kept = houses.replace("h/1", {"name": "Else"}, square(93500, 436500), token=None)
    assert kept.item is not None and kept.item.properties["storeys"] == 1  # this PUT merges: the read-back shows it
    changed = houses.patch("h/1", {"height": 9}, token=None)
    assert changed.item is not None and changed.item.properties["height"] == 9
    assert houses.delete(made.id, token=None).status == 204
    with pytest.raises(NotFound):
        houses.get(made.id)
    words = said(small)
    assert "unprotected" in words and "read again" in words and "compares their contents" in words


@pytest.fixture
def believer(session: Session, make_collection: Callable[..., Collection]) -> Writer:
    """A writer before a twin without locks."""
    none = Capabilities("u", "t", "", (), "W0", "none", frozenset(), True, True, False, False, False, False, None)
    return Writer(session, none, make_collection(), Schema(()), CrsChoice(None, 4326))


def feature(**properties: Any) -> Answer:
    body = {"type": "Feature", "id": "1", "geometry": None, "properties": properties}
    return as_json(body, 200, "application/geo+json", ETag='"e"')


def test_the_answer_of_a_twin_without_locks_is_not_believed(server: FaultyServer, believer: Writer) -> None:
    for method, send in (
        ("PUT", lambda: believer.replace("1", {"n": 1}, None, token=None)),
        ("PATCH", lambda: believer.patch("1", {"n": 1}, token=None)),
        ("POST", lambda: believer.create({"n": 1}, None)),
    ):
        where = ITEMS if method == "POST" else f"{ITEMS}/1"
        server.routes[f"{method} {where}"] = feature(n="as you wish")
        server.routes[f"GET {ITEMS}/1"] = feature(n="as it is")
        written = send()
        assert written.item is not None and written.item.properties == {"n": "as it is"}, method
        assert (written.token, written.proven) == (None, False)
        server.routes[f"GET {ITEMS}/1"] = as_json({}, 500)
        written = send()
        assert written.item is None and written.id == "1" and not written.overtaken


def test_a_delete_that_did_not_happen(server: FaultyServer, believer: Writer) -> None:
    server.routes[f"DELETE {ITEMS}/1"] = Answer(200)
    server.routes[f"GET {ITEMS}/1"] = feature(n=1)
    with pytest.raises(Rejected, match="still has it"):
        believer.delete("1", token=None)
    server.routes[f"GET {ITEMS}/1"] = as_json({}, 500)
    assert believer.delete("1", token=None).status == 200  # it cannot be told: the twin's word has to do
    server.routes[f"DELETE {ITEMS}/1"] = Answer(202)
    assert believer.delete("1", token=None).queued


def test_weak_etags_are_no_lock(like: Callable[..., Small]) -> None:
    small = like("w1", weak_etags=True)
    houses = small.houses
    item, token = houses.get("h/1")
    assert token is None and item.token is None
    page = next(pages(small.twin.session, houses.collection, choice=houses.choice, item_etags=True))
    assert {one.token for one in page.items} == {None}
    written = houses.patch("h/1", {"height": 9}, token=None)
    assert written.item is not None and written.item.properties["height"] == 9
    assert (written.token, written.proven) == (None, False)


def test_a_proxys_etag_is_no_lock_but_the_twins_own_in_the_item_is(like: Callable[..., Small]) -> None:
    houses = like("w1", gzip_etags=True).houses
    _, token = houses.get("h/1")
    assert token is not None and "gzip" not in token
    written = houses.patch("h/1", {"height": 9}, token=token)
    assert written.token not in (None, token) and written.proven
    with pytest.raises(Clash):
        houses.patch("h/1", {"height": 8}, token=token)
    bare = like("w1", gzip_etags=True, no_item_etags=True).houses
    assert bare.get("h/1")[1] is None


def test_tokens_only_on_get(like: Callable[..., Small]) -> None:
    small = like("w1", no_item_etags=True, no_post_etag=True, no_representation=True)
    made = small.houses.create(NEW, square(93500, 436500))
    assert made.id and made.item is not None and made.token == small.houses.get(made.id)[1] and not made.proven
    changed = small.houses.patch(made.id, {"height": 9}, token=made.token)
    assert changed.proven and changed.token == small.houses.get(made.id)[1]
    assert "one more request per feature" in said(small) and "compares their contents" in said(small)


def test_timestamps_lock(like: Callable[..., Small]) -> None:
    small = like("w1", timestamps=True)
    houses = small.houses
    assert (small.capabilities.tier, small.capabilities.locking) == ("W1", "timestamps")
    _, first = houses.get("h/1")
    assert first is not None and first.endswith("GMT")
    written = houses.patch("h/1", {"height": 9}, token=first)
    assert written.token not in (None, first) and written.proven and written.item is not None
    with pytest.raises(Clash, match="has been changed since"):
        houses.delete("h/1", token=first)
    with pytest.raises(Clash, match="version lock"):
        houses.patch("h/1", {"height": 8}, token=None)
    silent = like("w1", timestamps=True, no_representation=True).houses
    again = silent.patch("h/1", {"height": 7}, token=written.token)
    assert again.proven and again.token == silent.get("h/1")[1]
    assert silent.delete("h/1", token=again.token).id == "h/1"
    assert "time of the last change" in " ".join(one.text for one in report.sentences(small.capabilities))
    assert "Deletes may not be locked" in said(small)


def test_a_lock_that_does_not_hold_is_in_the_report(like: Callable[..., Small]) -> None:
    def problems(tier: str = "w1", **switches: Any) -> tuple[str, ...]:
        return try_lock(like(tier, **switches).twin).problems

    for good in ({}, {"gzip_etags": True}, {"timestamps": True}, {"no_item_etags": True}):
        assert problems(**good) == () and problems("w2") == () and problems("w0") == () and problems("r") == ()
    for bad in ({"weak_etags": True}, {"gzip_etags": True, "no_item_etags": True}):
        assert "they do not hold" in problems(**bad)[0]
    small = like("w1", weak_etags=True)
    found = report.sentences(try_lock(small.twin))
    assert found[-1].kind == "bad" and "compared with the twin" in found[-1].text


@pytest.mark.parametrize("status", [409, 428])
def test_a_write_without_its_lock_is_a_clash_where_the_twin_wants_one(like: Callable[..., Small], status: int) -> None:
    with pytest.raises(Clash) as caught:
        like("w1", missing_lock=status).houses.patch("h/1", {"height": 8}, token=None)
    assert caught.value.status == status


def test_methods_are_found_without_options(like: Callable[..., Small]) -> None:
    small = like("w0", options_fail=True, no_patch=True)
    assert small.houses.collection.methods == {"POST", "PUT", "DELETE"}
    assert "always sent whole" in said(small)


def test_creates_that_cannot_be_recognised(like: Callable[..., Small]) -> None:
    small = like("w1", integer_ids=True)
    assert not small.capabilities.create_with_id and "asked whether it arrived" in said(small)
    mine = str(uuid.uuid4())
    first, second = (small.houses.create(NEW, square(93500, 436500), client_id=mine) for _ in range(2))
    assert {first.id, second.id} == {"1", "2"} and first.item is not None and first.item.raw_id == 1


def test_pages_without_counts_and_with_a_cap(like: Callable[..., Small]) -> None:
    small = like("w1", no_number_matched=True, page_cap=7)
    found = [
        i.id for p in pages(small.twin.session, small.houses.collection, choice=small.houses.choice) for i in p.items
    ]
    assert found == [f"h/{n}" for n in range(25)]
    assert small.twin.count(replace(small.houses.collection, count=None)) is None


def test_a_bad_body_that_is_answered_as_a_failure(like: Callable[..., Small]) -> None:
    with pytest.raises(ServerFailed, match="height: must be at least 0"):
        like("w0", errors_500=True).houses.create({**NEW, "height": -1}, square(93500, 436500))


@pytest.mark.parametrize("name", sorted(LIKE))
def test_a_day_at_a_twin_like_a_real_server(serve: Serve, name: str) -> None:
    houses = serve(Settings(tier="w0", quirks=LIKE[name])).houses
    place = square(93500, 436500)
    if houses.choice.uri is None:  # longitude and latitude
        place = square(4.48, 51.91, 0.001)
    made = houses.create(NEW, place)
    assert made.id and made.item is not None and made.item.raw_id == int(made.id)
    whole = houses.replace(made.id, {**NEW, "height": 4}, place, token=None, raw_id=made.item.raw_id)
    assert whole.item is not None and whole.item.properties["height"] == 4
    corner = whole.item.geometry["coordinates"][0][1] if whole.item.geometry else None
    assert corner == pytest.approx(place["coordinates"][0][1], abs=1e-6)
    if "PATCH" in houses.collection.methods:
        patched = houses.patch(made.id, {"height": 5}, token=None)
        assert patched.item is not None and patched.item.properties["height"] == 5
    assert houses.delete(made.id, token=None).status in (200, 204)
    with pytest.raises(NotFound):
        houses.get(made.id)


# -- many threads ------------------------------------------------------------------------------------------------------


def together(count: int, work: Callable[[int], None]) -> None:
    """``work`` in ``count`` threads at once; what one of them raises is raised."""
    errors: list[BaseException] = []

    def one(n: int) -> None:
        try:
            work(n)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_eight_threads_share_one_writer(serve: Serve) -> None:
    small = serve()
    made: list[str] = []

    def work(n: int) -> None:
        token = small.houses.get(f"h/{n}")[1]
        for height in range(15):
            token = small.houses.patch(f"h/{n}", {"height": 100 * (n % 3) + height}, token=token).token
        created = small.houses.create(NEW, square(93500, 436500), client_id=str(uuid.uuid4()))
        made.append(str(created.id))

    together(8, work)
    for n in range(8):
        assert small.houses.get(f"h/{n}")[0].properties["height"] == 100 * (n % 3) + 14
    assert len(set(made)) == 8
    adapter: Any = small.twin.session._home.get_adapter(small.twin.url)
    assert adapter.poolmanager.connection_from_url(small.twin.url).num_connections <= 8


def test_cookies_that_change_under_eight_threads(server: FaultyServer, session: Session) -> None:
    count = iter(range(10_000_000))

    def answer(_seen: Any) -> Answer:
        n = next(count)
        return as_json({"n": n}, Set_Cookie=f"c{n % 40}={n}; Path=/; Max-Age={0 if n % 3 == 0 else 60}")

    server.routes["/x"] = answer
    together(8, lambda _n: [session.get_json(f"{server.url}/x") for _ in range(30)] and None)
    assert len(server.seen) == 240


def test_a_create_is_never_sent_twice_on_a_connection_that_was_kept(server: FaultyServer, believer: Writer) -> None:
    """The server closes kept connections just when the create arrives, which libraries like to try again."""
    server.routes[f"GET {ITEMS}/1"] = feature(n=1)
    server.routes[f"POST {ITEMS}"] = Answer(raw=lambda _handler: None)
    for _ in range(3):
        believer.get("1")
        with pytest.raises(Unreachable) as caught:
            believer.create({"n": 1}, None)
        assert caught.value.sent
    assert len(server.paths("POST")) == 3
