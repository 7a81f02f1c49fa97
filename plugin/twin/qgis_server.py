"""What QGIS Server (3.40, seen) does its own way, and how it is met.

It answers 500 for an item that it does not find, and the same while its database is away. Its PATCH is no merge
patch: it takes ``{"modify": {property: value}}``, no geometry, and passes over null. Its PUT merges the properties,
passes over null too, removes a geometry that is not sent, and leaves it where no property is sent, or where the
layer is stored in EPSG:4326. Its development server hangs on a body that is not ASCII.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ..text import tr
from .errors import BadResponse, NotFound, PerhapsGone, Rejected, ServerFailed, TwinError
from .model import Collection
from .replies import Reply
from .session import GEOJSON, Session


def certainly(session: Session, collection: Collection, look: Callable[[], Reply]) -> Reply:
    """What ``look`` gets. Raises `NotFound` instead of `PerhapsGone` where that is sure.

    It is where the collection lists other items both before and after a second look: then its data were there.
    """
    try:
        return look()
    except PerhapsGone as doubt:
        if not _lists(session, collection):
            raise
        try:
            return look()
        except PerhapsGone:
            if not _lists(session, collection):
                raise doubt from None
        raise NotFound(
            tr("The twin does not find this feature, though it lists others. Somebody deleted it."),
            detail=doubt.detail,
            status=doubt.status,
        ) from doubt


def _lists(session: Session, collection: Collection) -> bool:
    try:
        page, _ = session.get_json(collection.items_url, params={"limit": "1"}, accept=GEOJSON)
    except (BadResponse, NotFound, ServerFailed):
        return False
    return bool(page.get("features"))


def is_described(description: Mapping[str, Any]) -> bool:
    """Whether an OpenAPI document is QGIS Server's: it names the operation of PATCH after PUT."""
    paths = description.get("paths")
    operations = (
        [one.get("patch") for one in paths.values() if isinstance(one, dict)] if isinstance(paths, dict) else []
    )
    return any(isinstance(one, dict) and one.get("operationId") == "getFeaturePUT" for one in operations)


def wants_modify(error: TwinError) -> bool:
    """Whether this is how QGIS Server refuses a merge patch; nothing was changed then."""
    return isinstance(error, Rejected) and error.status == 400 and 'Missing "modify"' in error.detail
