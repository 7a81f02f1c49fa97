"""Features served as they are, checked out, compared with what was served, and the file looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plugin.twin.schema import parse
from plugin.workcopy.copy import WorkingCopy
from tests.equal import expect_equal
from tests.raw_pages import RawTwin
from tests.sound import expect_sound, expect_valid


def feature(identity: Any, geometry: Any = None, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "id": identity, "geometry": geometry, "properties": properties}


def take(raw: RawTwin, path: Path, features: list[dict[str, Any]], schema: dict[str, Any] | None) -> frozenset[str]:
    """Served, checked out, compared, and the file looked at; what GDAL vouches for."""
    raw.give(features, schema)
    report = raw.checkout(path)
    assert report.feature_count == len(features)
    found = expect_equal(path, "things", features, parse(schema) if schema else None)
    expect_sound(path)
    expect_valid(path)
    assert WorkingCopy.open(path).changes() == []
    return found
