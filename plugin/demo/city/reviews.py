"""The collections of review items, with a few made up: what people saw outside, and what became of it.

One collection for each kind of geometry, all with the same properties, as the plugin's docs/review.md has them.
"""

from __future__ import annotations

from typing import Any

from ..crs import RD
from ..model import Collection, Property, Schema
from .schemas import ATTRIBUTION, LICENCE, LICENCE_URL

KINDS = ("wrong", "missing", "new", "question", "confirmed")
STATUSES = ("open", "accepted", "rejected", "done")
_PROPERTIES = (
    Property("kind", title="Kind", required=True, enum=KINDS),
    Property("text", title="What was seen", max_length=2000),
    Property("status", title="Status", required=True, enum=STATUSES),
    Property("answer", title="Answer", description="Why it was rejected, or what was done", max_length=1000),
    Property("about", title="About a feature of", description="The id of a collection", max_length=120),
    Property("about_id", title="Feature", description="The id of the feature in that collection", max_length=200),
    Property("about_label", title="Name of the feature", max_length=200),
    Property("author", title="Noted by", description="A role or initials", max_length=120),
    Property("noted", title="Noted at", format="date-time"),
    Property("answered_by", title="Answered by", description="A role or initials", max_length=120),
    Property("answered", title="Answered at", format="date-time"),
    *(
        Property(name, title=title, description="An address, or a file beside the package", max_length=500)
        for name, title in (("photo", "Photo"), ("photo_2", "Second photo"), ("photo_3", "Third photo"))
    ),
    Property(
        "key", title="Key", description="A UUID, by which one item is recognised wherever it turns up", max_length=64
    ),
)


def _collection(name: str, title: str, kind: str) -> Collection:
    words = "What people noted outside. It is made up for this demonstration."
    schema = Schema(_PROPERTIES, kind, False, True)
    return Collection(name, title, RD, schema, words, LICENCE, LICENCE_URL, ATTRIBUTION, takes_photos=True)


POINTS = _collection("reviews", "Review Items", "Point")
LINES = _collection("review_lines", "Review Items: Lines", "MultiLineString")
AREAS = _collection("review_areas", "Review Items: Areas", "MultiPolygon")
ALL = (POINTS, LINES, AREAS)


def _item(number: int, kind: str, text: str, status: str, noted: str, **more: str) -> dict[str, Any]:
    key = f"5e7a1c00-0000-4000-8000-{number:012d}"
    return {"kind": kind, "text": text, "status": status, "author": "district team", "noted": noted, "key": key, **more}


def _about(table: str, item: str, label: str) -> dict[str, str]:
    return {"about": table, "about_id": item, "about_label": label}


# coordinates in EPSG:28992; the keys say where an item belongs
ITEMS: dict[str, tuple[tuple[Any, dict[str, Any]], ...]] = {
    "reviews": (
        (
            [92300.0, 437478.0],
            _item(1, "question", "The shops were empty in October. Is it still in use?", "open",
                  "2026-11-16T09:42:00Z"),
        ),
        (
            [93492.0, 435894.0],
            _item(2, "wrong", "The tower has 44 storeys, not 43.", "accepted", "2026-11-09T13:05:00Z",
                  **_about("buildings", "LM-004", "Maastoren"), answered_by="GIS analyst",
                  answered="2026-11-10T08:20:00Z"),
        ),
        (
            [92826.0, 435440.0],
            _item(3, "confirmed", "As the twin shows it.", "done", "2026-11-09T14:30:00Z",
                  **_about("buildings", "LM-006", "Hotel New York"), answered_by="GIS analyst",
                  answered="2026-11-10T08:25:00Z"),
        ),
        (
            [91448.0, 437522.0],
            _item(4, "missing", "The tree was felled; there is a stump.", "open", "2026-11-16T10:11:00Z",
                  **_about("trees", "A000-002", "witte acacia")),
        ),
        (
            [93040.0, 437300.0],
            _item(5, "new", "A kiosk stands here on market days.", "rejected", "2026-11-02T11:00:00Z",
                  answer="It is taken away every evening, so the twin does not show it.",
                  answered_by="GIS analyst", answered="2026-11-03T09:00:00Z"),
        ),
    ),
    "review_lines": (
        (
            [[[92478.0, 437660.0], [92520.0, 437490.0], [92556.0, 437344.0]]],
            _item(6, "wrong", "Asphalt was replaced by clinkers up to the city hall.", "open", "2026-11-16T10:40:00Z",
                  **_about("streets", "S-0002", "Coolsingel")),
        ),
    ),
    "review_areas": (
        (
            [[[[93300.0, 435080.0], [93390.0, 435080.0], [93390.0, 435150.0], [93300.0, 435150.0],
               [93300.0, 435080.0]]]],
            _item(7, "new", "The square was planted in spring: about twenty trees.", "open", "2026-11-17T15:20:00Z"),
        ),
    ),
}  # fmt: skip
