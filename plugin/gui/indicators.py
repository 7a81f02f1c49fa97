"""The layer tree's marks: a pencil at every layer that holds unpublished changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qgis.core import QgsLayerTreeLayer, QgsProject, QgsVectorLayer
from qgis.gui import QgsLayerTreeView, QgsLayerTreeViewIndicator
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QModelIndex, QObject, QTimer

from ..map.layers import origin_of
from ..map.project import ProjectCopies
from ..text import tr
from ..workcopy.changes import Counts
from .change_words import counted
from .icons import icon
from .tool_tip import tool_tip


@dataclass(frozen=True)
class Mark:
    """What an indicator says."""

    icon: str
    words: str


def mark_of(counts: Counts | None, broken: tuple[str, ...]) -> Mark | None:
    """The mark of a layer; None where it has nothing to say."""
    if broken:
        return Mark("change-problem", " ".join(broken))
    if counts is None or not (counts.total or counts.conflicts):
        return None
    if counts.conflicts:
        return Mark(
            "change-conflict",
            tr("{counts}: somebody else changed the same features. Click to see them.", counts=counted(counts)),
        )
    return Mark("unpublished", tr("{counts}, not published. Click to see them.", counts=counted(counts)))


class ChangeIndicators(QObject):
    """Keeps the marks right while layers come and go and edits are made. ``clicked`` is called with the layer."""

    def __init__(
        self, view: QgsLayerTreeView, copies: ProjectCopies, clicked: Callable[[QgsVectorLayer], None] | None = None
    ) -> None:
        super().__init__(view)
        self._view = view
        self._copies = copies
        self._clicked = clicked
        self._marks: list[tuple[QgsLayerTreeLayer, QgsLayerTreeViewIndicator, Mark]] = []
        self._soon = QTimer(self)  # a project that loads adds hundreds of nodes in one go
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._mark)
        copies.copiesChanged.connect(self._later)
        copies.counted.connect(self._later)
        copies.broken.connect(self._later)
        self._model = view.layerTreeModel()
        self._model.rowsInserted.connect(self._later)
        self._model.rowsAboutToBeRemoved.connect(self._let_go)
        self._later()

    def stop(self) -> None:
        """Take all marks away and listen no more."""
        self._soon.stop()
        for signal in (self._copies.copiesChanged, self._copies.counted, self._copies.broken):
            signal.disconnect(self._later)
        self._model.rowsInserted.disconnect(self._later)
        self._model.rowsAboutToBeRemoved.disconnect(self._let_go)
        self._drop_all()

    def marks(self) -> dict[str, Mark]:
        """Layer id → its mark, as shown now."""
        return {node.layerId(): mark for node, _, mark in self._marks if not sip.isdeleted(node)}

    def _later(self, *_anything: object) -> None:
        self._soon.start()

    def _let_go(self, *_anything: object) -> None:
        """Nodes are about to go. The view keeps indicators by its nodes' addresses, and forgets none by itself: one
        that we deleted later would be painted at whatever node is made at the same address (seen: a crash)."""
        self._drop_all()
        self._later()

    def _drop_all(self) -> None:
        marks, self._marks = self._marks, []
        for node, indicator, _ in marks:
            self._drop(node, indicator)

    def _mark(self) -> None:
        wanted = self._wanted()
        kept = []
        for node, indicator, mark in self._marks:
            if not sip.isdeleted(node) and any(n is node and m == mark for n, m in wanted):
                kept.append((node, indicator, mark))
                wanted = [(n, m) for n, m in wanted if n is not node]
            else:
                self._drop(node, indicator)
        for node, mark in wanted:
            indicator = QgsLayerTreeViewIndicator(self)
            indicator.setIcon(icon(mark.icon))
            indicator.setToolTip(tool_tip(mark.words))
            indicator.clicked.connect(self._on_clicked)
            self._view.addIndicator(node, indicator)
            kept.append((node, indicator, mark))
        self._marks = kept

    def _wanted(self) -> list[tuple[QgsLayerTreeLayer, Mark]]:
        known = {str(copy.path): copy for copy in self._copies.copies()}
        out = []
        for node in QgsProject.instance().layerTreeRoot().findLayers():
            layer = node.layer()
            origin = origin_of(layer) if isinstance(layer, QgsVectorLayer) else None
            copy = known.get(str(origin[0])) if origin else None
            if origin is None or copy is None:
                continue
            counts = self._copies.counts(copy.path) or {}
            mark = mark_of(counts.get(origin[1]), copy.problems.get(origin[1], ()))
            if mark is not None:
                out.append((node, mark))
        return out

    def _drop(self, node: QgsLayerTreeLayer, indicator: QgsLayerTreeViewIndicator) -> None:
        if not sip.isdeleted(node):
            self._view.removeIndicator(node, indicator)
        indicator.deleteLater()

    def _on_clicked(self, index: QModelIndex) -> None:
        node = self._view.index2node(index)
        if self._clicked is not None and isinstance(node, QgsLayerTreeLayer):
            self._clicked(node.layer())
