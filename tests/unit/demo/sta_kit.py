"""A city of four sensors for the tests of SensorThings, filled through the API itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests

from plugin.demo.sta.store import SensorStore

OM = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"


def thing(name: str, lon: float, lat: float, **streams: Any) -> dict[str, Any]:
    """A deep insert: ``streams`` are the observations of each datastream, by the observed property's name."""
    return {
        "name": name,
        "description": f"The sensor {name}",
        "properties": {"lanes": len(name), "street": {"name": name.lower()}},
        "Locations": [
            {
                "name": f"At {name}",
                "description": "A place",
                "encodingType": "application/geo+json",
                "location": {"type": "Point", "coordinates": [lon, lat]},
            }
        ],
        "Datastreams": [datastream(f"{name} {key}", key, found) for key, found in streams.items()],
    }


def datastream(name: str, key: str, observations: list[Any]) -> dict[str, Any]:
    return {
        "name": name,
        "description": f"{key} there",
        "observationType": OM,
        "unitOfMeasurement": {"name": "unit", "symbol": "µ", "definition": "urn:unit"},
        "Sensor": {"name": "S", "description": "A box", "encodingType": "text/plain", "metadata": "made here"},
        "ObservedProperty": {"name": key, "definition": f"urn:{key}", "description": key},
        "Observations": [
            {"phenomenonTime": f"2026-08-21T14:{minute:02}:00Z", "result": value} for minute, value in observations
        ],
    }


CITY = (
    thing("A'1", 4.47, 51.91, no2=[(0, 10), (5, 20.5), (10, 15)], flow=[(0, 65535)]),
    thing("Beta", 4.49, 51.92, no2=[(0, 5), (5, None), (10, "broken"), (15, True), (20, {"v": [1, 2]})]),
    thing("Gamma", 4.60, 51.99, no2=[]),
)


@dataclass
class Api:
    """A SensorThings service over HTTP. ``root`` ends without a slash."""

    root: str
    store: SensorStore
    session: requests.Session

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        """The JSON at ``path``; ``query`` without the dollars."""
        answer = self.session.get(
            self.url(path), params={f"${name}": value for name, value in query.items()}, timeout=10
        )
        assert answer.status_code == status, answer.text[:500]
        return answer.json() if answer.content else None

    def values(self, path: str, **query: Any) -> list[Any]:
        return self.get(path, **query)["value"]

    def names(self, path: str, **query: Any) -> list[str]:
        return [one["name"] for one in self.values(path, **query)]

    def results(self, where: str = "", path: str = "Observations", **query: Any) -> list[Any]:
        if where:
            query["filter"] = where
        return [one["result"] for one in self.values(path, **query)]

    def post(self, path: str, body: Any, status: int = 201) -> Any:
        answer = self.session.post(self.url(path), json=body, timeout=10)
        assert answer.status_code == status, answer.text[:500]
        return answer.headers.get("Location") or answer.json()

    def url(self, path: str) -> str:
        return path if path.startswith("http") else f"{self.root}/{path}"
