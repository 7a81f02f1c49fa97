"""The exact sum of a budget, as the user's locale writes amounts. What is no amount is told, not thrown away."""

from __future__ import annotations

from qgis.PyQt.QtCore import QLocale
from qgis.PyQt.QtWidgets import QLineEdit, QWidget

from ...text import tr
from .dialog_presenter import DialogPresenter


class AmountField(QLineEdit):
    """A number of euros, or nothing."""

    def __init__(self, presenter: DialogPresenter, column: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"CityTwinPilot_{column}")
        self._presenter = presenter
        self._column = column
        self._typing = False
        self._before = presenter.value(column)  # when nobody had typed yet
        self.setReadOnly(not presenter.can_edit(column))
        self.setPlaceholderText("" if self.isReadOnly() else tr("Only where it may be told"))
        self.textEdited.connect(self._typed)
        self.editingFinished.connect(self._left)
        presenter.changed.connect(self._changed)
        self._changed("")

    def _typed(self, text: str) -> None:
        value = amount_of(text)
        bad = value is None and bool(text.strip())
        self._typing = True
        # half of what was typed was not meant
        self._presenter.set(self._column, self._before if bad else value)
        self._typing = False
        sentence = tr("“{typed}” is no sum of money, so it is not kept. Write digits only, such as 250000.", typed=text)
        self._presenter.trouble(self._column, sentence if bad else "")

    def _left(self) -> None:
        """Shown as it was understood."""
        value = amount_of(self.text())
        self._before = self._presenter.value(self._column)
        if value is not None:
            self.setText(amount_text(value))

    def _changed(self, column: str) -> None:
        value = self._presenter.value(self._column)
        if self._typing or column not in ("", self._column) or value == self._shown():
            return
        self._before = value
        self.setText(amount_text(value) if value is not None else "")

    def _shown(self) -> float | None:
        """What the text means; what it meant before, where it means nothing."""
        text = self.text()
        return amount_of(text) if not text.strip() or amount_of(text) is not None else self._before


def amount_of(text: str) -> float | None:
    """The number in ``text``, written as the user's locale or as computers do; None for none."""
    text = text.replace("€", "").replace("\u00a0", "").replace("\u202f", "").replace(" ", "")
    if not text or "e" in text.lower():
        return None
    for locale in (QLocale(), QLocale.c()):
        value, good = locale.toDouble(text)
        if good:
            return float(value) if value - value == 0 else None
    return None


def amount_text(value: float) -> str:
    """As the user's locale writes it, thousands apart, and not rounded."""
    locale = QLocale()
    locale.setNumberOptions(QLocale.NumberOption.DefaultNumberOptions)
    return str(locale.toString(float(value), "f", QLocale.FloatingPointPrecisionOption.FloatingPointShortest))
