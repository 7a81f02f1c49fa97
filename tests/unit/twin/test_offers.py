"""Which change sets a twin offers, as different twins declare them, and what its report says."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.twin import report
from plugin.twin.client import Twin
from plugin.twin.model import Capabilities
from plugin.twin.schema import parse
from plugin.twin.session import Session
from tests.unit.twin.faults_server import FaultyServer, as_json
from tests.unit.twin.test_client import PART4, SPEC, serve

ETAGS = [*PART4, f"{SPEC}ogcapi-features-4/1.0/req/optimistic-locking-etags"]
SETS = [
    f"{SPEC}ogcapi-features-11/1.0/conf/{name}" for name in ("transactions", "json-transactions", "atomic-semantics")
]
LOCKED = "urn:x-citytwin:conf:transaction-if-match"
REL = "http://www.opengis.net/def/rel/ogc/1.0/transactions"


def ask(server: FaultyServer, conforms: list[str], more: Any = None, links: Any = (), api: Any = None) -> Capabilities:
    serve(server, conforms=conforms)
    landing = server.routes["/"]
    base = [{"rel": "conformance", "href": "conformance"}, {"rel": "data", "href": "collections"}]
    described = [{"rel": "service-desc", "href": "/api", "type": "application/json"}] if api is not None else []
    landing = as_json({"title": "City", "links": [*base, *described, *links], **(more or {})})
    server.routes.update({"/": landing, "/api": as_json(api, 200 if api else 500)})
    with Session(server.url, timeout=5, retries=0) as session:
        return Twin.connect(session).capabilities()


def texts(found: Capabilities) -> str:
    return " ".join(one.text for one in report.sentences(found))


def test_sets_with_a_lock_for_each_action(server: FaultyServer) -> None:
    found = ask(server, [*ETAGS, *SETS, LOCKED], {"x-citytwin-transactions": {"maxActions": 50}})
    assert (found.tier, found.transactions, found.max_actions) == ("W2", f"{server.url}/transactions", 50)
    assert (
        "up to 50 changes lands or none of it" in texts(found) and report.tier_name(found) == "Editable, all or nothing"
    )
    document = report.as_json(found)
    assert (document["transactions"], document["maxActions"]) == (found.transactions, 50)
    assert server.paths() == ["/", "/conformance"]


def test_the_link_is_believed_only_at_home(server: FaultyServer) -> None:
    there = ask(
        server, [*ETAGS, *SETS, LOCKED], links=[{"rel": REL, "href": "/x/tx", "type": "application/ogc-tx+json"}]
    )
    assert (there.transactions, there.max_actions) == (f"{server.url}/x/tx", None)
    away = ask(server, [*ETAGS, *SETS, LOCKED], links=[{"rel": REL, "href": "http://elsewhere.example/tx"}])
    assert (away.tier, away.transactions) == ("W1", None)


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_sets_that_do_not_help(server: FaultyServer, missing: int) -> None:
    for conforms in (
        [*ETAGS, *SETS],
        [*PART4, *SETS, LOCKED],
        [*ETAGS, *(u for u in SETS if u != SETS[missing]), LOCKED],
    ):
        found = ask(server, conforms)
        assert found.tier in ("W0", "W1") and found.transactions is None and found.max_actions is None
        assert "changes are sent one by one" in texts(found)


@pytest.mark.parametrize(("given", "limit"), [(7, 7), (0, None), (True, None), ("7", None), (-1, None)])
def test_the_limit_of_the_landing_page(server: FaultyServer, given: Any, limit: int | None) -> None:
    found = ask(server, [*ETAGS, *SETS, LOCKED], {"x-citytwin-transactions": {"maxActions": given}})
    assert found.tier == "W2" and found.max_actions == limit


def test_the_limit_of_the_api_description(server: FaultyServer) -> None:
    schema = {"properties": {"transaction": {"type": "array", "maxItems": 33}}}
    post = {"requestBody": {"content": {"application/ogc-tx+json": {"schema": schema}}}}
    assert ask(server, [*ETAGS, *SETS, LOCKED], api={"paths": {"/transactions": {"post": post}}}).max_actions == 33
    for odd in ({"paths": []}, {"paths": {"/transactions": {"post": {"requestBody": {"content": [1]}}}}}, None):
        assert ask(server, [*ETAGS, *SETS, LOCKED], api=odd or {}).max_actions is None


def test_references() -> None:
    schema = parse(
        {
            "type": "object",
            "properties": {
                "street": {"type": "string", "x-ogc-role": "reference", "x-ogc-collectionId": "streets"},
                "other": {"type": "string", "x-ogc-role": "reference", "x-ogc-uriTemplate": "https://x/{resourceId}"},
                "name": {"type": "string", "x-ogc-collectionId": "streets"},
            },
        }
    )
    assert [(p.name, p.refers_to) for p in schema.properties] == [("street", "streets"), ("other", ""), ("name", "")]
