"""What a collection holds, so that somebody can say which of its columns is which of a pilot's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from ...pilots.parts import assessment
from ...pilots.values import raw_list
from ...text import tr
from ...twin.client import Twin
from ...twin.features import pages
from ...twin.model import Collection, Schema
from ...twin.progress import Progress

FEATURES = 200  # that are looked at: enough to meet every stage that is in use
_VALUES = 40  # of one column
_SHOWN = 3
_LONG = 28  # characters of a value that are shown


@dataclass(frozen=True)
class Sample:
    """A collection, its schema, and the properties of some features."""

    collection: Collection
    schema: Schema
    rows: tuple[Mapping[str, Any], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Its columns, in the schema's order; what features hold besides comes after."""
        declared = [one.name for one in self.schema.properties]
        return tuple(dict.fromkeys([*declared, *(name for row in self.rows for name in row)]))

    def values(self, name: str) -> tuple[str, ...]:
        """The texts that a column may hold by the schema, then those that it does hold."""
        known = self.schema.get(name)
        declared = [str(value) for value in known.enum if value is not None] if known else []
        found = [row[name].strip() for row in self.rows if isinstance(row.get(name), str) and row[name].strip()]
        several = list(dict.fromkeys(found))
        return tuple(dict.fromkeys([*declared, *sorted(several)]))[:_VALUES]

    def ratings(self, name: str) -> tuple[str, ...]:
        """How the criteria in a column of judgements are rated."""
        judged = (assessment(entry) for row in self.rows for entry in raw_list(row.get(name))[0])
        return tuple(sorted({one.rating for one in judged if one is not None}))[:_VALUES]

    def examples(self, name: str) -> str:
        """Some values of a column, in one line."""
        found: dict[str, None] = {}
        for row in self.rows:
            value = row.get(name)
            if value not in (None, "", [], {}):
                text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                text = " ".join(text.split())
                found[text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"] = None
            if len(found) == _SHOWN:
                break
        return " · ".join(found) or tr("always empty")


def read_sample(twin: Twin, collection: Collection, progress: Progress) -> Sample:
    """Ask the twin. Any thread. Raises `TwinError`, `Cancelled`."""
    known, schema = twin.describe(collection)
    rows: list[Mapping[str, Any]] = []
    incoming: Any = pages(twin.session, known, choice=twin.choice(known), limit=FEATURES, progress=progress)
    with closing(incoming):
        for page in incoming:
            rows.extend(item.properties for item in page.items)
            if len(rows) >= FEATURES:
                break
    return Sample(known, schema, tuple(rows[:FEATURES]))
