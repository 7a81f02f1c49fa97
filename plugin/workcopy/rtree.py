"""A GeoPackage R-tree written in bulk: packed with Sort-Tile-Recursive straight into SQLite's node tables.

The node format is that of SQLite's rtree.c: big endian, a two-byte depth (root only), a two-byte cell count, then cells
of an eight-byte id and four floats (min x, max x, min y, max y), rounded outwards. Later edits go through the ordinary
triggers and stay right.
"""

from __future__ import annotations

import math
import sqlite3
import struct

import numpy as np
import numpy.typing as npt

from . import sql

_CELL = np.dtype([("id", ">i8"), ("box", ">f4", (4,))])
_MAX_CELLS = 51  # rtree.c RTREE_MAXCELLS
_NODE_BYTES = 4 + _MAX_CELLS * _CELL.itemsize
_FILL = 45  # cells in a packed node, so that the first edits do not split every one

Ids = npt.NDArray[np.int64]
Boxes = npt.NDArray[np.float64]  # (n, 4): min x, min y, max x, max y


def pack(connection: sqlite3.Connection, table: str, geometry: str, ids: Ids, boxes: Boxes) -> None:
    """Fill the empty R-tree of ``table`` with ``boxes``. The caller holds the transaction."""
    name = f"rtree_{table}_{geometry}"
    node, rowid, parent = (f"{name}_{kind}" for kind in ("node", "rowid", "parent"))
    if len(ids) == 0:
        return
    cells = np.empty(len(ids), dtype=_CELL)
    cells["id"] = ids
    cells["box"] = _outwards(boxes)
    cells = cells[_tiles(cells)]
    depth = 0
    next_node = 2  # 1 is the root
    child_of_leaf = True
    while len(cells) > _MAX_CELLS:
        starts = range(0, len(cells), _FILL)
        numbers = np.arange(next_node, next_node + len(starts), dtype=np.int64)
        next_node += len(starts)
        blobs = []
        above = np.empty(len(starts), dtype=_CELL)
        above["id"] = numbers
        for index, start in enumerate(starts):
            part = cells[start : start + _FILL]
            blobs.append(_node(0, part))
            box = part["box"]
            above["box"][index] = (box[:, 0].min(), box[:, 1].max(), box[:, 2].min(), box[:, 3].max())
        connection.executemany(sql.put_node(node), zip(numbers.tolist(), blobs))
        _point_up(connection, rowid if child_of_leaf else parent, cells["id"], np.repeat(numbers, _FILL)[: len(cells)])
        child_of_leaf = False
        depth += 1
        cells = above[_tiles(above)]
    connection.execute(sql.put_node(node), (1, _node(depth, cells)))
    _point_up(connection, rowid if child_of_leaf else parent, cells["id"], np.ones(len(cells), dtype=np.int64))


def clear(connection: sqlite3.Connection, table: str, geometry: str) -> None:
    """Take all boxes out of the R-tree of ``table``, at once. The caller holds the transaction."""
    name = f"rtree_{table}_{geometry}"
    for kind in ("node", "rowid", "parent"):
        connection.execute(sql.clear(f"{name}_{kind}"))
    connection.execute(sql.put_node(f"{name}_node"), (1, _node(0, np.empty(0, dtype=_CELL))))


def _point_up(connection: sqlite3.Connection, table: str, ids: Ids, parents: Ids) -> None:
    connection.executemany(sql.put_parent(table), zip(ids.tolist(), parents.tolist()))


def _node(depth: int, cells: npt.NDArray[np.void]) -> bytes:
    return (struct.pack(">HH", depth, len(cells)) + cells.tobytes()).ljust(_NODE_BYTES, b"\0")


def _outwards(boxes: Boxes) -> npt.NDArray[np.float32]:
    ordered = boxes[:, [0, 2, 1, 3]]
    with np.errstate(over="ignore"):  # beyond single precision is infinity, as in SQLite
        single = ordered.astype(np.float32)
    for column, away, wrong in (
        (0, -np.inf, np.greater),
        (1, np.inf, np.less),
        (2, -np.inf, np.greater),
        (3, np.inf, np.less),
    ):
        off = wrong(single[:, column].astype(np.float64), ordered[:, column])
        single[off, column] = np.nextafter(single[off, column], np.float32(away))
    return single


def _tiles(cells: npt.NDArray[np.void]) -> npt.NDArray[np.intp]:
    """The order that puts neighbours in one node: vertical slices, each from south to north."""
    box = cells["box"].astype(np.float64)
    with np.errstate(invalid="ignore"):  # from infinity to infinity there is no middle
        x = box[:, 0] + box[:, 1]
        y = box[:, 2] + box[:, 3]
    by_x = np.argsort(x, kind="stable")
    nodes = math.ceil(len(cells) / _FILL)
    slice_length = max(1, math.ceil(math.sqrt(nodes))) * _FILL
    slices = np.empty(len(cells), dtype=np.int64)
    slices[by_x] = np.arange(len(cells)) // slice_length
    order: npt.NDArray[np.intp] = np.lexsort((y, slices))
    return order
