"""What a field review brought, in the user's words."""

from __future__ import annotations

from ...map.review.home import Came, Editing
from ...review import tick_words
from ...review.receive import Summary
from ...text import tr, trn
from ...twin.report import Sentence
from ...workcopy.changes import Counts
from ...workcopy.handback_layer import LayerBack
from ..change_words import counted
from ..moments import moment

_LISTED = 50  # features of a layer whose merged columns are named


def headline(came: Came) -> str:
    """ "3 new, 5 changed · 12 review items · 8 photos · 2 conflicts to resolve"; why not, where nothing was taken."""
    if came.summary is None:
        return came.error.message if came.error is not None else ""
    summary = came.summary
    parts = _edits(summary.layers)
    if summary.items:
        parts.append(trn("{n} review item", "{n} review items", summary.items))
    if summary.photos:
        parts.append(trn("{n} photo", "{n} photos", summary.photos))
    if summary.ticked:
        parts.append(trn("{n} task looked at", "{n} tasks looked at", len(summary.ticked)))
    if summary.conflicts:
        parts.append(trn("{n} conflict to resolve", "{n} conflicts to resolve", summary.conflicts))
    return " · ".join(parts) or tr("Nothing new")


def _edits(layers: tuple[LayerBack, ...]) -> list[str]:
    created, updated, deleted, merged = (
        sum(getattr(layer, name) for layer in layers) for name in ("created", "updated", "deleted", "merged")
    )
    parts = [counted(Counts(created, updated, deleted, 0))] if created + updated + deleted else []
    if merged:
        parts.append(trn("merged into {n} of your edits", "merged into {n} of your edits", merged))
    return parts


def about(summary: Summary) -> str:
    """Which package it is: "Delfshaven · for Jan · due 2026-11-30"."""
    package = summary.package
    if package is None:
        return summary.label
    parts = [package.label]
    if package.for_whom and package.for_whom != package.label:
        parts.append(tr("for {who}", who=package.for_whom))
    if package.made_by:
        parts.append(tr("made by {who}, {day}", who=package.made_by, day=package.made[:10]))
    return " · ".join(parts)


def sentences(came: Came) -> list[Sentence]:
    """All that is to be known of one package, the news first."""
    if came.summary is None:
        return [Sentence("bad", headline(came))]
    summary = came.summary
    found: list[Sentence] = []
    for layer in summary.layers:
        parts = _edits((layer,))
        if layer.conflicts:
            parts.append(trn("{n} conflict to resolve", "{n} conflicts to resolve", layer.conflicts))
        if parts:
            words = tr("{layer}: {what}", layer=layer.title, what=" · ".join(parts))
            found.append(Sentence("limit" if layer.conflicts else "good", words))
        found.extend(Sentence("good", told) for told in layer.inside[:_LISTED])
        more = len(layer.inside) - _LISTED
        if more > 0:
            words = trn("and {n} more feature, merged likewise", "and {n} more features, merged likewise", more)
            found.append(Sentence("good", words))
        found.extend(Sentence("limit", note) for note in layer.notes)
    found.extend(_noted(summary))
    found.extend(Sentence("limit", note) for note in summary.notes)
    return found or [Sentence("good", tr("Nothing new: all that is in it came before."))]


def _noted(summary: Summary) -> list[Sentence]:
    parts = []
    if summary.items_new:
        parts.append(trn("{n} new review item", "{n} new review items", summary.items_new))
    if summary.items_changed:
        parts.append(trn("{n} review item was amended", "{n} review items were amended", summary.items_changed))
    if summary.photos:
        parts.append(trn("{n} photo was copied", "{n} photos were copied", summary.photos))
    found = [Sentence("good", " · ".join(parts))] if parts else []
    if summary.tasks:
        words = trn(
            "{done} of {n} task was looked at", "{done} of {n} tasks were looked at", summary.tasks,
            done=summary.tasks_done,
        )  # fmt: skip
        found.append(Sentence("good" if summary.tasks_done == summary.tasks else "limit", words))
    return found + [Sentence("good", told) for told in tick_words.sentences(summary, moment)]


def waiting(editing: Editing) -> str:
    """What a merge waits for."""
    if editing.others:
        return tr("{what} The merge goes on once that is over.", what=editing.others)
    if editing.drawing:
        return tr("The merge is waiting until you finish drawing in {layer}.", layer=editing.drawing)
    return tr("The merge is waiting until you finish editing {layers}.", layers=", ".join(editing.unsaved))


def together(results: list[Came], cancelled: bool) -> str:
    """What came of all of them, for the message bar and the status line."""
    told = [came.summary for came in results if came.summary is not None]
    refused = len(results) - len(told)
    edits, items = sum(one.edits for one in told), sum(one.items for one in told)
    conflicts, ticked = sum(one.conflicts for one in told), sum(len(one.ticked) for one in told)
    parts = [trn("{n} package merged", "{n} packages merged", len(told))] if told else []
    if refused:
        parts.append(trn("{n} refused", "{n} refused", refused))
    if edits:
        parts.append(trn("{n} edit", "{n} edits", edits))
    if items:
        parts.append(trn("{n} review item", "{n} review items", items))
    if ticked:
        parts.append(trn("{n} task looked at", "{n} tasks looked at", ticked))
    if conflicts:
        parts.append(trn("{n} conflict to resolve", "{n} conflicts to resolve", conflicts))
    if told and not (edits or items or ticked or conflicts):
        parts.append(tr("nothing new"))
    if cancelled:
        parts.append(tr("cancelled"))
    return " · ".join(parts)
