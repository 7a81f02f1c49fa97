"""The twins that a working copy came from, and how to reach them from here."""

from __future__ import annotations

from dataclasses import dataclass

from ..workcopy.copy import WorkingCopy
from . import connections
from .connections import Connection


@dataclass(frozen=True)
class Origin:
    """One twin of a working copy."""

    url: str
    title: str
    connection: Connection
    saved: bool  # False: nobody saved a connection to it, so it is asked without credentials
    tables: tuple[str, ...]


def origins_of(copy: WorkingCopy) -> tuple[Origin, ...]:
    """The twins of ``copy``, in the order of its tables. A saved connection to one gives its name and credentials."""
    out = []
    for url in dict.fromkeys(source.url for source in copy.sources):
        sources = [source for source in copy.sources if source.url == url]
        known = connections.find_by_url(url)
        told = str(sources[0].capabilities.get("title") or "")
        title = known.name if known else told or url
        connection = known or Connection(told or url, url)
        out.append(Origin(url, title, connection, known is not None, tuple(source.table for source in sources)))
    return tuple(out)
