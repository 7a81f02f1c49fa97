"""The SQL of plain tables. Values travel as parameters, identifiers through `fill` alone, which quotes each of them."""

from __future__ import annotations

from collections.abc import Sequence

from ..workcopy.sql import COLUMNS, HAS_TABLE, WIDEN_CONTENTS, Fragment, fill, marks

__all__ = [
    "COLUMNS", "HAS_TABLE", "SRID", "WIDEN_CONTENTS", "fids_where", "insert_values", "select", "set_values",
]  # fmt: skip

SRID = "SELECT srs_id FROM gpkg_geometry_columns WHERE table_name = ?"


def select(table: str, columns: Sequence[str]) -> str:
    """All rows, in the order in which they were made."""
    return fill("SELECT {columns} FROM {table} ORDER BY fid", table=table, columns=columns)


def fids_where(table: str, column: str) -> str:
    """The fids of the rows with that value."""
    return fill("SELECT fid FROM {table} WHERE {column} = ? ORDER BY fid", table=table, column=column)


def insert_values(table: str, columns: Sequence[str]) -> str:
    """Insert a row."""
    if not columns:
        return fill("INSERT INTO {table} DEFAULT VALUES", table=table)
    return fill(
        "INSERT INTO {table} ({columns}) VALUES ({marks})", table=table, columns=columns, marks=marks(len(columns))
    )


def set_values(table: str, columns: Sequence[str]) -> str:
    """Set columns of the row of a fid, which comes last."""
    each = (fill("{name} = ?", name=name) for name in columns)
    return fill("UPDATE {table} SET {each} WHERE fid = ?", table=table, each=Fragment(", ".join(each)))
