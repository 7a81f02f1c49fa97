"""Items that come as FlatGeobuf, page by page: read as if they were one file, which is never more than a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..text import tr
from ..twin.errors import BadResponse
from ..twin.snapshots import Arrived
from .snapshot_fgb import Batch, FileColumn, FlatGeobuf, Header
from .snapshot_flatbuffers import BadSnapshot

Next = Callable[[str], Arrived]  # brings the page at an address


class FlatGeobufPages:
    """The pages that begin with ``arrived``, as `FlatGeobuf`. Raises the errors of a request, too."""

    def __init__(self, arrived: Arrived, bring: Next) -> None:
        self._arrived = arrived
        self._bring = bring
        self._page: FlatGeobuf | None = FlatGeobuf(arrived.path)
        self.header: Header = self._page.header

    def close(self) -> None:
        if self._page is not None:
            self._page.close()

    @property
    def columns(self) -> tuple[FileColumn, ...]:
        return self.header.columns

    @property
    def crs(self) -> tuple[str, int] | None:
        return self.header.crs

    def batches(self, srid: int, *, multi: bool, z: bool | None, geometry: bool = True) -> Iterator[Batch]:
        """Every feature of every page."""
        seen = {self._arrived.offer.url}
        while self._page is not None:
            yield from self._page.batches(srid, multi=multi, z=z, geometry=geometry)
            self._page.close()
            self._page = None
            following = self._arrived.following
            if following is None:
                return
            if following in seen:
                raise BadResponse(tr("The twin's pages lead in a circle."), detail=following)
            seen.add(following)
            self._arrived = self._bring(following)
            self._page = FlatGeobuf(self._arrived.path)
            if (self._page.columns, self._page.crs) != (self.header.columns, self.header.crs):
                raise BadSnapshot("a page with other columns")
