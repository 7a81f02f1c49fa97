"""Writing a whole change set: it lands, or none of it does (tier W2).

Source: OGC API – Features Part 11 (proposal 26-018, ``POST /transactions``, JSON encoding), with the profile's own
extension ``transaction-if-match``: a lock (``ifMatch``) and a CRS (``contentCrs``) per action, and what became of each
action in the answer (``actionResults``, ``failures``).
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from ..text import tr, trn
from .client import item_url
from .errors import BadResponse, NotFound, SetRefused, SetTooLarge, TwinError, Unsupported
from .items import item_id, parse_item, usable_token
from .model import Capabilities, Item
from .pagetext import with_geometry_texts
from .progress import Progress
from .replies import Reply, decode_json, error_of, looks_like_html, looks_like_xml, scrub, server_words
from .session import Session
from .writes import UNSET, Unset, Writer, Written, encoded, is_feature, message_header

_KIND = "application/ogc-tx+json"
_PATIENCE = 120.0  # seconds: a cut connection would leave a whole set unclear
_REFUSALS = (400, 404, 409, 410, 412, 422, 428)

# what a collection has to take for an action on it: any of these
_METHODS = {"insert": ("POST",), "update": ("PATCH", "PUT"), "replace": ("PUT",), "delete": ("DELETE",)}
ActionKind = Literal["insert", "update", "replace", "delete"]


@dataclass(frozen=True)
class Action:
    """One change of a set.

    ``writer`` is of the collection that it goes to. ``identity`` is the item's id; of an insert the client's own UUID,
    or None. ``properties`` are those that changed for an update (None unsets), all for an insert or a replace, none for
    a delete. ``geometry`` has east/north coordinates in the CRS of the writer's choice; `UNSET` leaves an update's
    alone. ``token`` is the lock; every action but an insert needs one at a twin of tier W2.
    """

    writer: Writer
    kind: ActionKind
    identity: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    geometry: Mapping[str, Any] | Unset | None = UNSET
    token: str | None = None
    raw_id: Any = None  # the id as it came, for servers that want it so


def send_set(
    session: Session,
    capabilities: Capabilities,
    actions: Sequence[Action],
    *,
    message: str = "",
    progress: Progress | None = None,
) -> list[Written]:
    """Send ``actions`` as one set and return what the twin made of each, in their order: all of them, or none.

    Raises `SetRefused` (nothing was applied; which actions were at fault), `SetTooLarge` (likewise; where the limit is
    known, before anything is sent), `AccessDenied`, `TooBusy`, `Rejected`; and where the outcome is unclear
    `Unreachable` with ``sent``, `ServerFailed` or `BadResponse`: then each item has to be asked for. A set is never
    sent twice by itself.
    """
    if capabilities.transactions is None:
        raise Unsupported(tr("The twin takes no sets of changes, only one change after the other."))
    if not actions:
        return []
    limit = capabilities.max_actions
    if limit is not None and len(actions) > limit:
        raise _too_large(len(actions), limit)
    headers = {"Content-Type": _KIND, "Prefer": "return=representation"}
    crs = {action.writer.choice.uri for action in actions}
    together = crs.pop() if len(crs) == 1 else None
    if together is not None:
        headers["Content-Crs"] = f"<{together}>"
    if message.strip():
        headers["Citytwin-Message"] = message_header(message)
    body = b'{"semantic":"atomic","transaction":[' + b",".join(_bodies(actions, together)) + b"]}"
    try:
        reply = session.request(
            "POST",
            capabilities.transactions,
            headers=headers,
            body=body,
            write=True,
            progress=progress,
            timeout=max(_PATIENCE, session.timeout),
        )
    except TwinError as error:
        raise _refused(error, actions) from error
    if reply.status == 202:
        return [Written(action.identity, queued=True, status=202) for action in actions]
    return _results(reply, actions)


# -- what is sent ----------------------------------------------------------------------------------------------------


def _bodies(actions: Sequence[Action], together: str | None) -> list[bytes]:
    """The actions as JSON. Raises `SetRefused` with those that cannot be sent at all."""
    bodies: list[bytes] = []
    failures: dict[int, TwinError] = {}
    for n, action in enumerate(actions):
        try:
            action.writer.must(*_METHODS[action.kind])
            bodies.append(encoded(_encode(n, action, together)))
        except Unsupported as error:
            failures[n] = error
    if failures:
        raise _named(failures, "not sent", 0)
    return bodies


def _encode(n: int, action: Action, together: str | None) -> dict[str, Any]:
    # The order of members matters to servers that read as a stream: what and where come before the features.
    found: dict[str, Any] = {"action": action.kind, "collection": action.writer.collection.id, "id": str(n)}
    if together is None and action.writer.choice.uri is not None:
        found["contentCrs"] = action.writer.choice.uri
    geometry = None if isinstance(action.geometry, Unset) else action.geometry
    if action.kind == "insert":
        found["items"] = [action.writer.feature(action.properties, geometry, action.identity)]
        return found
    if action.identity is None:
        raise Unsupported(tr("A change without the id of its feature cannot be sent."))
    raw = action.identity if action.raw_id is None else action.raw_id
    found["filter-lang"] = "cql2-json"
    found["filter"] = {"op": "=", "args": [{"property": "id"}, raw]}
    if action.token is not None:
        found["ifMatch"] = action.token
    if action.kind == "replace":
        found["properties"] = {"feature": {**action.writer.feature(action.properties, geometry), "id": raw}}
    elif action.kind == "update":
        found["properties"] = _changes(action)
    return found


def _changes(action: Action) -> dict[str, Any]:
    """``modify`` and ``delete`` of an update; the geometry goes by the name of its GeoJSON member."""
    modify = [{"name": name, "value": value} for name, value in action.properties.items() if value is not None]
    if not isinstance(action.geometry, Unset):
        modify.append({"name": "geometry", "value": action.writer.outgoing(action.geometry)})
    unset = [name for name, value in action.properties.items() if value is None]
    found: dict[str, Any] = {}
    if modify or not unset:
        found["modify"] = modify
    if unset:
        found["delete"] = unset
    return found


# -- what came of it -------------------------------------------------------------------------------------------------


def _results(reply: Reply, actions: Sequence[Action]) -> list[Written]:
    document, told = _report(reply)
    if not isinstance(document.get("summary"), dict):
        raise _unreadable(reply, "no report of a transaction")
    if document.get("exceptions"):
        raise _unreadable(reply, f"exceptions in an atomic transaction: {server_words(reply)}")
    if told and len(told) == len(actions) and all(isinstance(one, dict) for one in told):
        return [_written(one, action) for one, action in zip(told, actions)]
    return _without_results(document, reply, actions)


def _report(reply: Reply) -> tuple[dict[str, Any], list[Any]]:
    """The report's members, and its ``actionResults``. Those are read one by one: a thousand with their geometries in
    one call would keep the interpreter from all other threads for 70 ms."""
    members: dict[str, Any] = {}
    told: list[Any] = []
    if not (looks_like_html(reply) or looks_like_xml(reply)):
        with contextlib.suppress(ValueError):
            told.extend(with_geometry_texts(reply.text, members, "actionResults", "item"))
            return members, told
    document = decode_json(reply)  # says what is wrong with it
    raise _unreadable(reply, f"a {type(document).__name__}")


def _written(told: Mapping[str, Any], action: Action) -> Written:
    """One entry of ``actionResults``: the item as it was after that very action, and its lock."""
    status = told.get("status")
    status = status if isinstance(status, int) else 200
    identity = item_id(told.get("itemId")) or action.identity
    if action.kind == "delete":
        return Written(identity, status=status)
    token = usable_token(told.get("etag"))
    shown = told.get("item")
    item: Item | None = None
    if isinstance(shown, dict) and is_feature(shown):
        item = parse_item(shown, item_etags=True)
        if item.token not in (token, None):
            item = None  # a repeated create shows the item as somebody changed it since
    if item is None:
        return _read_back(identity, token, action, status)
    return Written(identity, token, item._replace(token=token), status=status, proven=token is not None)


def _without_results(document: Mapping[str, Any], reply: Reply, actions: Sequence[Action]) -> list[Written]:
    """A twin that lists no more than the addresses of what it wrote: the items are read one by one."""
    created = document.get("insertResults")
    addresses = [one for one in created if isinstance(one, str)] if isinstance(created, list) else []
    inserts = sum(action.kind == "insert" for action in actions)
    if len(addresses) != inserts:
        raise _unreadable(reply, f"{len(addresses)} insertResults for {inserts} inserts")
    ids = iter(item_id(unquote(urlsplit(address).path.rstrip("/").rpartition("/")[2])) for address in addresses)
    return [
        Written(action.identity)
        if action.kind == "delete"
        else _read_back(next(ids) if action.kind == "insert" else action.identity, None, action, reply.status)
        for action in actions
    ]


def _read_back(identity: str | None, token: str | None, action: Action, status: int) -> Written:
    """Written, with the item as it is now; the set has landed, whatever happens here."""
    if identity is None:
        return Written(None, token, status=status, proven=False)
    try:
        item, current = action.writer.get(identity)
    except NotFound:
        return Written(identity, token, overtaken=True, status=status)
    except TwinError:
        return Written(identity, token, status=status, proven=False)
    if token is not None and current is not None and current != token:
        return Written(identity, token, overtaken=True, status=status)
    return Written(identity, current, item, status=status, proven=token is not None and token == current)


def _unreadable(reply: Reply, detail: str) -> BadResponse:
    return BadResponse(
        tr(
            "The twin's answer to the set of changes cannot be understood, so what became of it is not known yet. Each "
            "feature is asked for."
        ),
        detail=f"{detail}; {scrub(reply.url)}",
        status=reply.status,
    )


# -- why it was refused ----------------------------------------------------------------------------------------------


def _refused(error: TwinError, actions: Sequence[Action]) -> TwinError:
    """What the refusal of a set means: which of its actions were at fault, where the twin tells."""
    problem = error.problem or {}
    if error.status == 413:
        limit = problem.get("maxActions")
        told = limit if isinstance(limit, int) and not isinstance(limit, bool) and limit > 0 else None
        return _too_large(len(actions), told, detail=error.detail)
    if error.status not in _REFUSALS:
        return error
    failures = _failures(problem, actions)
    if not failures and error.status in (404, 410):
        return error  # it is the address that is not there
    if failures:
        refused = _named(failures, error.detail, error.status)
    else:
        text = tr("The twin did not take the changes, and none of them was applied: {reason}", reason=error.message)
        refused = SetRefused(text, detail=error.detail, status=error.status)
    refused.problem = error.problem
    return refused


def _named(failures: Mapping[int, TwinError], detail: str, status: int) -> SetRefused:
    text = trn(
        "The changes go together or not at all. {n} of them is not possible, so none was applied. {first}",
        "The changes go together or not at all. {n} of them are not possible, so none was applied. {first}",
        len(failures),
        first=failures[min(failures)].message,
    )
    return SetRefused(text, detail=detail, status=status, failures=failures)


def _failures(problem: Mapping[str, Any], actions: Sequence[Action]) -> dict[int, TwinError]:
    told = problem.get("failures")
    entries = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else [problem]
    found: dict[int, TwinError] = {}
    for entry in entries:
        n = entry.get("index")
        if not isinstance(n, int) or isinstance(n, bool):
            n = _number(entry.get("actionId", entry.get("id")))  # the proposal lets an action have an id of its own
        if n is not None and 0 <= n < len(actions):
            found.setdefault(n, _failure(entry, actions[n]))
    return found


def _failure(entry: Mapping[str, Any], action: Action) -> TwinError:
    status = entry.get("status")
    if not isinstance(status, int) or not 400 <= status < 500 or status in (401, 403, 429):
        status = 422
    url = item_url(action.writer.collection, action.identity) if action.identity else action.writer.collection.items_url
    words = {"title": "", **entry}
    content = json.dumps(words, ensure_ascii=False).encode("utf-8", "replace")
    reply = Reply(status, {"Content-Type": "application/problem+json"}, content, url)
    error = error_of(reply, write=True, auth_name="", at_home=True, has_auth=True)
    error.problem = entry
    return error


def _number(value: Any) -> int | None:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10 else None


def _too_large(given: int, limit: int | None, *, detail: str = "") -> SetTooLarge:
    if limit is not None:
        text = tr("The twin takes at most {limit} changes at once, not {n}. Nothing was changed.", limit=limit, n=given)
    else:
        text = tr("The twin does not take {n} changes at once: they are too much for it. Nothing was changed.", n=given)
    return SetTooLarge(text, detail=detail, status=413, limit=limit)


__all__ = ["UNSET", "Action", "ActionKind", "SetRefused", "SetTooLarge", "send_set"]
