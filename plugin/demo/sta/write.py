"""Creating, changing and deleting entities, with what is inserted deep within them (18-088, 10)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from ..web import Problem
from . import sql, times
from .model import DATASTREAMS, KINDS, OBSERVATIONS, Kind, Link, Prop
from .spatial import geometry_of
from .store import Writer
from .values import document, moment, period, result, text

Body = Mapping[str, Any]
_MAX_DEPTH = 8


def create(writer: Writer, kind: Kind, body: Any, given: Mapping[str, int] | None = None, depth: int = 0) -> int:
    """Insert an entity and all that its body holds; its id. ``given``: the one end of links that its place tells.

    Raises Problem 400 for a body that is wrong, 404 for a reference to nothing.
    """
    whole, known = _object(kind, body), given or {}
    if depth > _MAX_DEPTH:
        raise Problem(400, f"Entities are nested deeper than {_MAX_DEPTH} levels.")
    _check_names(kind, whole)
    if kind is OBSERVATIONS:
        return _create_observation(writer, whole, known, depth)
    values = columns_of(kind, whole, partial=False)
    for link in kind.to_one:
        values[link.column] = _other(writer, kind, link, whole, known, depth)
    if kind is DATASTREAMS and values.get("observedArea") is None:
        values["observedArea"] = _area_of(writer, values["thing"])
    entity = writer.insert(kind.table, values)
    # locations first: what else is created within may need to know where it is
    for link in sorted((one for one in kind.links if one.many), key=lambda one: not one.via):
        if link.name in whole:
            _attach(writer, kind, link, entity, whole[link.name], depth)
    return entity


def update(writer: Writer, kind: Kind, entity: int, body: Any) -> None:
    """Change the properties, and links to one, that the body names."""
    whole = _object(kind, body)
    _check_names(kind, whole)
    if kind is OBSERVATIONS:
        values = _observation_columns(whole)
    else:
        values = columns_of(kind, whole, partial=True)
    for link in kind.to_one:
        if link.name in whole:
            values[link.column] = _reference(writer, KINDS[link.target], whole[link.name])
    for link in kind.links:
        if link.many and link.name in whole:
            raise Problem(400, f"{link.name} cannot be changed here; post to {kind.name}({entity})/{link.name}.")
    if values:
        writer.execute(*sql.update(kind, entity, values))
        writer.store.features.clear()


def attach(writer: Writer, kind: Kind, link: Link, entity: int, body: Any) -> int:
    """Create one of an entity's many; its id."""
    return _attach(writer, kind, link, entity, [body], 0)[0]


def delete(writer: Writer, kind: Kind, entity: int) -> None:
    """Delete an entity and what cannot be without it (18-088, table 25)."""
    for link in kind.links:
        if not link.many:
            continue
        if link.via:
            writer.execute(*sql.delete(link.via, link.own, entity))
        elif link.target == "Observations":
            writer.execute(*sql.delete(OBSERVATIONS.table, link.column, entity))
        else:
            target = KINDS[link.target]
            for row in writer.execute(*sql.ids_of(target, link.column, entity)).fetchall():
                delete(writer, target, row[0])
    if kind.name == "FeaturesOfInterest":
        writer.execute("UPDATE location SET feature = NULL WHERE feature = ?", (entity,))
    writer.execute(*sql.delete(kind.table, "id", entity))
    writer.store.features.clear()


def create_observations(writer: Writer, body: Any) -> Iterator[int | str]:
    """``CreateObservations`` with data arrays (18-088, 14): an id, or what was wrong, for each observation."""
    if not isinstance(body, list):
        raise Problem(400, "CreateObservations takes an array of data arrays.")
    for group in body:
        if not isinstance(group, dict) or not isinstance(group.get("dataArray"), list):
            raise Problem(400, "Each entry needs Datastream, components and dataArray.")
        names = group.get("components")
        if not isinstance(names, list) or "result" not in names or not all(isinstance(name, str) for name in names):
            raise Problem(400, "components must be an array of names, with result among them.")
        names = ["FeatureOfInterest" if name == "FeatureOfInterest/id" else name for name in names]
        _check_names(OBSERVATIONS, dict.fromkeys(names))
        datastream = _reference(writer, DATASTREAMS, group.get("Datastream"))
        rows: list[tuple[Any, ...]] = []
        errors: dict[int, str] = {}
        for i, values in enumerate(group["dataArray"]):
            try:
                if not isinstance(values, list) or len(values) != len(names):
                    raise Problem(400, f"a row of dataArray must have {len(names)} values")
                one = dict(zip(names, values))
                if "FeatureOfInterest" in one:
                    one["FeatureOfInterest"] = {"@iot.id": one["FeatureOfInterest"]}
                rows.append(_row(writer, one, datastream, 0))
            except Problem as problem:
                errors[i] = f"error: {problem.detail}"
        ids = iter(writer.observe(rows))
        for i in range(len(group["dataArray"])):
            yield errors[i] if i in errors else next(ids)


def columns_of(kind: Kind, body: Body, *, partial: bool) -> dict[str, Any]:
    """The columns of the properties in a body. ``partial``: those that are missing stay as they are."""
    found: dict[str, Any] = {}
    for prop in kind.props:
        if prop.computed or (partial and prop.name not in body):
            continue
        value = body.get(prop.name)
        if value is None:
            if prop.required:
                raise Problem(400, f"{kind.single}: {prop.name} is missing.")
            found[prop.name] = None
        else:
            found[prop.name] = _column(kind, prop, value)
    return found


def _column(kind: Kind, prop: Prop, value: Any) -> Any:
    if prop.type == "text":
        if not isinstance(value, str):
            raise Problem(400, f"{kind.single}: {prop.name} must be a text.")
        return text(value)
    if prop.type == "time":
        return moment(value, prop.name)
    if prop.type == "geometry":
        if not isinstance(value, dict):
            raise Problem(400, f"{kind.single}: {prop.name} must be an object, GeoJSON as a rule.")
        geometry = geometry_of(value)
        if geometry is not None and not _sound(geometry):
            raise Problem(400, f"{kind.single}: {prop.name} is no GeoJSON geometry.")
    elif prop.name != "metadata" and not isinstance(value, dict):
        raise Problem(400, f"{kind.single}: {prop.name} must be an object.")
    return document(value)


def _create_observation(writer: Writer, body: Body, given: Mapping[str, int], depth: int) -> int:
    datastream = given.get("Datastream")
    if datastream is None:
        datastream = _other(writer, OBSERVATIONS, OBSERVATIONS.to_one[0], body, given, depth)
    return writer.observe([_row(writer, body, datastream, depth, given.get("FeatureOfInterest"))])[0]


def _row(writer: Writer, body: Body, datastream: int, depth: int, feature: int | None = None) -> tuple[Any, ...]:
    """An observation without its id, as ``store.Row`` has it."""
    if "result" not in body:
        raise Problem(400, "Observation: result is missing.")
    try:
        generated = writer.feature_of(datastream)
    except KeyError as error:
        raise Problem(404, f"There is no Datastream with the id {datastream}.") from error
    if body.get("FeatureOfInterest") is not None:
        feature = _other(writer, OBSERVATIONS, OBSERVATIONS.to_one[1], body, {}, depth)
    if feature is None:
        feature = generated
    columns = _observation_columns(body)
    if "t0" not in columns:
        columns["t0"] = columns["t1"] = int(time.time() * 1000) * 1000
    get = columns.get
    return (
        datastream, feature, columns["t0"], columns["t1"], get("resultTime"), columns["result"], columns["result_type"],
        get("resultQuality"), get("validTime"), get("parameters"),
    )  # fmt: skip


def _observation_columns(body: Body) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if body.get("phenomenonTime") is not None:
        found["t0"], found["t1"] = period(body["phenomenonTime"], "phenomenonTime")
    if "result" in body:
        found["result"], found["result_type"] = result(body["result"])
    if "resultTime" in body:
        found["resultTime"] = None if body["resultTime"] is None else moment(body["resultTime"], "resultTime")
    if body.get("validTime") is not None:
        found["validTime"] = times.period_text(*period(body["validTime"], "validTime"))
    for name in ("resultQuality", "parameters"):
        if body.get(name) is not None:
            found[name] = document(body[name])
    return found


def _other(writer: Writer, kind: Kind, link: Link, body: Body, given: Mapping[str, int], depth: int) -> int:
    """The id of the one that a link leads to: told by its place, referred to, or created within."""
    if link.name in given:
        return given[link.name]
    value = body.get(link.name)
    if value is None:
        raise Problem(400, f"{kind.single}: {link.name} is missing.")
    if isinstance(value, dict) and "@iot.id" in value:
        return _reference(writer, KINDS[link.target], value)
    return create(writer, KINDS[link.target], value, {}, depth + 1)


def _reference(writer: Writer, kind: Kind, value: Any) -> int:
    found = value.get("@iot.id") if isinstance(value, dict) else None
    if isinstance(found, str) and found.isascii() and found.isdigit():
        found = int(found)
    if not isinstance(found, int) or isinstance(found, bool):
        raise Problem(400, f'{kind.single} must be referred to as {{"@iot.id": number}}.')
    if abs(found) >= 2**63 or writer.execute(sql.exists(kind), (found,)).fetchone() is None:
        raise Problem(404, f"There is no {kind.single} with the id {found}.")
    return found


def _attach(writer: Writer, kind: Kind, link: Link, entity: int, bodies: Any, depth: int) -> list[int]:
    if not isinstance(bodies, list):
        raise Problem(400, f"{kind.single}: {link.name} must be an array.")
    target = KINDS[link.target]
    if not link.via:
        back = next(one.name for one in target.to_one if one.column == link.column)
        return [create(writer, target, body, {back: entity}, depth + 1) for body in bodies]
    ids = []
    for body in bodies:
        refers = isinstance(body, dict) and "@iot.id" in body
        ids.append(_reference(writer, target, body) if refers else create(writer, target, body, {}, depth + 1))
    if kind.name == "Things" and link.name == "Locations":
        move(writer, entity, ids)
    elif link.via == "thing_location":
        for thing in ids:
            move(writer, thing, [entity])
    else:
        for other in dict.fromkeys(ids):
            writer.insert(link.via, {link.own: entity, link.other: other})
    return ids


def move(writer: Writer, thing: int, locations: list[int]) -> None:
    """A thing is where these locations are from now on; that it came there is kept as a HistoricalLocation."""
    writer.execute("DELETE FROM thing_location WHERE thing = ?", (thing,))
    now = int(time.time() * 1000) * 1000
    historical = writer.insert("historical", {"time": now, "thing": thing})
    for location in dict.fromkeys(locations):
        writer.insert("thing_location", {"thing": thing, "location": location})
        writer.insert("historical_place", {"historical": historical, "location": location})
    writer.store.features.clear()


def _area_of(writer: Writer, thing: int) -> str | None:
    """Where a thing is: as good a first word about the area that its datastream observes as there is."""
    row = writer.execute(
        "SELECT l.location FROM thing_location t JOIN location l ON l.id = t.location WHERE t.thing = ? LIMIT 1",
        (thing,),
    ).fetchone()
    geometry = geometry_of(json.loads(row[0])) if row else None
    return document(geometry) if geometry else None


def _object(kind: Kind, body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Problem(400, f"{kind.single}: a JSON object was expected.")
    return body


def _check_names(kind: Kind, body: Body) -> None:
    for name in body:
        if kind.prop(name) is None and kind.link(name) is None and "@iot." not in name:
            raise Problem(400, f"{kind.single} has no {name}.")


def _sound(geometry: dict[str, Any]) -> bool:
    from ..geometry import positions

    try:
        return all(
            len(position) >= 2 and all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in position)
            for position in positions(geometry)
        )
    except (TypeError, KeyError, AttributeError):
        return False
