"""What a pull brought, in the user's words."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import Qgis

from ..text import tr, trn
from ..twin.report import Sentence
from ..workcopy.changes import Counts
from ..workcopy.pull import LayerPull
from .change_words import counted
from .moments import moment
from .pull_presenter import Editing, PullResult

_LISTED = 50  # features of a layer whose merged columns are named


def headline(result: PullResult) -> str:
    """ "12 new, 3 changed by others · merged into 2 of your edits · 1 conflict to resolve"."""
    layers = [layer for report in result.reports for layer in report.layers]
    parts = _parts(layers)
    if result.cancelled:
        parts.append(tr("the pull was cancelled") if parts else tr("The pull was cancelled. Nothing was changed."))
    elif not parts and not result.failures:
        since = moment(result.since)
        parts.append(tr("Nothing new on the twin since {time}", time=since) if since else tr("Nothing new on the twin"))
    parts.extend(failure.error.message for failure in result.failures)
    return " · ".join(parts)


def _parts(layers: Sequence[LayerPull]) -> list[str]:
    def total(name: str) -> int:
        return sum(getattr(layer, name) for layer in layers)

    parts = []
    others = Counts(total("created"), total("updated"), total("deleted"), 0)
    if others.total:
        parts.append(tr("{counts} by others", counts=counted(others)))
    merged, left, conflicts = total("merged"), total("left"), total("conflicts")
    if merged:
        parts.append(trn("merged into {n} of your edits", "merged into {n} of your edits", merged))
    if conflicts:
        parts.append(trn("{n} conflict to resolve", "{n} conflicts to resolve", conflicts))
    if left:
        parts.append(
            trn("{n} lies outside your area now, and is kept", "{n} lie outside your area now, and are kept", left)
        )
    if any(layer.reshaped for layer in layers):
        parts.append(tr("the twin’s columns changed"))
    failed = [layer.title for layer in layers if layer.failed]
    if failed:
        parts.append(tr("not pulled: {layers}", layers=", ".join(failed)))
    return parts


def level(result: PullResult) -> Qgis.MessageLevel:
    """How much attention the result needs."""
    layers = [layer for report in result.reports for layer in report.layers]
    if result.failures:
        return Qgis.MessageLevel.Warning if result.reports else Qgis.MessageLevel.Critical
    if any(layer.conflicts or layer.failed for layer in layers):
        return Qgis.MessageLevel.Warning
    news = any(layer.touched or layer.reshaped for layer in layers)
    return Qgis.MessageLevel.Success if news and not result.cancelled else Qgis.MessageLevel.Info


def sentences(result: PullResult) -> list[Sentence]:
    """The same layer by layer, with everything that is to be known besides."""
    found: list[Sentence] = []
    for report in result.reports:
        for layer in report.layers:
            parts = _parts([layer])
            if parts:
                words = tr("{layer}: {what}", layer=layer.title, what=" · ".join(parts))
                found.append(Sentence("limit" if layer.conflicts or layer.failed else "good", words))
            found.extend(Sentence("good", told) for told in layer.inside[:_LISTED])
            more = len(layer.inside) - _LISTED
            if more > 0:
                words = trn("and {n} more feature, merged likewise", "and {n} more features, merged likewise", more)
                found.append(Sentence("good", words))
            found.extend(Sentence("limit", note) for note in layer.notes)
    found.extend(
        Sentence("bad", tr("{twin}: {reason}", twin=failure.origin.title, reason=failure.error.message))
        for failure in result.failures
    )
    return found or [Sentence("good", headline(result))]


def waiting(editing: Editing) -> str:
    """What a pull waits for."""
    if editing.drawing:
        return tr("Pull is waiting until you finish drawing in {layer}.", layer=editing.drawing)
    return tr("Pull is waiting until you finish editing {layers}.", layers=", ".join(editing.unsaved))
