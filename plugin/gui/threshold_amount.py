"""A field for an amount: no more decimals than it has."""

from __future__ import annotations

from qgis.PyQt.QtCore import QLocale
from qgis.PyQt.QtWidgets import QDoubleSpinBox, QWidget

_DECIMALS = 6


class AmountBox(QDoubleSpinBox):
    """Finite numbers of either sign, as the user's locale writes them."""

    def __init__(self, least: float = -1e9, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDecimals(_DECIMALS)
        self.setRange(least, 1e9)
        self.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)

    def textFromValue(self, value: float) -> str:
        """Without zeros at its end."""
        locale = QLocale(self.locale())
        locale.setNumberOptions(QLocale.NumberOption.OmitGroupSeparator)
        text = str(locale.toString(value, "f", _DECIMALS))
        point = str(locale.decimalPoint())
        return text.rstrip("0").removesuffix(point) if point in text else text
