"""Working copies with conflicts of every kind, made by hand as a pull leaves them, and the clicks to resolve them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plugin.twin.model import Item, Property
from plugin.workcopy import books, conflicts, settle
from plugin.workcopy.columns import to_stored
from plugin.workcopy.connection import opened, transaction
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.geometry import encode
from plugin.workcopy.merge import merge
from tests.hand_made import Given, houses, make

WHO, WHEN = "p.jansen", "2026-11-21T13:05:00Z"
TREE = (Property("species", "string", "Species", required=True), Property("height", "number", "Height", unit="m"))
STREET = (Property("name", "string", "Name"), Property("max_speed", "integer", "Maximum speed", minimum=5, maximum=130))
CONTACT = (Property("name", "string", "Name"), Property("remarks", "string", "Remarks", max_length=500))


def ring(*corners: tuple[float, ...]) -> dict[str, Any]:
    """A MultiPolygon of one part."""
    return {"type": "MultiPolygon", "coordinates": [[[list(corner) for corner in (*corners, corners[0])]]]}


def line(*points: tuple[float, ...]) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": [list(point) for point in points]}


def point(x: float, y: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [x, y]}


def small_city(path: Path) -> WorkingCopy:
    """Six houses, two trees, two streets with heights, and a table of contacts."""
    trees = [Item(f"t{n}", {"species": "Tilia", "height": 9.0}, point(92010 + 15 * n, 437030), '"v1"') for n in (1, 2)]
    streets = [
        Item(
            f"s{n}", {"name": f"Street {n}", "max_speed": 50}, line((92000, 436990 - n, 1), (92060, 436990, 2)), '"v1"'
        )
        for n in (1, 2)
    ]
    people = [Item("c1", {"name": "Desk", "remarks": "Call first"}, None, '"v1"')]
    return make(
        path,
        {
            "buildings": houses(6),
            "trees": Given(trees, TREE, "Point", title="Trees"),
            "streets": Given(streets, STREET, "LineString", has_z=True, title="Streets"),
            "contacts": Given(people, CONTACT, "none", title="Contacts"),
        },
    )


def mine(
    copy: WorkingCopy, table: str, identity: str, geometry: Mapping[str, Any] | None = None, **values: Any
) -> None:
    """We change a feature; without values we delete it."""
    source = copy.source(table)
    with opened(copy.path, write=True) as connection, transaction(connection):
        if not values and geometry is None:
            connection.execute(f'DELETE FROM "{table}" WHERE twin_id = ?', (identity,))
        for column, value in _stored(copy, table, geometry, values).items():
            assert column in source.tracked, column
            connection.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE twin_id = ?', (value, identity))


def add(copy: WorkingCopy, table: str, geometry: Mapping[str, Any], **values: Any) -> int:
    """We add a feature; its fid."""
    with opened(copy.path, write=True) as connection, transaction(connection):
        row = _stored(copy, table, geometry, values)
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" for _ in row)
        cursor = connection.execute(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', tuple(row.values()))
        return int(cursor.lastrowid or 0)


def theirs(
    copy: WorkingCopy,
    table: str,
    identity: str,
    geometry: Mapping[str, Any] | None = None,
    *,
    token: str = '"v9"',
    fid: int | None = None,
    gone: bool = False,
    **values: Any,
) -> None:
    """Somebody else changed (``gone``: deleted; ``fid``: added what our row ``fid`` is) a feature; a pull saw it."""
    source = copy.source(table)
    with opened(copy.path, write=True) as connection, transaction(connection):
        if fid is not None:
            row, base, before = settle.row_by_fid(connection, source, fid), None, {}
        else:
            row = settle.row_by_id(connection, source, identity)
            base = settle.base_of(connection, source, identity) or row
            before = dict(base.values) if base else {}
        now = None if gone else {**before, **_stored(copy, table, geometry, values)}
        held = base.values if base else None
        ours = row.values if row else None
        merged = merge(held, ours, now, source.fields)
        assert merged.kind, "this is no conflict"
        conflicts.keep(
            connection, source, merged, identity, row.fid if row else None, (held, ours, now), token, WHO,
            None if gone else WHEN, "2026-11-22T09:00:00Z",
        )  # fmt: skip


def _stored(copy: WorkingCopy, table: str, geometry: Mapping[str, Any] | None, values: Mapping[str, Any]) -> Any:
    source = copy.source(table)
    row: dict[str, Any] = {name: to_stored(value, source.kind(name)) for name, value in values.items()}
    if geometry is not None:
        row["geom"] = encode(geometry, source.srid, z=source.has_z or None)[0]
    return row


def forget(copy: WorkingCopy, table: str, identity: str) -> None:
    """Somebody resolved it elsewhere."""
    with opened(copy.path, write=True) as connection, transaction(connection):
        connection.execute(books.DROP_CONFLICT, (table, identity))


def clashing_city(path: Path) -> WorkingCopy:
    """Every kind of conflict.

    b1 clashes on geometry, name and height, and takes storeys of mine, function of theirs; b2 they deleted, b3 we; b4
    clashes on its height alone, t1 on its place, s1 on its heights, c1 (no geometry) on a text; n1 was added twice.
    """
    copy = small_city(path)
    x, y = 92020.0, 437000.0
    mine(copy, "buildings", "b1", ring((x, y), (x + 12, y), (x + 12, y + 10), (x, y + 10)),
         name="Laurenskerk", height=12.5, storeys=5, built="1932-04-01")  # fmt: skip
    theirs(copy, "buildings", "b1", ring((x, y), (x + 10, y), (x + 13, y + 5), (x + 10, y + 10), (x, y + 10)),
           name="St. Laurens", height=14.25, function="shop", built="1932-04-01")  # fmt: skip
    mine(copy, "buildings", "b2", height=31.0, name="Witte Huis")
    theirs(copy, "buildings", "b2", gone=True)
    mine(copy, "buildings", "b3")
    theirs(copy, "buildings", "b3", height=77.0)
    mine(copy, "buildings", "b4", height=20.0)
    theirs(copy, "buildings", "b4", height=21.0)
    fid = add(copy, "buildings", ring((92200, y), (92210, y), (92210, y + 10), (92200, y + 10)),
              name="New pavilion", function="shop", height=4.0)  # fmt: skip
    theirs(copy, "buildings", "n1", ring((92200, y), (92211, y), (92211, y + 10), (92200, y + 10)), fid=fid,
           name="Pavilion", function="shop", height=4.5)  # fmt: skip
    mine(copy, "trees", "t1", point(92026, 437031))
    theirs(copy, "trees", "t1", point(92023, 437033), species="Quercus")
    mine(copy, "streets", "s1", line((92000, 436989, 1), (92060, 436990, 4)))
    theirs(copy, "streets", "s1", line((92000, 436989, 1), (92060, 436990, 3)))
    mine(copy, "contacts", "c1", remarks="Call first, before noon\nAsk for Els")
    theirs(copy, "contacts", "c1", remarks="Closed on Mondays")
    return WorkingCopy.open(path)
