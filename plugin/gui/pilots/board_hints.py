"""What the board's window says beside its pictures: why it is empty, and what can be done next."""

from __future__ import annotations

from ...text import tr, trn
from ..empty_state import EmptyState
from ..icons import icon
from .board_bar import plain_button
from .board_presenter import BoardPresenter, Filter


def tell_why_empty(empty: EmptyState, presenter: BoardPresenter) -> None:
    """Why no pilot is shown, and what helps."""
    trouble = presenter.book.trouble(presenter.path) if presenter.path else None
    buttons = []
    if presenter.all.entries:
        empty.tell(icon("pilots"), tr("No Pilot Passes the Filters"), tr("Change them, or show all pilots."))
        buttons = [plain_button(tr("Show All"), lambda: presenter.let_through(Filter()))]
    elif trouble is not None:
        empty.tell(icon("change-problem"), tr("The Pilots Cannot Be Read"), trouble.message)
        buttons = [plain_button(tr("Try Again"), lambda: presenter.book.refresh(presenter.path))]
    elif presenter.path and not presenter.book.known(presenter.path):
        empty.tell(icon("pilots"), tr("Reading Pilots…"), "")
    elif presenter.path:
        text = tr("This working copy has no pilots. Draw the first one on the Pilots page; it then stands here.")
        empty.tell(icon("pilots"), tr("No Pilots Yet"), text)
    else:
        text = tr("Check the collection of pilots out on the Catalogue page. Its pilots then stand here.")
        empty.tell(icon("pilots"), tr("No Layer of Pilots"), text)
    empty.set_buttons(buttons)


def hint(presenter: BoardPresenter, timeline: bool = False) -> str:
    """What can be done with what is chosen, or with the ``timeline`` that is in front."""
    entry = presenter.entry(presenter.current)
    if presenter.lit:
        return trn(
            "{n} pilot lacks this. Esc shows all alike.",
            "{n} pilots lack this. Esc shows all alike.",
            len(presenter.lit),
        )
    if entry is not None:
        return tr("{name}: double click, or Enter, opens it.", name=entry.pilot.label)
    if presenter.shown.entries and timeline:
        return tr("Ctrl with the wheel, or with + and −, makes the timeline longer or shorter; Ctrl+0 shows all of it.")
    if presenter.shown.entries:
        return tr("Click a pilot to see it on the map, or what is lacking to see where.")
    return ""
