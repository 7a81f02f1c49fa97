"""A SensorThings service in a thread of the test that can do as much, or as little, as the test says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from plugin.twin.session import Session
from plugin.twin.sta.times import instant, written
from tests.unit.twin.faults_server import Answer, FaultyServer, Seen, Watch, as_html, as_json

T0 = 1787320800.0  # 2026-08-21T14:00:00Z
_ENTITY = re.compile(r"/(\w+)\(([^)]*)\)(?:/(\w+))?\Z")


class _Everywhere(dict):
    """Routes that lead to one function."""

    def __init__(self, route: Callable[[Seen], Answer]) -> None:
        super().__init__()
        self._route = route

    def get(self, _key: object, _default: object = None) -> Callable[[Seen], Answer]:
        return self._route


@dataclass
class Stub:
    """``refuses`` names what is answered with ``status``: top, orderby, nested, slash, expand, select, filter, geo,
    of-property, things; ``ignores`` what is silently not done: expand, filter, orderby, geo."""

    server: FaultyServer
    streams: int = 5
    version: str = "1.1"
    text_ids: bool = False
    page: int = 100
    most: int = 1_000  # $top above it is clamped, or refused
    refuses: set[str] = field(default_factory=set)
    ignores: set[str] = field(default_factory=set)
    status: int = 400
    etags: bool = False
    next_host: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    history: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    change: Callable[[dict[str, Any]], Any] = lambda entity: entity
    lies: bool = False  # what is expanded to one is that of the first, as django-ogc-sensorthings 1.2 has it
    stale: bool = False  # what is newest by result time is not newest
    slash: bool = False  # the landing page has a slash at its end
    broken: set[int] = field(default_factory=set)  # datastreams whose observations answer 500
    names: tuple[str, str] = ("NO2", "Traffic flow")  # of the observed properties

    @property
    def url(self) -> str:
        return f"{self.server.url}/v{self.version}"

    @property
    def asked(self) -> list[str]:
        return [f"{s.path}?{urlencode(s.query)}" for s in self.server.seen]

    def id(self, n: int) -> Any:
        return f"s'{n}" if self.text_ids else n

    def key(self, n: int) -> str:
        return f"'s''{n}'" if self.text_ids else str(n)

    def observation(self, n: int, time: float, result: Any, number: int = 0) -> dict[str, Any]:
        return {
            "@iot.id": n * 1_000_000 + number,
            "phenomenonTime": written(time),
            "result": result,
            "resultTime": None,
            "Datastream@iot.navigationLink": f"{self.url}/Observations({n * 1_000_000 + number})/Datastream",
        }

    def of(self, n: int) -> list[dict[str, Any]]:
        return self.history.setdefault(n, [self.observation(n, T0 + n, n / 2)])

    def answer(self, seen: Seen) -> Answer:
        prefix = f"/v{self.version}"
        path = seen.path[len(prefix) :] if seen.path.startswith(prefix) else None
        query = seen.query
        if path is None:
            return as_html("<title>Welcome</title>", 404)
        if path == ("" if self.slash else "/"):
            return as_html("<title>Not found</title>", 404)
        if path in ("", "/"):
            names = ("Things", "Locations", "Datastreams", "Observations", "ObservedProperties")
            sets = [{"name": name, "url": f"{self.url}/{name}"} for name in names]
            return as_json({"value": sets, **({"serverSettings": self.settings} if self.settings else {})})
        refused = self._refused(path, query)
        if refused:
            return as_json({"code": self.status, "message": f"cannot do {refused}"}, self.status)
        return self._entities(path, query, seen)

    def _refused(self, path: str, query: dict[str, str]) -> str:
        expand, filtered = query.get("$expand", ""), query.get("$filter", "")
        found = {
            "top": int(query.get("$top", 0)) > self.most,
            "orderby": "$orderby" in query or "$orderby" in expand,
            "orderby-time": "$orderby=phenomenonTime" in expand or "phenomenonTime" in query.get("$orderby", ""),
            "nested": "(" in expand,
            "slash": "/" in expand,
            "expand": bool(expand),
            "select": "$select" in query or "$select" in expand,
            "filter": bool(filtered) and "st_within" not in filtered,
            "geo": "st_within" in filtered,
            "of-property": path.startswith("/ObservedProperties("),
            "things": path == "/Things",
        }
        return next((name for name, asked in found.items() if asked and name in self.refuses), "")

    def _entities(self, path: str, query: dict[str, str], seen: Seen) -> Answer:
        expand = "" if "expand" in self.ignores else query.get("$expand", "")
        match = _ENTITY.fullmatch(path)
        if path == "/Datastreams" or (match and match[1] == "ObservedProperties" and match[3] == "Datastreams"):
            numbers = [n for n in range(self.streams) if not match or str(n % 2) == match[2]]
            numbers = [n for n in numbers if self._within(n, query.get("$filter", ""))]
            return self._page(numbers, query, seen, lambda n: self.change(self.datastream(n, expand)))
        if path == "/ObservedProperties":
            return self._page([0, 1], query, seen, self.observed)
        if path == "/Things":
            return self._page(list(range(self.streams)), query, seen, lambda n: self.thing(n, expand))
        if path == "/Observations":
            every = [one for n in range(self.streams) for one in self.of(n)]
            return self._observations(every, query, seen, bool(expand))
        if match is None:
            return as_json({"message": "nothing here"}, 404)
        name, key, what = match.groups()
        if name == "Observations":
            return as_json({"@iot.id": self.id(int(key) // 1_000_000)})
        number = next((n for n in range(self.streams) if self.key(n) == key or str(n) == key), None)
        if number is None:
            return as_json({"message": "no such entity"}, 404)
        if what == "Observations":
            if number in self.broken:
                return as_json({"message": "a broken sensor"}, 500)
            return self._observations(self.of(number), query, seen, False)
        if what == "Thing":
            return as_json(self.thing(number, ""))
        if what == "ObservedProperty":
            return as_json(self.observed(number % 2))
        if name == "Things" and what == "Locations":
            return as_json({"value": self.thing(number, "Locations")["Locations"]})
        return as_json({"message": "no such entity"}, 404)

    def _within(self, n: int, condition: str) -> bool:
        if "st_within" not in condition or "geo" in self.ignores:
            return True
        if "geo-empty" in self.ignores:
            return False
        numbers = [[float(x) for x in pair.split()] for pair in re.findall(r"[-\d.]+ [-\d.]+", condition)]
        lon, lat = 4 + n / 1000, 51.9
        xs, ys = [x for x, _ in numbers], [y for _, y in numbers]
        return min(xs) <= lon <= max(xs) and min(ys) <= lat <= max(ys)

    def _observations(self, found: list[dict[str, Any]], query: dict[str, str], seen: Seen, named: bool) -> Answer:
        order = "" if "orderby" in self.ignores else query.get("$orderby", "")
        if "filter" not in self.ignores:
            for sign, moment in re.findall(r"phenomenonTime (ge|gt|le) (\S+)", query.get("$filter", "")):
                limit = instant(moment) or 0.0
                keep = {"ge": float.__ge__, "gt": float.__gt__, "le": float.__le__}[sign]
                found = [one for one in found if keep(instant(one["phenomenonTime"].split("/")[-1]), limit)]
        if order:
            found = sorted(found, key=lambda one: one["phenomenonTime"], reverse=order.endswith("desc"))

        def shown(n: int) -> dict[str, Any]:
            one = found[n]
            return (
                {**one, "Datastream": {"@iot.id": self.id(0 if self.lies else one["@iot.id"] // 1_000_000)}}
                if named
                else one
            )

        return self._page(list(range(len(found))), query, seen, shown)

    def _page(self, numbers: list[int], query: dict[str, str], seen: Seen, make: Callable[[int], Any]) -> Answer:
        skip = int(query.get("$skip", 0))
        top = min(int(query.get("$top", self.page)), self.most)
        document: dict[str, Any] = {"value": [make(n) for n in numbers[skip : skip + top]]}
        if skip + top < len(numbers):
            following = urlencode({**query, "$skip": str(skip + top)})
            document["@iot.nextLink"] = f"{self.next_host or self.server.url}{seen.path}?{following}"
        answer = as_json(document)
        if self.etags:
            tag = f'"{hash(answer.body)}"'
            if seen.headers.get("If-None-Match") == tag:
                return Answer(304, b"", {"ETag": tag})
            answer.headers["ETag"] = tag
        return answer

    def observed(self, n: int) -> dict[str, Any]:
        name = self.names[n]
        return {"@iot.id": n, "name": name, "definition": f"http://example.org/{n}", "description": "what"}

    def thing(self, n: int, expand: str) -> dict[str, Any]:
        thing: dict[str, Any] = {"@iot.id": self.id(n), "name": f"Pole {n}", "description": "", "properties": {}}
        if "Locations" in expand:
            thing["Locations"] = [{"location": {"type": "Point", "coordinates": [4 + n / 1000, 51.9]}}]
        return thing

    def datastream(self, n: int, expand: str) -> dict[str, Any]:
        latest = max((one["phenomenonTime"] for one in self.of(n)), default=None) if n not in self.broken else None
        entity: dict[str, Any] = {
            "@iot.id": self.id(n),
            "@iot.selfLink": f"{self.url}/Datastreams({self.key(n)})",
            "name": f"Stream {n}",
            "description": "",
            "unitOfMeasurement": {"name": "microgram", "symbol": "µg/m³", "definition": "ucum:ug/m3"},
            "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
            "phenomenonTime": latest,
            "Thing@iot.navigationLink": f"{self.url}/Datastreams({self.key(n)})/Thing",
        }
        if "Thing" in expand:
            entity["Thing"] = self.thing(0 if self.lies else n, expand)
        if "ObservedProperty" in expand:
            entity["ObservedProperty"] = self.observed(0 if self.lies else n % 2)
        if "Observations" in expand:
            number = int((re.findall(r"Observations\(\$top=(\d+)", expand) or ["1"])[0])
            entity["Observations"] = sorted(self.of(n), key=lambda one: one["phenomenonTime"])[-number:]
            if self.stale and "resultTime desc" in expand:
                entity["Observations"] = self.of(n)[:1]
        return entity


@contextmanager
def stubs() -> Iterator[Callable[..., Stub]]:
    """A function that starts services; all end with the context."""
    servers: list[FaultyServer] = []

    def start(**changes: Any) -> Stub:
        server = FaultyServer()
        servers.append(server)
        stub = Stub(server, **changes)
        server.routes = _Everywhere(stub.answer)
        return stub

    yield start
    for server in servers:
        server.close()


def connect(stub: Stub, watch: Watch | None = None) -> Session:
    return Session(stub.url, progress=watch or Watch(), sleep=lambda _s: None, timeout=5)


# What a service refuses or ignores → what is said about it, and how many requests 5 sensors then may take.
LESS = [
    ({"refuses": {"select"}}, "", 10),
    ({"refuses": {"top"}, "most": 100}, "small pages", 10),
    ({"refuses": {"orderby"}}, "one by one", 30),
    ({"refuses": {"orderby-time"}}, "", 10),
    ({"refuses": {"nested"}}, "one by one", 30),
    ({"refuses": {"nested", "slash"}}, "separately", 40),
    ({"refuses": {"nested", "slash", "things"}}, "separately", 50),
    ({"refuses": {"expand"}}, "separately", 60),
    ({"refuses": {"expand", "orderby"}}, "separately", 60),
    ({"refuses": {"expand", "orderby", "filter", "select"}}, "separately", 70),
    ({"ignores": {"expand"}}, "separately", 60),
    ({"lies": True}, "separately", 40),
]
