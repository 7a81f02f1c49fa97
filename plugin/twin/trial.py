"""Trying a twin's lock before anybody relies on it: a promise that does not hold belongs into the report."""

from __future__ import annotations

from dataclasses import replace

from ..text import tr
from .client import Twin, item_url
from .errors import TwinError
from .items import parse_item, usable_token, written_by_server
from .model import Capabilities, Collection
from .session import GEOJSON

_COLLECTIONS = 3  # that are looked into for an item


def try_lock(twin: Twin) -> Capabilities:
    """The twin's capabilities; a lock that an item shows to be none is among the problems.

    Costs one or two small requests where the twin promises locks. Raises what `Twin.capabilities` and
    `Twin.collections` raise.
    """
    capabilities = twin.capabilities()
    if capabilities.locking == "none" or not capabilities.writable:
        return capabilities
    for collection in [one for one in twin.collections() if one.is_features][:_COLLECTIONS]:
        try:
            holds = _holds(twin, capabilities, collection)
        except TwinError:
            continue  # that it cannot be read shows elsewhere
        if holds is not None:
            return capabilities if holds else replace(capabilities, problems=(*capabilities.problems, _no_lock()))
    return capabilities


def _holds(twin: Twin, capabilities: Capabilities, collection: Collection) -> bool | None:
    """Whether an item of ``collection`` comes with a lock that can be sent back; None where it has no item."""
    page, _ = twin.session.get_json(collection.items_url, params={"limit": "1"}, accept=GEOJSON)
    features = page.get("features")
    first = features[0] if isinstance(features, list) and features else None
    if not isinstance(first, dict):
        return None
    item = parse_item(first, item_etags=capabilities.item_etags)
    if item.id is None:
        return None
    reply = twin.session.request("GET", item_url(collection, item.id), accept=GEOJSON)
    if capabilities.locking == "timestamps":
        return bool(reply.headers.get("Last-Modified"))
    header = reply.headers.get("ETag")
    if usable_token(header) is not None:
        return True
    return item.token is not None and header is not None and written_by_server(header) == item.token


def _no_lock() -> str:
    return tr(
        "It promises version locks, but they do not hold: they are missing, weak, or changed on the way by a proxy. "
        "Instead, each feature is compared with the twin just before it is written, so only an edit made in that very "
        "moment could be overwritten."
    )
