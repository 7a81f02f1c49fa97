"""The schema of the collections of review items, as a twin should serve them: docs/review.md says the same in prose.

One collection for each kind of geometry, all with the same columns: a layer of points, one of lines and one of areas is
what QGIS, QField and any other program can draw in.
"""

from __future__ import annotations

from ..text import tr
from ..twin.model import Property, Schema
from . import vocabulary as words

POINTS, LINES, AREAS = "reviews", "review_lines", "review_areas"
GEOMETRY_TYPES = {POINTS: "Point", LINES: "MultiLineString", AREAS: "MultiPolygon"}
COLLECTIONS = tuple(GEOMETRY_TYPES)

KIND, TEXT, STATUS, ANSWER = "kind", "text", "status", "answer"
ABOUT, ABOUT_ID, ABOUT_LABEL = "about", "about_id", "about_label"
AUTHOR, NOTED, ANSWERED_BY, ANSWERED = "author", "noted", "answered_by", "answered"
PHOTOS = ("photo", "photo_2", "photo_3")
KEY = "key"
COLUMNS = (
    KIND, TEXT, STATUS, ANSWER, ABOUT, ABOUT_ID, ABOUT_LABEL, AUTHOR, NOTED, ANSWERED_BY, ANSWERED, *PHOTOS, KEY,
)  # fmt: skip


def title(column: str) -> str:
    """What a column is called, in the user's language; a column that is none of ours as it is."""
    titles = {
        KIND: tr("Kind"),
        TEXT: tr("What was seen"),
        STATUS: tr("Status"),
        ANSWER: tr("Answer"),
        ABOUT: tr("About a feature of"),
        ABOUT_ID: tr("Feature"),
        ABOUT_LABEL: tr("Name of the feature"),
        AUTHOR: tr("Noted by"),
        NOTED: tr("Noted at"),
        ANSWERED_BY: tr("Answered by"),
        ANSWERED: tr("Answered at"),
        PHOTOS[0]: tr("Photo"),
        PHOTOS[1]: tr("Second photo"),
        PHOTOS[2]: tr("Third photo"),
        KEY: tr("Key"),
    }
    return titles.get(column, column)


def schema(collection: str) -> Schema:
    """One collection's schema, titles in English whatever the user speaks: it is the twin's document."""
    return Schema(
        (
            Property(KIND, "string", "Kind", required=True, nullable=False, enum=words.KINDS),
            Property(TEXT, "string", "What was seen", max_length=2000),
            Property(STATUS, "string", "Status", required=True, nullable=False, enum=words.STATUSES),
            Property(ANSWER, "string", "Answer", "Why it was rejected, or what was done", max_length=1000),
            Property(ABOUT, "string", "About a feature of", "The id of a collection", max_length=120),
            Property(ABOUT_ID, "string", "Feature", "The id of the feature in that collection", max_length=200),
            Property(ABOUT_LABEL, "string", "Name of the feature", max_length=200),
            Property(AUTHOR, "string", "Noted by", "A role or initials", max_length=120),
            Property(NOTED, "date-time", "Noted at"),
            Property(ANSWERED_BY, "string", "Answered by", "A role or initials", max_length=120),
            Property(ANSWERED, "date-time", "Answered at"),
            *(
                Property(name, "string", heading, "An address, or a file beside the package", max_length=500)
                for name, heading in zip(PHOTOS, ("Photo", "Second photo", "Third photo"))
            ),
            Property(
                KEY, "string", "Key", "A UUID, by which one item is recognised wherever it turns up", max_length=64
            ),
        ),
        GEOMETRY_TYPES[collection],
        geometry_required=True,
    )
