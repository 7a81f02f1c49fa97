"""What the board shows: one working copy's pilots, filtered, and which of them is chosen. No widgets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...map.pilots import rules as kept_rules
from ...map.pilots.book import PilotBook
from ...pilots import vocabulary as words
from ...pilots.fading import Rules
from ...pilots.portfolio import Entry, chosen, portfolio
from ...text import tr
from .board_headline import ALL, FADING


@dataclass(frozen=True)
class Filter:
    """An empty part lets all through."""

    stages: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    leads: tuple[str, ...] = ()
    only_fading: bool = False
    text: str = ""

    def in_words(self) -> str:
        """What is let through; "" for all."""
        parts = [", ".join(words.stage_title(one) for one in self.stages)]
        parts += [", ".join(words.theme_title(one) for one in self.themes), ", ".join(self.leads)]
        parts.append(tr("fading only") if self.only_fading else "")
        parts.append(tr("with “{words}”", words=self.text.strip()) if self.text.strip() else "")
        return " · ".join(part for part in parts if part)


class BoardPresenter(QObject):
    """``changed()``: other pilots, filter or rules. ``marked()``: another one is chosen, or others are brought out."""

    changed = pyqtSignal()
    marked = pyqtSignal()

    def __init__(self, book: PilotBook, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.book = book
        self._stopped = False
        self.path = ""
        self.filter = Filter()
        self.current = ""
        self.lit: frozenset[str] = frozenset()
        self.lack = ""  # the row of what is lacking that brought them out
        self.rules = kept_rules.current()
        self.all = portfolio((), book.today(), self.rules)
        self.shown = self.all
        book.changed.connect(self.read)
        kept_rules.keeper().changed.connect(self.read)
        self.read()

    def stop(self) -> None:
        """Hear nothing more. Ending twice does no harm."""
        if self._stopped:
            return
        self._stopped = True
        self.book.changed.disconnect(self.read)
        kept_rules.keeper().changed.disconnect(self.read)

    # -- questions

    @property
    def today(self) -> date:
        return self.shown.today

    def paths(self) -> tuple[str, ...]:
        return self.book.paths()

    def entry(self, key: str) -> Entry | None:
        return next((one for one in self.all.entries if one.pilot.key == key), None)

    def themes(self) -> tuple[str, ...]:
        """Those that occur, by name."""
        found = {one.pilot.theme for one in self.all.entries if one.pilot.theme}
        return tuple(sorted(found, key=lambda one: words.theme_title(one).casefold()))

    def leads(self) -> tuple[str, ...]:
        """Those that occur, by name."""
        return tuple(sorted({one.pilot.lead for one in self.all.entries if one.pilot.lead}, key=str.casefold))

    def stages(self) -> tuple[str, ...]:
        """Every stage in its order, foreign ones behind."""
        return tuple(stage for stage, _ in self.all.stages)

    def on(self) -> frozenset[str]:
        """The figures of the headline that stand for what is filtered."""
        found = {FADING} if self.filter.only_fading else set()
        return frozenset(found | ({self.filter.stages[0]} if len(self.filter.stages) == 1 else set()))

    # -- what changes it

    def read(self) -> None:
        """The book's pilots as they are now."""
        paths = self.book.paths()
        if self.path not in paths:
            self.path = paths[0] if paths else ""
        self.rules = kept_rules.current()
        pilots = [record.pilot for record in self.book.records(self.path)] if self.path else []
        self.all = portfolio(pilots, self.book.today(), self.rules)
        self._drop_what_is_gone()
        self._choose()

    def show_path(self, path: str) -> None:
        """Another working copy."""
        if path != self.path and path in self.book.paths():
            self.path, self.current, self.lit, self.lack = path, "", frozenset(), ""
            self.read()

    def let_through(self, wanted: Filter) -> None:
        """Another filter."""
        if wanted != self.filter:
            self.filter = wanted
            self._choose()

    def toggle(self, figure: str) -> None:
        """Filter by a figure of the headline, or no longer."""
        if figure == ALL:
            self.let_through(Filter())
        elif figure == FADING:
            self.let_through(replace(self.filter, only_fading=not self.filter.only_fading))
        else:
            alone = self.filter.stages == (figure,)
            self.let_through(replace(self.filter, stages=() if alone else (figure,)))

    def choose(self, key: str) -> None:
        """One pilot; "" for none."""
        if key != self.current:
            self.current = key
            self.marked.emit()

    def bring_out(self, lack: str, keys: frozenset[str]) -> None:
        """The pilots that lack something; again, or "": all alike."""
        again = not lack or lack == self.lack
        self.lack, self.lit = ("", frozenset()) if again else (lack, keys)
        self.marked.emit()

    def agree(self, rules: Rules) -> None:
        """Other rules of fading, in the project; its map follows."""
        before = kept_rules.current()
        if rules == before:
            return
        kept_rules.keep(rules)
        for path in self.book.paths():
            layer, source = self.book.layer(path), self.book.source(path)
            if layer is not None and source is not None:
                kept_rules.reword(layer, source, self.book.mapping(path), before, kept_rules.current())

    def _drop_what_is_gone(self) -> None:
        stages, themes, leads = self.stages(), self.themes(), self.leads()
        self.filter = replace(
            self.filter,
            stages=tuple(one for one in self.filter.stages if one in stages),
            themes=tuple(one for one in self.filter.themes if one in themes),
            leads=tuple(one for one in self.filter.leads if one in leads),
        )

    def _choose(self) -> None:
        wanted = self.filter
        # nothing is counted twice where nothing is filtered
        self.shown = (
            self.all
            if wanted == Filter()
            else chosen(
                self.all,
                stages=wanted.stages,
                themes=wanted.themes,
                leads=wanted.leads,
                only_fading=wanted.only_fading,
                text=wanted.text,
            )
        )
        keys = {entry.pilot.key for entry in self.shown.entries}
        if self.current not in keys:
            self.current = ""
        self.lack, self.lit = ("", frozenset()) if not self.lit & keys else (self.lack, self.lit)
        self.changed.emit()
