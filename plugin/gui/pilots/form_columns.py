"""Our columns, and what a pilot's value calls each."""

from __future__ import annotations

from ...pilots import schema as cols

# where the value is called otherwise than its column
_OTHERWISE = {
    cols.HISTORY: "history",
    cols.START: "start",
    cols.END: "end",
    cols.CONTACT: "contact",
    cols.BUDGET: "budget",
}


def attribute(column: str) -> str:
    """The attribute of `Pilot` that holds a column."""
    return _OTHERWISE.get(column, column)


def described() -> tuple[str, ...]:
    """All columns that a user describes a pilot with."""
    return tuple(one.name for one in cols.schema().properties if not one.read_only)
