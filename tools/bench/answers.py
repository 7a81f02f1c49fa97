"""What the bench twin answers: from a path and a query to a status, headers and pieces of prepared files."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import BinaryIO, Union
from urllib.parse import parse_qsl, unquote, urlencode

from .documents import DEFAULT_LIMIT, GEOJSON, JSON, LIMIT, OPENAPI, SCHEMA, SNAPSHOTS, Documents
from .offer import Offer
from .prepared import CITY, CRS84, RD, Features, Prepared


@dataclass(frozen=True)
class Piece:
    """Bytes of a file, from ``begin``."""

    file: BinaryIO
    begin: int
    size: int


Part = Union[bytes, Piece]


@dataclass(frozen=True)
class Answer:
    status: int
    parts: tuple[Part, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0.0  # seconds before it goes out

    @property
    def size(self) -> int:
        return sum(part.size if isinstance(part, Piece) else len(part) for part in self.parts)


class Answers:
    """Called by many threads at once; ``asked`` counts what was answered, by kind."""

    def __init__(self, prepared: Prepared) -> None:
        self._features: dict[str, Features] = {uri: prepared.features(uri) for uri in (RD, CRS84)}
        self._files = {uri: features.path.open("rb") for uri, features in self._features.items()}
        self._snapshots = {kind: prepared.snapshot(kind) for kind in SNAPSHOTS}
        sizes = {kind: path.stat().st_size for kind, path in self._snapshots.items()}
        changed = prepared.source.stat().st_mtime
        self._documents = Documents(prepared.about, sizes, changed)
        self._changed = formatdate(changed, usegmt=True)
        self.asked: Counter[str] = Counter()
        self._counting = threading.Lock()

    def answer(self, origin: str, target: str, headers: Mapping[str, str]) -> Answer:
        """``origin``: how the client calls this server; ``headers``: their names in lower case."""
        path, _, query = target.partition("?")
        steps = [unquote(step) for step in path.strip("/").split("/")]
        if steps == ["asked"]:
            with self._counting:
                return _json(200, dict(self.asked))
        offer = Offer.parse(steps[0])
        if offer is None:
            return _problem(404, "The first step of a path says what is offered, such as /ms0.tokens/.")
        found = self._find(f"{origin}/{steps[0]}", offer, steps[1:], dict(parse_qsl(query)), headers)
        return Answer(found.status, found.parts, found.headers, offer.ms / 1000)

    def _find(
        self, base: str, offer: Offer, steps: list[str], query: Mapping[str, str], headers: Mapping[str, str]
    ) -> Answer:
        documents = self._documents
        if len(steps) == 2 and steps[0] == "snapshots":
            return self._snapshot(offer, steps[1], headers)
        if len(steps) >= 2 and (steps[0] != "collections" or steps[1] not in documents.counts):
            return _problem(404, "There is nothing here.")
        if steps == []:
            return _json(200, documents.landing(base, offer))
        if len(steps) == 1:
            if steps[0] == "api":
                return _json(200, documents.api(base, offer), OPENAPI)
            if steps[0] in ("conformance", "collections"):
                return _json(200, getattr(documents, steps[0])(base, offer))
        elif len(steps) == 2:
            return _json(200, documents.collection(base, offer, steps[1]))
        elif steps[2:] == ["schema"]:
            return _json(200, documents.schema(base, offer, steps[1]), SCHEMA)
        elif steps[2:] == ["items"]:
            return self._page(base, offer, steps[1], query, headers)
        return _problem(404, "There is nothing here.")

    def _page(self, base: str, offer: Offer, name: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        if "bbox" in query or "datetime" in query:
            return _problem(400, "The bench twin does not filter.")
        uri = query.get("crs", CRS84)
        if uri not in self._documents.crs_of(name):
            return _problem(400, f"This collection is offered in {', '.join(self._documents.crs_of(name))}.")
        try:
            limit = min(max(1, int(query.get("limit", DEFAULT_LIMIT))), LIMIT)
            offset = max(0, int(query.get("offset", 0)))
        except ValueError:
            return _problem(400, "limit and offset are whole numbers.")
        count = self._documents.counts[name]
        returned = max(0, min(limit, count - offset))
        told = {"Content-Type": GEOJSON, "Content-Crs": f"<{uri}>"}
        if offer.etags:
            told |= {"ETag": f'"{name}-{offset}-{returned}-{"rd" if uri == RD else "84"}"'}
            told |= {"Last-Modified": self._changed}
            if _has(headers, told):
                self._count("not modified")
                return Answer(304, headers=told)
        self._count("page")
        links = [{"href": f"{base}/collections/{name}/items?{urlencode(query)}", "rel": "self", "type": GEOJSON}]
        if offset + returned < count:
            following = urlencode({**query, "limit": limit, "offset": offset + returned})
            links.append({"href": f"{base}/collections/{name}/items?{following}", "rel": "next", "type": GEOJSON})
        head = (
            f'{{"type":"FeatureCollection","numberMatched":{count},"numberReturned":{returned},'
            f'"links":{json.dumps(links)},"features":['
        )
        begin, size = self._features[uri].piece(offset, returned)
        return Answer(200, (head.encode(), Piece(self._files[uri], begin, size), b"]}"), told)

    def _snapshot(self, offer: Offer, name: str, headers: Mapping[str, str]) -> Answer:
        kind = offer.snapshot
        if not kind or name != f"{CITY}.{kind}":
            return _problem(404, "There is no such snapshot.")
        path = self._snapshots[kind]
        size = path.stat().st_size
        told = {"Content-Type": SNAPSHOTS[kind], "ETag": f'"{name}-{size}"', "Last-Modified": self._changed}
        if _has(headers, told):
            self._count("not modified")
            return Answer(304, headers=told)
        self._count("snapshot")
        return Answer(200, (Piece(path.open("rb"), 0, size),), told)

    def _count(self, kind: str) -> None:
        with self._counting:
            self.asked[kind] += 1


def _has(headers: Mapping[str, str], told: Mapping[str, str]) -> bool:
    """Whether the client has what it asks for already."""
    known = headers.get("if-none-match")
    if known is not None:
        return told["ETag"] in (one.strip() for one in known.split(","))
    return headers.get("if-modified-since") == told["Last-Modified"]


def _json(status: int, document: object, kind: str = JSON) -> Answer:
    return Answer(status, (json.dumps(document).encode(),), {"Content-Type": kind})


def _problem(status: int, detail: str) -> Answer:
    return _json(status, {"status": status, "title": "No", "detail": detail}, "application/problem+json")
