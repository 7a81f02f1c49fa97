"""Decisions on review items: through their layer where that is quick or it is being edited, else into the file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from qgis.PyQt.QtCore import QObject

from ...map import layers as map_layers
from ...map import tasks
from ...map.flush import flush
from ...map.project import ProjectCopies
from ...map.review import writing
from ...map.review.book import ReviewBook
from ...review import decisions, schema
from ...review.item import Item
from ...text import tr, trn
from ...twin.errors import CityTwinError
from ...twin.progress import Progress

AT_ONCE = 20  # rows that a layer writes in the main thread without holding it up


class Deciding(QObject):
    """Main thread. One for the plugin's life."""

    def __init__(self, book: ReviewBook, copies: ProjectCopies, parent: QObject) -> None:
        super().__init__(parent)
        self._book, self._copies = book, copies

    def write(
        self,
        path: str,
        items: Sequence[Item],
        decided: Callable[[Item], Item],
        over: Callable[[CityTwinError | None], None],
    ) -> None:
        """Write what is ``decided`` (asked in any thread) about ``items`` of the working copy at ``path``; ``over`` is
        called once, with what went wrong, maybe before this returns."""
        busy = self._copies.writers.try_later(path)
        if busy:
            over(writing.NotWritten(busy))
            return
        elsewhere: list[Item] = []
        try:
            for table in schema.COLLECTIONS:
                mine = [item for item in items if item.table == table]
                layer = self._book.layer(path, table) if mine else None
                if layer is None or (len(mine) > AT_ONCE and not layer.isEditable()):
                    elsewhere += mine
                    continue
                step = trn("Decide on {n} Review Item", "Decide on {n} Review Items", len(mine))
                rows = {item.fid: decisions.columns_written(decided(item)) for item in mine if item.fid is not None}
                writing.change(layer, rows, step)
        except CityTwinError as error:
            over(error)
            return
        if elsewhere:
            self._into_file(path, elsewhere, decided, over)
        else:
            self._book.refresh(path)
            over(None)

    def _into_file(
        self,
        path: str,
        items: Sequence[Item],
        decided: Callable[[Item], Item],
        over: Callable[[CityTwinError | None], None],
    ) -> None:
        file, tables = Path(path), {item.table for item in items}
        turn = self._copies.writers.turn(path, tr("Decisions are being written into {file}.", file=file.name))
        turn.begin()

        def work(progress: Progress) -> int:
            count = decisions.write(file, [decided(item) for item in items], progress)
            flush(file)
            return count

        def end(error: CityTwinError | None = None) -> None:
            map_layers.reload(file, tables)
            turn.end()
            self._book.refresh(path)
            self._copies.refresh(path)
            over(error)

        tasks.run(
            tr("Writing decisions"),
            work,
            done=lambda _count: end(),
            failed=end,
            cancelled=end,
            parent=self,
            hidden=True,
        )
