"""Whole change sets: every action of a set is applied, or none is.

Source: OGC API – Features Part 11 (proposal 26-018), JSON encoding, atomic semantics. Items are named by their ids
(``{"ids": […]}`` as in the proposal's example, or CQL2 on ``id``). The profile adds to an action its lock (``ifMatch``)
and its CRS (``contentCrs``, else the header Content-Crs), to the answer what became of each action
(``actionResults``, with the item under ``Prefer: return=representation``), and to a refusal every action that is at
fault (``failures``), not only the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .cql import named_ids
from .edits import Editor, Made
from .items import known_crs, render
from .model import Collection, compact
from .settings import Settings
from .store import Store, Transaction
from .web import JSON, REASONS, TRANSACTION, Problem, Request, Response
from .writes import author_of, wants, write_crs

_KINDS = ("insert", "update", "replace", "delete")
_SUMMARY = {"insert": "totalInserted", "update": "totalUpdated", "replace": "totalReplaced", "delete": "totalDeleted"}


@dataclass(frozen=True)
class Action:
    """One action of a set as the client wrote it; ``index`` is its place."""

    index: int
    kind: str
    collection: Collection
    raw: dict[str, Any]
    uri: str  # CRS of its coordinates


@dataclass(frozen=True)
class Done:
    """What an action did to one item; ``made`` is None where it deleted it."""

    action: Action
    item_id: str
    made: Made | None


def execute(store: Store, settings: Settings, request: Request) -> Response:
    """``POST /transactions``"""
    request.check_query(())
    document = request.json((TRANSACTION, JSON))
    actions = _actions(store, settings, request, document)
    done: list[Done] = []
    failures: list[dict[str, Any]] = []
    named = _named(actions)
    with store.transaction() as transaction:
        editors: dict[str, Editor] = {}
        for action in actions:
            name = action.collection.id
            if name not in editors:
                editors[name] = editor = _editor(settings, transaction, action.collection, request)
                mine = (one.index for one in actions if one.collection.id == name)
                editor.writing.expect([item_id for index in mine for item_id in named.get(index, ())])
            try:
                done.extend(_perform(editors[name], action, named.get(action.index)))
            except Problem as problem:
                failures.append(_failure(action, problem))
        if failures:
            raise _refusal(failures, len(actions))  # the transaction ends here, and nothing has been done
    return _answer(settings, request, done)


def _editor(settings: Settings, transaction: Transaction, collection: Collection, request: Request) -> Editor:
    return settings.editor(transaction.collection(collection.id), collection, author_of(request))


# -- what is asked for -----------------------------------------------------------------------------------------------


def _actions(store: Store, settings: Settings, request: Request, document: dict[str, Any]) -> list[Action]:
    if document.get("semantic", "atomic") != "atomic":
        raise Problem(400, f"Only atomic sets are possible here, not {document['semantic']!r}.")
    raw = document.get("transaction")
    if not isinstance(raw, list):
        raise Problem(400, "The member transaction must be a list of actions.")
    count = sum(_size(one) for one in raw)
    if count > settings.max_actions:
        raise Problem(
            413,
            f"The set has {count} actions; at most {settings.max_actions} are taken at once.",
            more={"maxActions": settings.max_actions},
        )
    found, failures = [], []
    crs_of: dict[str, str] = {}
    for index, one in enumerate(raw):
        try:
            found.append(_action(store, request, index, one, crs_of))
        except Problem as problem:
            failures.append(_failure(index, problem, one if isinstance(one, dict) else {}))
    if failures:
        raise _refusal(failures, len(raw))
    return found


def _size(raw: Any) -> int:
    items = raw.get("items") if isinstance(raw, dict) else None
    return max(1, len(items)) if isinstance(items, list) else 1


def _action(store: Store, request: Request, index: int, raw: Any, crs_of: dict[str, str]) -> Action:
    """``crs_of``: of each collection that was met, what the request's header says of its coordinates."""
    if not isinstance(raw, dict):
        raise Problem(400, "An action must be an object.")
    kind, name = raw.get("action"), raw.get("collection")
    if kind not in _KINDS:
        raise Problem(400, f"The member action must be one of {', '.join(_KINDS)}, not {kind!r}.")
    collection = store.collection(name) if isinstance(name, str) else None
    if collection is None:
        raise Problem(404, f"There is no collection {name}.")
    given = raw.get("contentCrs")
    if given is None:
        if collection.id not in crs_of:
            crs_of[collection.id] = write_crs(request, collection)
        return Action(index, kind, collection, raw, crs_of[collection.id])
    if not isinstance(given, str):
        raise Problem(400, "The member contentCrs must be the URI of a CRS.")
    return Action(index, kind, collection, raw, known_crs(collection, given, "Member contentCrs"))


# -- what is done ----------------------------------------------------------------------------------------------------


def _named(actions: list[Action]) -> dict[int, list[str]]:
    """The ids that the actions name, by the actions' places; those that name none properly are told when their turn
    comes."""
    found: dict[int, list[str]] = {}
    for action in actions:
        if action.kind != "insert":
            try:
                found[action.index] = _ids(action)
            except Problem:
                continue
    return found


def _ids(action: Action) -> list[str]:
    return named_ids(action.raw.get("filter"), action.raw.get("filter-lang", "cql2-json"))


def _perform(editor: Editor, action: Action, named: list[str] | None) -> Iterator[Done]:
    if action.kind == "insert":
        items = action.raw.get("items")
        if not isinstance(items, list) or not items or not all(isinstance(one, dict) for one in items):
            raise Problem(400, "An insert needs a list of features: the member items.")
        for one in items:
            made = editor.create(one, action.uri)
            yield Done(action, str(made.item.id), made)
        return
    lock = action.raw.get("ifMatch")
    if lock is not None and not isinstance(lock, str):
        raise Problem(400, "The member ifMatch must be an ETag.")
    for item_id in _ids(action) if named is None else named:
        if action.kind == "delete":
            editor.delete(item_id, lock)
            yield Done(action, item_id, None)
        elif action.kind == "replace":
            yield Done(action, item_id, editor.replace(item_id, _feature(action.raw), action.uri, lock))
        else:
            yield Done(action, item_id, editor.update(item_id, _patch(action.raw), action.uri, lock))


def _feature(raw: dict[str, Any]) -> dict[str, Any]:
    held = raw.get("properties")
    feature = held.get("feature") if isinstance(held, dict) else None
    if not isinstance(feature, dict):
        raise Problem(400, "A replace needs a feature: the member properties.feature.")
    return feature


def _patch(raw: dict[str, Any]) -> dict[str, Any]:
    """``add``, ``modify`` and ``delete`` of an update as the merge patch that they are."""
    held = raw.get("properties")
    if not isinstance(held, dict) or not any(name in held for name in ("add", "modify", "delete")):
        raise Problem(400, "An update needs add, modify or delete in its member properties.")
    values: dict[str, Any] = {}
    for pair in [*_list(held, "add"), *_list(held, "modify")]:
        if not isinstance(pair, dict) or not isinstance(pair.get("name"), str) or "value" not in pair:
            raise Problem(400, "Entries of add and modify must have a name and a value.")
        values[pair["name"]] = pair["value"]
    for name in _list(held, "delete"):
        if not isinstance(name, str):
            raise Problem(400, "Entries of delete must be names.")
        values[name] = None
    patch: dict[str, Any] = {}
    if "geometry" in values:  # the GeoJSON member, mapped to the property of role primary-geometry
        patch["geometry"] = values.pop("geometry")
    patch["properties"] = values
    return patch


def _list(held: dict[str, Any], name: str) -> list[Any]:
    found = held.get(name, [])
    if not isinstance(found, list):
        raise Problem(400, f"The member {name} must be a list.")
    return found


# -- what is told ----------------------------------------------------------------------------------------------------


def _failure(action: Action | int, problem: Problem, raw: dict[str, Any] | None = None) -> dict[str, Any]:
    index = action if isinstance(action, int) else action.index
    told = (raw or {}) if isinstance(action, int) else action.raw
    found: dict[str, Any] = {"index": index}
    for key in ("id", "action", "collection"):
        if isinstance(told.get(key), str):
            found[key] = told[key]
    found.update(status=problem.status, title=REASONS.get(problem.status, "Error"), detail=problem.detail)
    if problem.errors:
        found["errors"] = [dict(error) for error in problem.errors]
    return found


def _refusal(failures: list[dict[str, Any]], count: int) -> Problem:
    statuses = {failure["status"] for failure in failures}
    status = statuses.pop() if len(statuses) == 1 else 422
    first = failures[0]
    return Problem(
        422 if status == 404 else status,  # the address of the request is right, what the set names is not there
        f"None of the {count} actions was applied, because {len(failures)} failed. The first, number {first['index']}: "
        f"{first['detail']}",
        more={"failures": failures},
    )


def _answer(settings: Settings, request: Request, done: list[Done]) -> Response:
    if wants(request, "return=none"):
        return Response(204, headers=(("Preference-Applied", "return=none"),))
    summary = {
        total: sum(one.action.kind == kind for one in done)
        for kind, total in _SUMMARY.items()
        if any(one.action.kind == kind for one in done)
    }
    document: dict[str, Any] = {"semantic": "atomic", "summary": summary}
    if wants(request, "return=minimal"):
        return Response.json(document, headers=(("Preference-Applied", "return=minimal"),))
    at: dict[str, str] = {}
    for one in done:
        if one.action.collection.id not in at:
            at[one.action.collection.id] = request.url("collections", one.action.collection.id, "items")
    urls = [f"{at[one.action.collection.id]}/{quote(one.item_id, safe='')}" for one in done]
    for kind in _KINDS:
        mine = [url for one, url in zip(done, urls) if one.action.kind == kind]
        if mine:
            document[f"{kind}Results"] = mine
    shown = _shown(settings, done) if wants(request, "return=representation") else {}
    results = [_result(settings, one, urls[n], shown.get(n)) for n, one in enumerate(done)]
    body = f'{compact(document)[:-1]},"actionResults":[{",".join(results)}]}}'.encode()
    applied = (("Preference-Applied", "return=representation"),) if shown else ()
    return Response(body=body, content_type=JSON, headers=applied)


def _result(settings: Settings, one: Done, url: str, item: str | None) -> str:
    """What became of an action, as text; ``item`` is too."""
    action = one.action
    found: dict[str, Any] = {"index": action.index}
    if isinstance(action.raw.get("id"), str):
        found["id"] = action.raw["id"]
    found.update(action=action.kind, collection=action.collection.id)
    if one.made is None:
        found.update(itemId=one.item_id, status=204)
        return compact(found)
    found.update(itemId=one.made.item.id, status=one.made.status, location=url)
    found["etag"] = settings.locks.etag(one.made.etag)
    text = compact(found)
    return text if item is None else f'{text[:-1]},"item":{item}}}'


def _shown(settings: Settings, done: list[Done]) -> dict[int, str]:
    """The items as each action left them, in the CRS that it was sent in, by their place; one CRS after the other."""
    groups: dict[tuple[str, str], list[int]] = {}
    for n, one in enumerate(done):
        if one.made is not None and one.made.item.etag == one.made.etag:
            groups.setdefault((one.action.collection.storage_crs, one.action.uri), []).append(n)
    found: dict[int, str] = {}
    for (storage, uri), places in groups.items():
        items = [one.made.item for one in (done[n] for n in places) if one.made is not None]
        found.update(zip(places, render(settings, items, storage, uri)))
    return found
