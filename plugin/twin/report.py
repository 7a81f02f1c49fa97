"""The capability report: what a twin can and cannot do, and what that means for the analyst, in plain words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from ..text import tr, trn
from .capabilities import Conformance
from .crs import crs_key
from .model import Capabilities, Collection
from .replies import scrub
from .snapshots import offers

Kind = Literal["good", "limit", "bad"]


@dataclass(frozen=True)
class Sentence:
    """One line of the report. ``limit``: it works, but with less; ``bad``: it does not work, or may do harm."""

    kind: Kind
    text: str


def sentences(capabilities: Capabilities, collections: Iterable[Collection] | None = None) -> list[Sentence]:
    """The report's lines, the most important first."""
    lines = [*_editing(capabilities), *_reading(capabilities), *_pulling(capabilities), *_more(capabilities)]
    if collections is not None:
        lines.extend(_collections(capabilities, tuple(collections)))
    lines.extend(Sentence("bad", text) for text in capabilities.problems)
    return lines


def tier_name(capabilities: Capabilities) -> str:
    """The tier in a few words, for a table or a tool tip."""
    return {
        "R": tr("Read only"),
        "W0": tr("Editable, unprotected"),
        "W1": tr("Editable, protected"),
        "W2": tr("Editable, all or nothing"),
    }[capabilities.tier]


def _editing(c: Capabilities) -> list[Sentence]:
    if not c.writable:
        return [
            Sentence(
                "limit",
                tr(
                    "You can look at this twin, check it out and pull, but not publish: it takes no edits over its API."
                ),
            )
        ]
    lines = []
    if c.tier == "W2":
        lines.append(_sets(c))
    elif c.locking == "etags":
        lines.append(
            Sentence(
                "good",
                tr("You can publish, and no edit of yours can overwrite somebody else's: every write is locked."),
            )
        )
    elif c.locking == "timestamps":
        lines.append(
            Sentence(
                "good",
                tr(
                    "You can publish, and writes are locked by the time of the last change. Two edits within the same "
                    "second cannot be told apart."
                ),
            )
        )
    else:
        lines.append(
            Sentence(
                "bad",
                tr(
                    "You can publish, but unprotected: the twin offers no lock. Each feature is compared with the "
                    "twin just before it is written, and read again afterwards, so only an edit made in that very "
                    "moment could be overwritten."
                ),
            )
        )
    lines.extend(_methods(c))
    if c.locking != "none" and not c.item_etags:
        lines.append(
            Sentence(
                "limit",
                tr(
                    "Publishing takes one more request per feature, because a checkout does not bring the version "
                    "locks along."
                ),
            )
        )
    if c.locking != "none" and "DELETE" in c.methods and not c.delete_if_match:
        lines.append(
            Sentence(
                "limit",
                tr(
                    "Deletes may not be locked: the twin does not promise it. A feature is compared just before it is "
                    "deleted."
                ),
            )
        )
    if "POST" in c.methods and not c.create_with_id:
        lines.append(
            Sentence(
                "limit",
                tr(
                    "If the connection breaks while a new feature is sent, you may be asked whether it arrived: the "
                    "twin cannot recognise a repeated one."
                ),
            )
        )
    return lines


def _sets(c: Capabilities) -> Sentence:
    if c.max_actions is None:
        return Sentence("good", tr("You can publish, and a whole set of changes lands or none of it."))
    return Sentence(
        "good",
        tr(
            "You can publish, and a whole set of up to {n} changes lands or none of it; more go as several sets.",
            n=c.max_actions,
        ),
    )


def _methods(c: Capabilities) -> list[Sentence]:
    lines = []
    if "POST" not in c.methods:
        lines.append(Sentence("limit", tr("New features cannot be published.")))
    if not {"PUT", "PATCH"} & c.methods:
        lines.append(Sentence("limit", tr("Changes to features cannot be published.")))
    elif "PATCH" not in c.methods:
        lines.append(
            Sentence(
                "limit",
                tr(
                    "A changed feature is always sent whole, so values that only the twin knows have to survive the "
                    "way back."
                ),
            )
        )
    if "DELETE" not in c.methods:
        lines.append(Sentence("limit", tr("Deletes cannot be published.")))
    return lines


def _reading(c: Capabilities) -> list[Sentence]:
    lines = []
    if c.crs_supported:
        lines.append(
            Sentence("good", tr("Coordinates come in the CRS that the twin stores, with nothing lost on the way."))
        )
    else:
        lines.append(
            Sentence(
                "limit",
                tr(
                    "Coordinates come as longitude and latitude only (WGS 84). They may be rounded, and differ by some "
                    "centimetres from the twin's own."
                ),
            )
        )
    if c.schemas:
        lines.append(
            Sentence(
                "good",
                tr("Types, allowed values and required fields are known, and edits are checked before publishing."),
            )
        )
    else:
        lines.append(
            Sentence(
                "limit",
                tr(
                    "The twin does not describe its fields. Their types are guessed from the data, and whether a "
                    "value is allowed shows only when publishing."
                ),
            )
        )
    return lines


def _pulling(c: Capabilities) -> list[Sentence]:
    """How the twin lets a pull find out what others did."""
    if c.item_etags:
        return [Sentence("good", tr("A pull sees at once which features others changed, and who did it and when."))]
    return [
        Sentence(
            "limit",
            tr(
                "A pull reads all features of the area and compares their contents: the twin does not mark which of "
                "them changed. Nor does it tell who changed them, or when."
            ),
        )
    ]


def _more(c: Capabilities) -> list[Sentence]:
    lines = []
    if c.sensorthings:
        lines.append(Sentence("good", tr("It has live sensors (SensorThings).")))
    if c.tiles3d:
        lines.append(Sentence("good", tr("It has a 3D city model (3D Tiles).")))
    if c.transactions is None and Conformance(c.conformance).has("ogcapi-features-11"):
        lines.append(
            Sentence(
                "limit",
                tr(
                    "It takes whole sets of changes, but without a version lock for each of them, so changes are sent "
                    "one by one."
                ),
            )
        )
    return lines


def _collections(c: Capabilities, collections: tuple[Collection, ...]) -> list[Sentence]:
    features = [one for one in collections if one.is_features]
    if not features:
        return [Sentence("bad", tr("It has no collections of features, so there is nothing to check out."))]
    lines = [
        Sentence(
            "good",
            trn("It has {n} collection of features.", "It has {n} collections of features.", len(features)),
        )
    ]
    known = sorted({crs_key(one.storage_crs) for one in features if one.storage_crs})
    if c.crs_supported and known:
        lines.append(Sentence("good", tr("It stores its data in {crs}.", crs=", ".join(known[:6]))))
    unknown = sum(1 for one in features if not one.storage_crs)
    if c.crs_supported and unknown:
        lines.append(
            Sentence(
                "limit",
                trn(
                    "{n} collection does not say which CRS it is stored in, and is read and written as longitude and "
                    "latitude.",
                    "{n} collections do not say which CRS they are stored in, and are read and written as longitude "
                    "and latitude.",
                    unknown,
                ),
            )
        )
    files = sum(1 for one in features if offers(one))
    if files:
        lines.append(
            Sentence(
                "good",
                trn(
                    "{n} collection is there as one file, too: checking out all of it takes a fraction of the time.",
                    "{n} collections are there as one file each, too: checking out all of one takes a fraction of the "
                    "time.",
                    files,
                ),
            )
        )
    others = len(collections) - len(features)
    if others:
        lines.append(
            Sentence(
                "limit",
                trn(
                    "{n} collection holds something else than features and cannot be checked out.",
                    "{n} collections hold something else than features and cannot be checked out.",
                    others,
                ),
            )
        )
    return lines


def as_json(capabilities: Capabilities, collections: Iterable[Collection] = ()) -> dict[str, Any]:
    """The report for machines; member names are stable, sentences are in the user's language. No secrets."""
    c, listed = capabilities, tuple(collections)
    return {
        "url": scrub(c.url),
        "title": c.title,
        "description": c.description,
        "server": c.server,
        "tier": c.tier,
        "tierName": tier_name(c),
        "locking": c.locking,
        "writable": c.writable,
        "methods": sorted(c.methods),
        "crs": c.crs_supported,
        "schemas": c.schemas,
        "queryables": c.queryables,
        "extensions": {
            "itemEtags": c.item_etags,
            "createWithId": c.create_with_id,
            "deleteIfMatch": c.delete_if_match,
        },
        "transactions": scrub(c.transactions) if c.transactions else None,
        "maxActions": c.max_actions,
        "sensorThings": scrub(c.sensorthings) if c.sensorthings else None,
        "tiles3d": [scrub(one.href) for one in c.tiles3d],
        "conformance": list(c.conformance),
        "report": [{"kind": s.kind, "text": s.text} for s in sentences(c, listed or None)],
        "problems": list(c.problems),
        "collections": [_collection_json(one) for one in listed],
    }


def _collection_json(one: Collection) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": one.title,
        "description": one.description,
        "features": one.is_features,
        "geometryType": one.geometry_type or None,
        "hasZ": one.has_z,
        "count": one.count,
        "extent": list(one.extent) if one.extent else None,
        "licence": one.licence,
        "attribution": one.attribution,
        "crs": list(one.crs),
        "storageCrs": one.storage_crs,
        "methods": sorted(one.methods),
        "editable": one.editable,
        "items": scrub(one.items_url),
        "schema": scrub(one.schema_url) if one.schema_url else None,
        "files": [offer.kind for offer in offers(one)],
    }
