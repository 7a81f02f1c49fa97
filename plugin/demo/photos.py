"""Photos of items: uploaded one at a time, listed and shown. An extension of the profile, see the plugin's docs.

The same picture again gets the address that it has: an upload that was cut off may be repeated. A photo is no part of
its item, whose version stays the same; it goes with the item.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Any

from .model import Collection
from .photo_links import JPEG, PNG, TYPES, photo_url
from .settings import Settings
from .store import Store
from .stored_photos import Photo
from .web import JSON, Problem, Request, Response, link
from .writes import author_of

_ENDINGS = {JPEG: "jpg", PNG: "png"}
_SIDE, _PIXELS = 20_000, 100_000_000
# markers of JPEG that begin a frame: they tell how large it is
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = {0x01, *range(0xD0, 0xD9)}
_SAFE = (("X-Content-Type-Options", "nosniff"), ("Content-Security-Policy", "default-src 'none'; sandbox"))


def add(store: Store, settings: Settings, collection: Collection, request: Request) -> Response:
    """``POST /collections/{id}/items/{item}/photos``: the picture itself is the body."""
    _offered(collection)
    request.check_query(())
    request.max_body = min(request.max_body, settings.max_photo)
    content = request.body(TYPES)
    kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
    _check(content, kind)
    name = f"{hashlib.sha256(content).hexdigest()[:32]}.{_ENDINGS[kind]}"
    item_id = request.params["item"]
    author = author_of(request)
    with store.write(collection.id) as writing:
        if writing.item(item_id) is None:
            raise _no_item(collection, item_id)
        known = {photo.name for photo in writing.photos(item_id)}
        if name not in known:
            if len(known) >= settings.max_photos:
                raise Problem(409, f"Item {item_id} has {len(known)} photos; it can have no more.")
            writing.add_photo(item_id, name, kind, content, author)
    url = photo_url(request, collection, item_id, name)
    document = {"href": url, "type": kind, "bytes": len(content)}
    answer = Response.json(document, headers=(("Location", url),))
    return answer if name in known else Response(201, answer.body, JSON, answer.headers)


def several(store: Store, settings: Settings, collection: Collection, request: Request) -> Response:
    """``GET /collections/{id}/items/{item}/photos``"""
    _offered(collection)
    request.check_query(())
    item_id = request.params["item"]
    if store.item(collection.id, item_id) is None:
        raise _no_item(collection, item_id)
    found = [_described(request, collection, item_id, photo) for photo in store.photos(collection.id, item_id)]
    url = photo_url(request, collection, item_id)
    links = [link(url, "self", JSON), link(url.rpartition("/")[0], "up", "application/geo+json", "The item")]
    return Response.json({"title": f"Photos of {item_id}", "photos": found, "links": links})


def one(store: Store, settings: Settings, collection: Collection, request: Request) -> Response:
    """``GET /collections/{id}/items/{item}/photos/{photo}``"""
    _offered(collection)
    request.check_query(())
    item_id, name = request.params["item"], request.params["photo"]
    found = store.photo(collection.id, item_id, name)
    if found is None:
        raise Problem(404, f"Item {item_id} has no photo {name}.")
    return Response(body=found[1], content_type=found[0], headers=_SAFE, etag=f'"{name}"')


def _described(request: Request, collection: Collection, item_id: str, photo: Photo) -> dict[str, Any]:
    url = photo_url(request, collection, item_id, photo.name)
    found: dict[str, Any] = {"href": url, "type": photo.type, "bytes": photo.size, "uploaded": photo.at}
    return {**found, **({"uploadedBy": photo.author} if photo.author else {})}


def _offered(collection: Collection) -> None:
    if not collection.takes_photos:
        raise Problem(404, f"Items of {collection.id} have no photos.")


def _no_item(collection: Collection, item_id: str) -> Problem:
    return Problem(404, f"Collection {collection.id} has no item {item_id}.")


def _check(content: bytes, kind: str) -> None:
    """Raise 422 for what is not the picture that it is said to be: a file's own beginning tells, not its name."""
    size = _jpeg_size(content) if kind == JPEG else _png_size(content)
    if size is None:
        raise Problem(422, f"The body is no {kind}.")
    width, height = size
    if not (0 < width <= _SIDE and 0 < height <= _SIDE and width * height <= _PIXELS):
        raise Problem(422, f"A picture of {width} × {height} pixels is not taken.")


def _png_size(content: bytes) -> tuple[int, int] | None:
    if content[:8] != b"\x89PNG\r\n\x1a\n" or content[12:16] != b"IHDR" or len(content) < 45:
        return None
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Width and height from the first frame's header; None where there is none before the picture's own data."""
    if content[:3] != b"\xff\xd8\xff":
        return None
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF or marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        if marker in _FRAMES and at + 9 <= len(content):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        if marker == 0xDA or length < 2:
            return None
        at += 2 + length
    return None
