"""How many changes wait to be published, at the corner of the Changes page's icon."""

from __future__ import annotations

from qgis.PyQt.QtCore import QObject

from ..map.project import ProjectCopies
from ..text import tr, trn
from .rail import RailButton

_MOST = 99


class ChangeBadge(QObject):
    """Counts over all working copies of the project."""

    def __init__(self, copies: ProjectCopies, button: RailButton, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._copies = copies
        self._button = button
        copies.copiesChanged.connect(self._count)
        copies.counted.connect(self._count)
        self._count()

    def _count(self, *_what: object) -> None:
        known = (self._copies.counts(str(copy.path)) for copy in self._copies.copies())
        total = sum(one.total for counts in known if counts for one in counts.values())
        if not total:
            self._button.set_badge("", "")
            return
        text = str(total) if total <= _MOST else tr("{n}+", n=_MOST)
        self._button.set_badge(text, trn("{n} change to publish", "{n} changes to publish", total))
