"""Pilots made by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

from osgeo import ogr

from plugin.pilots.parts import Assessment, DataLink, StageChange
from plugin.pilots.record import Pilot
from plugin.pilots.vocabulary import CRITERIA


def wkb(wkt: str) -> bytes:
    return bytes(ogr.CreateGeometryFromWkt(wkt).ExportToIsoWkb(ogr.wkbNDR))


def block(x: float = 92000, y: float = 436000, size: float = 100) -> str:
    """A square as WKT, its south-west corner at x, y."""
    return f"POLYGON(({x} {y},{x + size} {y},{x + size} {y + size},{x} {y + size},{x} {y}))"


def rated(condition: str, rating: str = "met", day: date | None = date(2026, 6, 1)) -> tuple[Assessment, ...]:
    return tuple(Assessment(name, rating, "seen", day) for name in CRITERIA[condition])


def running(**changes: Any) -> Pilot:
    """A pilot that is running and lacks nothing."""
    values: dict[str, Any] = {
        "name": "Cool Roofs",
        "stage": "running",
        "summary": "Roofs stay cool.",
        "theme": "energy",
        "lead": "Gemeente",
        "contact": "adviser",
        "budget_band": "up to 50k",
        "start": date(2026, 1, 1),
        "end": date(2027, 1, 1),
        "history": (
            StageChange("2025-01-01", "idea"),
            StageChange("2025-06-01", "proposed", "idea"),
            StageChange("2026-01-01", "running", "proposed"),
            StageChange("2026-10-01", "running", "running", "going well"),
        ),
        "technical": rated("technical"),
        "human": rated("human"),
        "institutional": rated("institutional"),
        "data_used": (DataLink("Buildings", "https://x.example.org/collections/buildings", "collection"),),
        "integration": "One map.",
        "collaboration": "One table.",
        "wkb": wkb(block()),
        "twin_id": "P-1",
    }
    return Pilot(**{**values, **changes})
