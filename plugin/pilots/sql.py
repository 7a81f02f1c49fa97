"""The SQL of this package: reading what lies in a box. Identifiers come in through `workcopy.sql.fill` alone."""

from __future__ import annotations

from collections.abc import Sequence

from ..workcopy.sql import fill


def rows(table: str, columns: Sequence[str]) -> str:
    """Every row's ``columns``."""
    return fill("SELECT {columns} FROM {table}", table=table, columns=columns)


def rows_in_box(table: str, geometry: str, columns: Sequence[str]) -> str:
    """The rows whose box meets a box, by the file's R-tree. Parameters: max x, min x, max y, min y of the question."""
    return fill(
        "SELECT {columns} FROM {table} WHERE {key} IN "
        "(SELECT id FROM {tree} WHERE minx <= ? AND maxx >= ? AND miny <= ? AND maxy >= ?)",
        table=table,
        columns=columns,
        key="fid",
        tree=tree(table, geometry),
    )


def count(table: str) -> str:
    """How many rows."""
    return fill("SELECT COUNT(*) FROM {table}", table=table)


def count_in_tree(table: str, geometry: str) -> str:
    """How many rows have a geometry: counting the R-tree's own list reads a hundredth of what the table would."""
    return fill("SELECT COUNT(*) FROM {table}", table=f"{tree(table, geometry)}_rowid")


def bounds(table: str, geometry: str) -> str:
    """The box of all rows: min x, min y, max x, max y; nulls where none has a geometry."""
    return fill("SELECT MIN(minx), MIN(miny), MAX(maxx), MAX(maxy) FROM {table}", table=tree(table, geometry))


def tree(table: str, geometry: str) -> str:
    """The name of the R-tree."""
    return f"rtree_{table}_{geometry}"
