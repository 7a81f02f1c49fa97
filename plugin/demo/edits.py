"""What an edit does to an item, inside a write transaction: checked against the schema and guarded by its lock."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass, replace
from typing import Any

from . import crs
from .geometry import box_of
from .locks import Locks
from .model import Author, Collection, Feature, Item, ItemId, compact
from .schema import Errors, check_geometry, check_properties, compute
from .store import Writing
from .web import Problem


@dataclass(frozen=True)
class Made:
    """What an edit left. ``etag`` is the edit's own; the item's is another one where a repeated create found it changed
    since."""

    item: Item
    etag: str
    status: int = 200


class Editor:
    """Edits of one collection. ``client_ids``: a UUID of the client's choice makes a create safe to repeat."""

    keeps_shapes = True  # of an update without a geometry only what it names is looked at

    def __init__(
        self, writing: Writing, collection: Collection, author: Author, locks: Locks, *, client_ids: bool = True
    ) -> None:
        self.writing, self.collection, self.author, self.locks = writing, collection, author, locks
        self.client_ids = client_ids

    def create(self, body: dict[str, Any], uri: str) -> Made:
        """A new item. A UUID in the body's ``id`` becomes its id: the same body gets the same answer again, another one
        409. Any other id is the client's own affair, and the server chooses. Coordinates are in CRS ``uri``."""
        chosen = _chosen_id(body) if self.client_ids else ""
        feature = self.feature(chosen or self.fresh_id(), body, uri)
        digest = ""
        if chosen:
            digest = hashlib.sha256(json.dumps([uri, body], sort_keys=True).encode("utf-8")).hexdigest()
            earlier = self._earlier(chosen, digest)
            if earlier is not None:
                return earlier
        etag = self.writing.create(feature, self.author, digest)
        return Made(self._now(str(feature.id)), etag, 201)

    def replace(self, item_id: str, body: dict[str, Any], uri: str, lock: str | None) -> Made:
        """The whole item anew."""
        if body.get("id") is not None and str(body["id"]) != item_id:
            raise Problem(400, f"The body's id is {body['id']}, the item's is {item_id}.")
        return self._put(self.locked(item_id, lock), body, uri)

    def update(self, item_id: str, patch: dict[str, Any], uri: str, lock: str | None) -> Made:
        """A JSON merge patch (RFC 7396); a geometry is replaced whole."""
        changes = patch.get("properties")
        if changes is None:
            changes = {}
        if not isinstance(changes, dict):
            raise Problem(400, "The member properties must be an object.")
        item = self.locked(item_id, lock)
        if self.keeps_shapes and "geometry" not in patch and not self.collection.schema.computes:
            return self._set_properties(item, changes)
        properties = {**json.loads(item.properties), **changes}
        body: dict[str, Any] = {"type": "Feature", "properties": properties}
        if "geometry" in patch:
            body["geometry"] = patch["geometry"]
        else:
            body["geometry"] = json.loads(item.geometry) if item.geometry else None
            uri = self.collection.storage_crs
        for name, value in changes.items():
            # null unsets a property; one that is unknown stays, to be named as an error
            if value is None and self.collection.schema.get(name) is not None:
                del properties[name]
        return self._put(item, body, uri)

    def delete(self, item_id: str, lock: str | None) -> None:
        """A deleted item may be referred to by none: what refers to it has to go first."""
        item = self.locked(item_id, lock)
        referrer = self.writing.referrer(self.collection.id, str(item.id))
        if referrer is not None:
            raise Problem(422, f"Item {item.id} cannot be deleted, because {referrer} refers to it.")
        self.writing.delete(str(item.id), self.author)

    # -- steps -------------------------------------------------------------------------------------------------------

    def locked(self, item_id: str, lock: str | None) -> Item:
        """The item, if the client's lock on it still holds."""
        item = self.writing.item(item_id)
        if item is None:
            raise Problem(404, f"Collection {self.collection.id} has no item {item_id}.")
        self.locks.check(item, lock)
        return item

    def fresh_id(self) -> ItemId:
        return str(uuid.uuid4())

    def feature(self, item_id: ItemId, body: dict[str, Any], uri: str) -> Feature:
        """The body as a feature in storage CRS, or 400 with everything that is wrong with it."""
        collection = self.collection
        errors = Errors()
        if body.get("type") != "Feature":
            errors.say("type", "must be Feature")
        given = body.get("properties")
        if given is not None and not isinstance(given, dict):
            errors.say("properties", "must be an object")
            given = None
        properties = check_properties(collection.schema, given or {}, errors)
        geometry = check_geometry(collection.schema, body.get("geometry"), uri, errors)
        if errors:
            raise _unfit(errors)
        self._check_references(properties)
        if geometry is not None:
            crs.reproject([geometry], uri, collection.storage_crs)
        box = box_of(geometry)
        if box is not None and not all(abs(number) < 1e300 for number in box):
            raise Problem(400, f"geometry: its coordinates have no place in {collection.storage_crs}.")
        text = _text(compute(collection.schema, properties, geometry))
        return Feature(item_id, compact(geometry) if geometry else None, box, text)

    def _set_properties(self, item: Item, changes: dict[str, Any]) -> Made:
        """An update that leaves the geometry alone, and of the properties all that it does not name."""
        schema = self.collection.schema
        values = json.loads(item.properties)
        errors = Errors()
        changed = check_properties(schema, changes, errors, {**values, **changes})
        if errors:
            raise _unfit(errors)
        self._check_references(changed)
        values.update(changed)
        unset = {name for name, value in changed.items() if value is None}
        kept = {
            prop.name: values[prop.name] for prop in schema.properties if prop.name in values and prop.name not in unset
        }
        author = replace(self.author, at=self.locks.moment(item, self.author.at))
        made = self.writing.set_properties(item, _text(kept), author)
        return Made(made, made.etag)

    def _check_references(self, properties: dict[str, Any]) -> None:
        errors = Errors()
        for prop in self.collection.schema.properties:
            value = properties.get(prop.name)
            if prop.refers_to and value is not None and not self.writing.has(prop.refers_to, str(value)):
                errors.say(prop.name, f"collection {prop.refers_to} has no item {value}")
        if errors:
            raise Problem(422, f"The feature refers to what is not there. {errors.sentence()}", errors=errors)

    def _put(self, item: Item, body: dict[str, Any], uri: str) -> Made:
        author = replace(self.author, at=self.locks.moment(item, self.author.at))
        etag = self.writing.replace(self.feature(item.id, body, uri), author)
        return Made(self._now(str(item.id)), etag)

    def _earlier(self, chosen: str, digest: str) -> Made | None:
        """What an earlier create with the same id and body made; 409 where the id is taken otherwise."""
        again, present = self.writing.created(chosen), self.writing.item(chosen)
        if again is not None and again[0] == digest and present is not None:
            return Made(present, again[1], 201)  # the first answer's ETag: no lock on what came after
        if again is not None or present is not None:
            gone = "" if present else " and has been deleted"
            if again is not None and again[0] != digest:
                raise Problem(409, f"An item {chosen} was created from another body{gone}.")
            raise Problem(409, f"The id {chosen} has been used{gone}.")
        return None

    def _now(self, item_id: str) -> Item:
        item = self.writing.item(item_id)
        if item is None:
            raise Problem(500, f"Item {item_id} is not there after it was written.")
        return item


def _unfit(errors: Errors) -> Problem:
    return Problem(400, f"The feature does not fit the schema. {errors.sentence()}", errors=errors)


def _text(values: dict[str, Any]) -> str:
    """Properties as they are stored."""
    try:
        text = compact(values)
        text.encode("utf-8")
    except (ValueError, RecursionError) as error:  # infinity in an object, half a character, a thousand levels
        raise Problem(400, f"The properties cannot be stored: {error}.") from error
    return text


def _chosen_id(body: dict[str, Any]) -> str:
    given = body.get("id")
    if not isinstance(given, str):
        return ""
    try:
        return str(uuid.UUID(given)) if len(given) == 36 else ""
    except ValueError:
        return ""
