"""The question before changes are taken back."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtWidgets import QMessageBox, QWidget

from ..text import tr, trn
from ..workcopy.changes import Change
from ..workcopy.copy import WorkingCopy
from .change_words import lost, name_of

_NAMED = 6  # features that are mentioned by name


def may_discard(parent: QWidget, copy: WorkingCopy, changes: Sequence[Change]) -> bool:
    """Ask whether ``changes`` may be taken back, naming what is lost by it. The harmless answer is the default."""
    titles = {source.table: source.title or source.table for source in copy.sources}
    layers = sorted({titles[change.table] for change in changes})
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Warning)
    box.setWindowTitle(tr("Discard Changes"))
    if len(changes) == 1:
        box.setText(tr("Discard the change to “{name}” in {layer}?", name=name_of(changes[0]), layer=layers[0]))
    else:
        box.setText(
            trn(
                "Discard {n} change in {layers}?", "Discard {n} changes in {layers}?", len(changes),
                layers=", ".join(layers),
            )
        )  # fmt: skip
    said = [lost(changes)]
    if len(changes) > 1:
        names = [name_of(change) for change in changes[:_NAMED]]
        left = len(changes) - _NAMED
        said += ["", *(f"• {name}" for name in names)]
        said += [trn("and {n} more", "and {n} more", left)] if left > 0 else []
        said += [""]
    said.append(tr("This cannot be undone."))
    box.setInformativeText("\n".join(said))
    yes = box.addButton(tr("Discard"), QMessageBox.ButtonRole.DestructiveRole)
    no = box.addButton(tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(no)
    box.setEscapeButton(no)
    box.exec()
    return box.clickedButton() is yes
