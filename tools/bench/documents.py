"""The documents of the bench twin around its pages, as the embedded twin writes them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from .offer import Offer
from .prepared import CITY, COPIES, COUNTS, CRS84, RD

GEOJSON = "application/geo+json"
JSON = "application/json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
SCHEMA = "application/schema+json"
SNAPSHOTS = {"fgb": "application/flatgeobuf", "gpkg": "application/geopackage+sqlite3"}
LIMIT = 10_000  # the largest page
DEFAULT_LIMIT = 1_000
_SCHEMA_REL = "http://www.opengis.net/def/rel/ogc/1.0/schema"
_CLASSES = (
    "ogcapi-common-1/1.0/conf/core", "ogcapi-features-1/1.0/conf/core", "ogcapi-features-1/1.0/conf/geojson",
    "ogcapi-features-1/1.0/conf/oas30", "ogcapi-features-2/1.0/conf/crs", "ogcapi-common-3/1.0/conf/schemas",
    "ogcapi-features-5/1.0/conf/schemas",
)  # fmt: skip


class Documents:
    """``about``: what `Prepared` tells; ``snapshots``: bytes of each kind of snapshot; ``changed``: when the features
    last changed, in seconds since 1970."""

    def __init__(self, about: dict[str, Any], snapshots: dict[str, int], changed: float) -> None:
        self._about = about
        self._snapshots = snapshots
        self._changed = datetime.fromtimestamp(int(changed), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        most = int(about["count"]) * COPIES
        self.counts = {CITY: int(about["count"]), **{name: min(count, most) for name, count in COUNTS.items()}}

    def crs_of(self, name: str) -> tuple[str, ...]:
        """The CRSs of a collection; only the real features were moved to degrees."""
        return (CRS84, RD) if self.counts[name] <= self.counts[CITY] else (RD,)

    def landing(self, base: str, _offer: Offer) -> dict[str, Any]:
        return {
            "title": "Bench twin",
            "description": "Prepared answers, so that the server is not what is measured.",
            "links": [
                _link(f"{base}/", "self", JSON),
                _link(f"{base}/api", "service-desc", OPENAPI),
                _link(f"{base}/conformance", "conformance", JSON),
                _link(f"{base}/collections", "data", JSON),
            ],
        }

    def conformance(self, _base: str, offer: Offer) -> dict[str, Any]:
        own = ["urn:x-citytwin:conf:item-etags"] if offer.tokens else []
        return {"conformsTo": [f"http://www.opengis.net/spec/{name}" for name in _CLASSES] + own}

    def api(self, base: str, _offer: Offer) -> dict[str, Any]:
        limit = {"type": "integer", "minimum": 1, "maximum": LIMIT, "default": DEFAULT_LIMIT}
        parameters = [
            {"name": "limit", "in": "query", "schema": limit},
            {"name": "offset", "in": "query", "schema": {"type": "integer", "minimum": 0}},
            {"name": "crs", "in": "query", "schema": {"type": "string", "format": "uri"}},
        ]
        answers = {"200": {"description": "Features", "content": {GEOJSON: {"schema": {"type": "object"}}}}}
        paths = {
            f"/collections/{name}/items": {"get": {"parameters": parameters, "responses": answers}}
            for name in self.counts
        }
        info = {"title": "Bench twin", "version": "1.0.0"}
        return {"openapi": "3.0.3", "info": info, "servers": [{"url": base}], "paths": paths}

    def collections(self, base: str, offer: Offer) -> dict[str, Any]:
        return {
            "links": [_link(f"{base}/collections", "self", JSON)],
            "crs": [CRS84, RD],
            "collections": [self.collection(base, offer, name) for name in self.counts],
        }

    def collection(self, base: str, offer: Offer, name: str) -> dict[str, Any]:
        url = f"{base}/collections/{name}"
        whole = self.counts[name] <= self.counts[CITY]
        links: list[dict[str, Any]] = [
            _link(url, "self", JSON),
            _link(f"{url}/items", "items", GEOJSON),
            _link(f"{url}/schema", "describedby", SCHEMA),
            _link(f"{url}/schema", _SCHEMA_REL, SCHEMA),
        ]
        if name == CITY and offer.snapshot:
            snapshot = _link(f"{base}/snapshots/{CITY}.{offer.snapshot}", "enclosure", SNAPSHOTS[offer.snapshot])
            own = {"length": self._snapshots[offer.snapshot], "x-citytwin-columns": {"id": "id", "etag": "etag"}}
            links.append({**snapshot, **own})
        return {
            **({"updated": self._changed} if offer.etags or offer.snapshot else {}),
            "id": name,
            "title": f"Roof prints ({self.counts[name]:,})",
            "extent": {"spatial": {"bbox": [self._about["extent" if whole else "extents"]], "crs": CRS84}},
            "itemType": "feature",
            "itemCount": self.counts[name],
            "crs": list(self.crs_of(name)),
            "storageCrs": RD,
            "links": links,
        }

    def schema(self, base: str, _offer: Offer, name: str) -> dict[str, Any]:
        return {**self._about["schema"], "$id": f"{base}/collections/{name}/schema"}


def _link(href: str, rel: str, kind: str) -> dict[str, Any]:
    return {"href": href, "rel": rel, "type": kind}
