"""Tick boxes of the lists: an empty one is seen on light and on dark grounds."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtCore import QRect, Qt
from qgis.PyQt.QtGui import QColor, QImage, QPainter, QPalette, QStandardItem, QStandardItemModel
from qgis.PyQt.QtWidgets import QApplication, QStyle, QStyleFactory, QStyleOptionViewItem

from plugin.gui.catalogue_delegate import paint_tick


@pytest.mark.parametrize(("ground", "text"), [("#ffffff", "#000000"), ("#232629", "#eff0f1")])
def test_an_empty_box_has_an_outline_that_is_seen(qgis_app, ground, text):
    before = QApplication.style().objectName()
    QApplication.setStyle(QStyleFactory.create("Fusion"))
    model = QStandardItemModel()
    item = QStandardItem("x")
    item.setCheckable(True)
    model.appendRow(item)
    row = QStyleOptionViewItem()
    row.state |= QStyle.StateFlag.State_Enabled
    palette = QPalette(QColor(ground).lighter(110), QColor(ground))
    for role, colour in ((QPalette.ColorRole.Base, ground), (QPalette.ColorRole.Text, text)):
        palette.setColor(role, QColor(colour))
    row.palette = palette
    image = QImage(24, 24, QImage.Format.Format_RGB32)
    image.fill(QColor(ground))
    painter = QPainter(image)
    paint_tick(painter, row, model.index(0, 0), QRect(4, 4, 14, 14))
    painter.end()
    QApplication.setStyle(before)
    light = QColor(ground).lightness()
    contrast = [abs(image.pixelColor(x, 4).lightness() - light) for x in range(7, 15)]
    assert min(contrast) > 40, contrast
    assert model.index(0, 0).data(Qt.ItemDataRole.CheckStateRole) is not None
