"""The publish history without a window: every publish of one working copy, and what became of each feature."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..map import protection, tasks
from ..text import tr, trn
from ..twin.errors import CityTwinError
from ..workcopy.copy import WorkingCopy
from ..workcopy.history import Publication, Sent, as_csv, publications, sent
from . import csv_file
from .change_words import kind_word
from .moments import moment


@dataclass(frozen=True)
class Line:
    """One publish in words."""

    publication: Publication
    when: str
    message: str
    twin: str
    result: str
    protection: str
    trouble: bool  # not everything was published


class HistoryPresenter(QObject):
    """Files are read in tasks; main thread."""

    changed = pyqtSignal()  # the publishes, or why they cannot be read
    chosen = pyqtSignal()  # the features of the one that is chosen

    def __init__(self, copy: WorkingCopy, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.copy = copy
        self.lines: tuple[Line, ...] = ()
        self.current: Line | None = None
        self.features: tuple[Sent, ...] = ()
        self.error = ""
        self.loading = False
        self._titles = {source.table: source.title or source.table for source in copy.sources}

    def load(self) -> None:
        """Read the publishes (again)."""
        copy = self.copy
        self.loading, self.error = True, ""
        self._run(lambda: publications(copy), self._loaded)
        self.changed.emit()

    def _loaded(self, found: list[Publication]) -> None:
        known = {line.publication.id for line in self.lines}
        before = self.current.publication.id if self.current else ""
        self.loading = False
        self.lines = tuple(_line(one) for one in found)
        newest = self.lines[0] if self.lines else None
        if newest is not None and newest.publication.id in known:  # else it is why one looks
            newest = next((line for line in self.lines if line.publication.id == before), newest)
        self.current = newest
        self.changed.emit()
        self.choose(newest)

    def choose(self, line: Line | None) -> None:
        """Read what became of the features of a publish."""
        self.current, self.features = line, ()
        if line is None:
            self.chosen.emit()
            return
        copy, identity = self.copy, line.publication.id

        def done(found: list[Sent]) -> None:
            if self.current is not None and self.current.publication.id == identity:
                self.features = tuple(sorted(found, key=lambda one: _ORDER.get(one.state, 0)))
                self.chosen.emit()

        self._run(lambda: sent(copy, identity), done)

    def layer(self, feature: Sent) -> str:
        """What the feature's layer is called."""
        return self._titles.get(feature.table, feature.table)

    def save(self, path: Path, publication: str | None, done: Callable[[str], None]) -> None:
        """Write one publish, or all of them, as CSV; ``done`` gets a sentence."""
        copy = self.copy

        def work() -> str:
            csv_file.write(path, csv.reader(io.StringIO(as_csv(copy, publication))))
            return tr("The history is in {file}.", file=path.name)

        tasks.run(
            tr("Writing {file}", file=path.name),
            lambda _progress: work(),
            done=done,
            failed=lambda error: done(error.message),
            parent=self,
        )

    def _run(self, work: Callable[[], object], done: Callable[..., None]) -> None:
        tasks.run(
            tr("Reading the publish history"), lambda _progress: work(), done=done, failed=self._failed, parent=self
        )

    def _failed(self, error: CityTwinError) -> None:
        self.loading, self.error = False, error.message
        self.changed.emit()


# what needs attention first
_ORDER = {state: n for n, state in enumerate(("clash", "held", "sending", "rejected", "invalid", "unsent", "dropped"))}
_ORDER["published"] = len(_ORDER)


def _line(one: Publication) -> Line:
    return Line(
        one,
        moment(one.started),
        " ".join(one.message.split()),
        one.twin,
        result_words(one),
        protection.word(one.protection),
        bool(one.clashes or one.failed or one.held or one.unsent or one.stopped or one.ended is None),
    )


def result_words(one: Publication) -> str:
    """ "12 published, 1 conflict"."""
    parts = []
    if one.published:
        parts.append(trn("{n} published", "{n} published", one.published))
    if one.clashes:
        parts.append(trn("{n} conflict", "{n} conflicts", one.clashes))
    if one.failed:
        parts.append(trn("{n} not published", "{n} not published", one.failed))
    if one.held:
        parts.append(trn("{n} held back", "{n} held back", one.held))
    if one.unsent:
        parts.append(trn("{n} not sent", "{n} not sent", one.unsent))
    return ", ".join(parts) or tr("nothing was sent")


def feature_state(state: str) -> tuple[str, str]:
    """A feature's result in words, and its icon."""
    return {
        "published": (tr("Published"), "change-published"),
        "clash": (tr("Conflict"), "change-conflict"),
        "held": (tr("Held back"), "change-held"),
        "sending": (tr("Cut off"), "change-held"),
        "rejected": (tr("Not published"), "change-problem"),
        "invalid": (tr("Has a problem"), "change-problem"),
        "unsent": (tr("Not sent"), "change-unsent"),
        "dropped": (tr("Discarded"), "change-unsent"),
    }.get(state, (state, "change-held"))


def story(line: Line) -> str:
    """One publish in sentences."""
    one = line.publication
    head = tr("“{message}”", message=one.message.strip()) if one.message.strip() else tr("Without a message.")
    cut = tr("It was cut off before its end.") if one.ended is None else ""
    return "\n".join(filter(None, (head, one.stopped, cut)))


def change_word(feature: Sent) -> str:
    """New, changed or deleted."""
    return kind_word(feature.kind)
