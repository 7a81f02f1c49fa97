"""From an address below ``/sta/v1.1`` to an entity, a set or a property, and what a method does there (18-088, 9)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from ..settings import Settings
from ..web import JSON, Problem, Request, Response
from . import sql, write
from .model import KINDS, Kind, Link, Prop
from .options import read_options
from .read import Reader, property_text
from .service import SETTINGS, Sensors
from .sql import Condition

PREFIX = ("sta", "v1.1")
_SEGMENT = re.compile(r"(\w+)(?:\('?(-?\d{1,18})'?\))?$", re.ASCII)


@dataclass
class _Place:
    """Where an address leads: a set (``entity`` is None), an entity, or one of its properties."""

    kind: Kind
    condition: Condition
    entity: int | None = None
    parent: tuple[Kind, Link, int] | None = None  # whose many this set is
    prop: Prop | None = None
    raw: bool = False  # $value
    refs: bool = False  # $ref


def answer(sensors: Sensors, settings: Settings, request: Request) -> Response:
    """Raises Problem; the user has been checked."""
    method, path = request.method, request.path[len(PREFIX) :]
    root = request.url(*PREFIX)
    methods = _methods(path, settings)
    allow = ", ".join(methods)
    if method == "OPTIONS":
        return Response(204, headers=(("Allow", allow),))
    if method not in methods:
        raise Problem(405, f"{method} is not possible here; {allow} are.", headers=[("Allow", allow)])
    if method in ("GET", "HEAD"):
        return _get(sensors, request, path, root)
    body = _body(request)
    if path == ("CreateObservations",):
        with sensors.store.writing() as writer:
            made = list(write.create_observations(writer, body))
        told = [f"{root}/Observations({one})" if isinstance(one, int) else one for one in made]
        return Response.json(told, status=201)
    with sensors.store.writing() as writer:
        place = _find(Reader(writer.db, root), path)
        if method == "POST":
            if place.parent is not None:
                kind, link, parent = place.parent
                entity = write.attach(writer, kind, link, parent, body)
            else:
                entity = write.create(writer, place.kind, body)
            return Response(201, headers=(("Location", f"{root}/{place.kind.name}({entity})"),))
        if place.entity is None or place.prop is not None:
            raise Problem(405, f"{method} is for single entities.", headers=[("Allow", "GET, HEAD, OPTIONS")])
        if method == "DELETE":
            write.delete(writer, place.kind, place.entity)
        else:
            write.update(writer, place.kind, place.entity, body)
    return Response(200)


def _methods(path: tuple[str, ...], settings: Settings) -> list[str]:
    if path == ("CreateObservations",):
        return ["POST", "OPTIONS"] if settings.takes("POST") else ["OPTIONS"]
    found = ["GET", "HEAD", "OPTIONS"]
    if path and not path[-1].startswith("$"):
        singular = any(path[-1] == link.name for kind in KINDS.values() for link in kind.to_one)
        wanted = ("PATCH", "DELETE") if "(" in path[-1] or singular else ("POST",)
        found += [method for method in wanted if settings.takes(method)]
    return found


def _get(sensors: Sensors, request: Request, path: tuple[str, ...], root: str) -> Response:
    if not path:
        return Response.json(_landing(sensors, root))
    etag = sensors.store.etag  # before reading: at worst an answer is newer than its tag says
    known = request.header("if-none-match")
    if known and etag in (part.strip() for part in known.split(",")):
        return Response(200, b"", JSON, etag=etag)  # becomes 304; nothing has to be read
    with sensors.store.reading() as db:
        reader = Reader(db, root)
        place = _find(reader, path)
        if place.prop is not None and place.entity is not None:
            row = reader.row(place.kind, place.entity)
            text = property_text(place.kind, place.prop, row) if row else None
            if text is None:
                return Response(204, etag=etag)
            if not place.raw:
                return _json(f'{{"{place.prop.name}":{text}}}', etag)
            value = json.loads(text)
            plain = value if isinstance(value, str) else text
            return Response(200, plain.encode("utf-8"), "text/plain; charset=utf-8", etag=etag)
        options = read_options(place.kind, request.query)
        if place.refs:
            options.select, options.expand = frozenset(["@iot.selfLink"]), {}
        if place.entity is not None:
            found = reader.one(place.kind, place.entity, options)
            return _json(found or "{}", etag)
        url = "/".join([root, *path])
        return _json(reader.page(place.kind, place.condition, options, url), etag)


def _json(text: str, etag: str) -> Response:
    return Response(200, text.encode("utf-8"), JSON, etag=etag)


def _find(reader: Reader, path: tuple[str, ...]) -> _Place:
    name, entity = _segment(path[0])
    if name not in KINDS:
        raise Problem(404, f"There is no {path[0]} here. There are {', '.join(KINDS)}.")
    place = _entered(reader, _Place(KINDS[name], Condition()), entity)
    for segment in path[1:]:
        if place.raw or place.refs:
            raise Problem(404, f"Nothing comes after {path[-2]}.")
        if segment == "$ref" and place.prop is None:
            place.refs = True
        elif segment == "$value" and place.prop is not None:
            place.raw = True
        else:
            place = _step(reader, place, segment)
    return place


def _step(reader: Reader, place: _Place, segment: str) -> _Place:
    name, entity = _segment(segment)
    if place.entity is None or place.prop is not None:
        raise Problem(404, f"{segment} cannot follow a set or a property.")
    link, prop = place.kind.link(name), place.kind.prop(name)
    if prop is not None and entity is None:
        return _Place(place.kind, place.condition, place.entity, prop=prop)
    if link is None:
        raise Problem(404, f"{place.kind.name} have no {segment}.")
    if link.many:
        found = _Place(KINDS[link.target], sql.related(link, place.entity), parent=(place.kind, link, place.entity))
        return _entered(reader, found, entity)
    row = reader.row(place.kind, place.entity)
    other = row[place.kind.places[link.name]] if row else None
    if other is None or entity is not None:
        raise Problem(404, f"There is no {segment} at this {place.kind.single}.")
    return _entered(reader, _Place(KINDS[link.target], Condition()), int(other))


def _entered(reader: Reader, place: _Place, entity: int | None) -> _Place:
    """The entity with this id of the set, if one is asked for."""
    if entity is None:
        return place
    if not reader.holds(place.kind, place.condition, entity):
        raise Problem(404, f"There is no {place.kind.single} with the id {entity} here.")
    return _Place(place.kind, Condition(), entity)


def _segment(text: str) -> tuple[str, int | None]:
    found = _SEGMENT.match(text)
    if found is None:
        raise Problem(404, f"There is nothing at {text!r}; ids are whole numbers here.")
    return found[1], int(found[2]) if found[2] else None


def _body(request: Request) -> Any:
    if request.method == "DELETE":
        return None
    content = request.body((JSON, "application/merge-patch+json") if request.method == "PATCH" else (JSON,))
    try:
        return json.loads(content.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Problem(400, f"The body is not JSON: {error}.") from error


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _landing(sensors: Sensors, root: str) -> dict[str, Any]:
    told: dict[str, Any] = {"conformance": list(SETTINGS)}
    endpoints = list(sensors.endpoints())
    if endpoints:
        name = "http://www.opengis.net/spec/iot_sensing/1.1/req/receive-updates-via-mqtt/receive-updates"
        told["conformance"].append(name)
        told[name] = {"endpoints": endpoints}
    return {
        "value": [{"name": name, "url": f"{root}/{name}"} for name in KINDS],
        "serverSettings": told,
    }
