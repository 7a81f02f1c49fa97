"""Using a collection as pilots, without a window: reading some of it, the draft of the mapping, keeping it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...map import connections, network, tasks
from ...map.connections import Connection
from ...map.pilots import mappings
from ...map.pilots.restyle import restyle
from ...pilots.mapping import PilotMapping
from ...text import tr
from ...twin.client import Twin
from ...twin.errors import CityTwinError
from ...twin.model import Collection
from ...twin.progress import Progress
from .mapping_draft import Draft
from .mapping_sample import Sample, read_sample

Phase = Literal["reading", "ready", "failed"]


def may_be_pilots(collection: Collection) -> bool:
    """Whether a collection can hold areas. One that does not say what it holds may."""
    kind = collection.geometry_type
    return collection.is_features and (not kind or "Polygon" in kind)


class MappingPresenter(QObject):
    """``changed``: something else is to be shown. Main thread; the twin is asked in a task."""

    changed = pyqtSignal()

    def __init__(
        self,
        connection: str,
        collections: Sequence[Collection],
        *,
        open_twin: Callable[[Connection, Progress], Twin] = network.open_twin,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.connection = connection
        self.collections = tuple(sorted(filter(may_be_pilots, collections), key=lambda one: one.title.casefold()))
        self.kept: PilotMapping | None = mappings.kept(connection)
        self.chosen = ""  # the collection's id
        self.phase: Phase = "reading"
        self.error = ""
        self.draft: Draft | None = None
        self._open_twin = open_twin
        self._handle: tasks.TaskHandle | None = None
        self._drafts: dict[str, Draft] = {}  # by collection: who looks at another one loses nothing

    def begin(self, chosen: str = "") -> None:
        """Show ``chosen``, else what is kept, else the first."""
        ids = [one.id for one in self.collections]
        kept = self.kept.collection if self.kept else ""
        first = next((one for one in (chosen, kept) if one in ids), ids[0] if ids else "")
        if first:
            self.choose(first)
        else:
            self.phase, self.error = "failed", tr("This twin has no collection of areas.")
            self.changed.emit()

    def choose(self, identity: str) -> None:
        """Look at another collection."""
        self.stop()
        self.chosen, self.error = identity, ""
        self.draft = self._drafts.get(identity)
        self.phase = "ready" if self.draft else "reading"
        if self.draft is None:
            self._read(identity)
        self.changed.emit()

    def _read(self, identity: str) -> None:
        collection = next(one for one in self.collections if one.id == identity)
        known = connections.get(self.connection)
        if known is None:
            self.phase, self.error = "failed", tr("There is no connection {name} any more.", name=self.connection)
            return
        open_twin = self._open_twin
        self._handle = tasks.run(
            tr("Reading some of {title}", title=collection.title),
            lambda progress: read_sample(open_twin(known, progress), collection, progress),
            done=lambda sample: self._has_read(identity, sample),
            failed=lambda error: self._failed(identity, error),
            parent=self,
        )

    def _has_read(self, identity: str, sample: Sample) -> None:
        if identity == self.chosen:
            self.phase = "ready"
            self._set(Draft.begun(sample, self.kept))

    def _failed(self, identity: str, error: CityTwinError) -> None:
        if identity == self.chosen:
            self.phase, self.error = "failed", error.message
            self.changed.emit()

    def stop(self) -> None:
        """Ask nothing more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    # -- the draft

    def _set(self, draft: Draft) -> None:
        self.draft = self._drafts[self.chosen] = draft
        self.changed.emit()

    def set_column(self, ours: str, theirs: str) -> None:
        """Which column is ours; "" for none."""
        if self.draft is not None:
            self._set(self.draft.with_column(ours, theirs))

    def set_value(self, ours: str, theirs: str, word: str) -> None:
        """What a value means; "" for none of ours."""
        if self.draft is not None:
            self._set(self.draft.with_value(ours, theirs, word))

    def guess(self) -> None:
        """Begin again with what the names and values tell."""
        if self.draft is not None:
            self._set(Draft.guessed(self.draft.sample))

    # -- keeping it

    @property
    def obstacle(self) -> str:
        """Why it cannot be saved; empty where it can."""
        if self.phase == "reading":
            return tr("Please wait.")
        return self.draft.obstacle if self.draft is not None else self.error

    @property
    def replaces(self) -> str:
        """The other collection that would no longer be the pilots of this twin; empty for none."""
        other = self.kept.collection if self.kept else ""
        if not other or other == self.chosen:
            return ""
        return next((one.title for one in self.collections if one.id == other), other)

    def save(self) -> bool:
        """Keep the mapping, and draw what is in the project by it."""
        if self.obstacle or self.draft is None:
            return False
        self._keep(self.draft.mapping)
        return True

    def forget(self) -> None:
        """No collection of this twin is pilots by a mapping any more."""
        self._keep(None)

    def _keep(self, mapping: PilotMapping | None) -> None:
        before, self.kept = self.kept, mapping
        mappings.keep(self.connection, mapping)
        restyle(self.connection, {one.collection for one in (before, mapping) if one is not None})
        self.changed.emit()
