"""A GeoPackage R-tree written in bulk: packed with Sort-Tile-Recursive straight into SQLite's node tables.

The node format is that of SQLite's rtree.c: big endian, a two-byte depth (root only), a two-byte cell count, then cells
of an eight-byte id and four floats (min x, max x, min y, max y), rounded outwards. Later edits go through the ordinary
triggers and stay right.
"""

from __future__ import annotations

import math
import sqlite3
import struct
from array import array
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from . import sql

_CELL = np.dtype([("id", ">i8"), ("box", ">f4", (4,))])
_MAX_CELLS = 51  # rtree.c RTREE_MAXCELLS
_NODE_BYTES = 4 + _MAX_CELLS * _CELL.itemsize
_FILL = 45  # cells in a packed node, so that the first edits do not split every one

_AT_ONCE = 10_000  # rows
_POINTERS = 400  # in one statement

Ids = npt.NDArray[np.int64]
Boxes = npt.NDArray[np.float64]  # (n, 4): min x, min y, max x, max y


class Cells:
    """Boxes on their way into an R-tree: 24 bytes each, which is what they take in the file."""

    def __init__(self) -> None:
        self._extent: tuple[float, float, float, float] | None = None
        self._cells = bytearray()
        self._ids = array("q")  # of the last few
        self._boxes = array("d")

    @property
    def extent(self) -> tuple[float, float, float, float] | None:
        """Min x, min y, max x, max y of all boxes."""
        self._convert()
        return self._extent

    def add(self, ids: Iterable[int], boxes: array[float]) -> None:
        """Append the ``boxes`` (min x, min y, max x, max y of each) of the rows ``ids``."""
        self._ids.extend(ids)
        self._boxes.extend(boxes)
        if len(self._ids) > _AT_ONCE:
            self._convert()

    def add_many(self, ids: Ids, boxes: Boxes) -> None:
        """`add` for arrays."""
        self._convert()
        if not len(ids):
            return
        cells = np.empty(len(ids), dtype=_CELL)
        cells["id"] = ids
        cells["box"] = _outwards(boxes)
        self._cells += cells.tobytes()
        low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
        if self._extent is not None:
            low, high = np.minimum(low, self._extent[:2]), np.maximum(high, self._extent[2:])
        self._extent = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))

    def _convert(self) -> None:
        ids, boxes = self._ids, self._boxes
        if ids:
            self._ids, self._boxes = array("q"), array("d")
            self.add_many(np.frombuffer(ids, dtype=np.int64), np.frombuffer(boxes, dtype=np.float64).reshape(-1, 4))

    def drop(self, ids: Sequence[int]) -> None:
        """Leave out the boxes of the rows ``ids``."""
        self._convert()
        cells = np.frombuffer(self._cells, dtype=_CELL)
        self._cells = bytearray(cells[~np.isin(cells["id"], np.array(ids, dtype=np.int64))].tobytes())

    def pack(self, connection: sqlite3.Connection, table: str, geometry: str) -> None:
        """Fill the empty R-tree of ``table``. The caller holds the transaction."""
        name = f"rtree_{table}_{geometry}"
        node, rowid, parent = (f"{name}_{kind}" for kind in ("node", "rowid", "parent"))
        self._convert()
        cells = np.frombuffer(self._cells, dtype=_CELL)
        if len(cells) == 0:
            return
        depth = 0
        next_node = 2  # 1 is the root
        above = rowid  # the table that tells where the cells of this level are
        while True:
            # not cells[order]: a million boxes would be there twice
            order = _tiles(cells)
            if len(cells) <= _MAX_CELLS:
                break
            starts = range(0, len(cells), _FILL)
            numbers = np.arange(next_node, next_node + len(starts), dtype=np.int64)
            next_node += len(starts)
            upper = np.empty(len(starts), dtype=_CELL)
            upper["id"] = numbers
            connection.executemany(sql.put_node(node), _nodes(cells, order, starts, upper))
            for first in range(0, len(cells), _AT_ONCE):
                part = order[first : first + _AT_ONCE]
                holders = numbers[np.arange(first, first + len(part)) // _FILL]
                _point_up(connection, above, cells["id"][part], holders)
            above = parent
            depth += 1
            cells = upper
        connection.execute(sql.put_node(node), (1, _node(depth, cells[order])))
        _point_up(connection, above, cells["id"], np.ones(len(cells), dtype=np.int64))


def _nodes(
    cells: npt.NDArray[np.void], order: npt.NDArray[np.intp], starts: range, upper: npt.NDArray[np.void]
) -> Iterator[tuple[int, bytes]]:
    """The nodes of one level, with their numbers; the box of each goes into ``upper``."""
    for index, start in enumerate(starts):
        part = cells[order[start : start + _FILL]]
        box = part["box"]
        upper["box"][index] = (box[:, 0].min(), box[:, 1].max(), box[:, 2].min(), box[:, 3].max())
        yield int(upper["id"][index]), _node(0, part)


def pack(connection: sqlite3.Connection, table: str, geometry: str, ids: Ids, boxes: Boxes) -> None:
    """Fill the empty R-tree of ``table`` with ``boxes``. The caller holds the transaction."""
    cells = Cells()
    cells.add_many(ids, boxes)
    cells.pack(connection, table, geometry)


def clear(connection: sqlite3.Connection, table: str, geometry: str) -> None:
    """Take all boxes out of the R-tree of ``table``, at once. The caller holds the transaction."""
    name = f"rtree_{table}_{geometry}"
    for kind in ("node", "rowid", "parent"):
        connection.execute(sql.clear(f"{name}_{kind}"))
    connection.execute(sql.put_node(f"{name}_node"), (1, _node(0, np.empty(0, dtype=_CELL))))


def _point_up(connection: sqlite3.Connection, table: str, ids: Ids, parents: Ids) -> None:
    for first in range(0, len(ids), _POINTERS):
        pairs = np.stack((ids[first : first + _POINTERS], parents[first : first + _POINTERS]), axis=1)
        connection.execute(sql.put_parents(table, len(pairs)), pairs.ravel().tolist())


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
    nodes = math.ceil(len(cells) / _FILL)
    slice_length = max(1, math.ceil(math.sqrt(nodes))) * _FILL
    slices = np.empty(len(cells), dtype=np.int32)
    slices[np.argsort(_middles(cells, 0), kind="stable")] = np.arange(len(cells), dtype=np.int32) // slice_length
    order: npt.NDArray[np.intp] = np.lexsort((_middles(cells, 2), slices))
    return order


def _middles(cells: npt.NDArray[np.void], side: int) -> npt.NDArray[np.float32]:
    """Where boxes have their middle, times two; single precision is enough to put them into an order."""
    box = cells["box"]
    with np.errstate(over="ignore", invalid="ignore"):
        middles: npt.NDArray[np.float32] = box[:, side].astype(np.float32) + box[:, side + 1].astype(np.float32)
    return middles
