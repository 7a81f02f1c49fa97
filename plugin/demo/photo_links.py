"""How a twin tells that items may have photos, and which an item has."""

from __future__ import annotations

from typing import Any

from .model import Collection
from .settings import Settings
from .store import Store
from .web import JSON, Request, link

REL = "urn:x-citytwin:rel:photos"
JPEG, PNG = "image/jpeg", "image/png"
TYPES = (JPEG, PNG)


def collection_link(collection: Collection, settings: Settings, request: Request) -> dict[str, Any] | None:
    """Where photos of a collection's items can be sent to; None where they cannot."""
    if not collection.takes_photos or not settings.writable:
        return None
    url = f"{request.url('collections', collection.id)}/items/{{featureId}}/photos"
    return {**link(url, REL, JSON, "Photos of an item"), "templated": True}


def limits(settings: Settings) -> dict[str, Any]:
    """What is taken, for clients to look at before they send."""
    return {"types": list(TYPES), "maxBytes": settings.max_photo, "maxPhotos": settings.max_photos}


def item_links(store: Store, collection: Collection, request: Request, item_id: str) -> list[dict[str, str]]:
    """An item's photos as links of its document."""
    if not collection.takes_photos:
        return []
    found = [link(photo_url(request, collection, item_id), REL, JSON, "Photos of this item")]
    for photo in store.photos(collection.id, item_id):
        found.append(link(photo_url(request, collection, item_id, photo.name), "enclosure", photo.type, "Photo"))
    return found


def photo_url(request: Request, collection: Collection, item_id: str, *more: str) -> str:
    """The address of an item's photos, or of one of them."""
    return request.url("collections", collection.id, "items", item_id, "photos", *more)
