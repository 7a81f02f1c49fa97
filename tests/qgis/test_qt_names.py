"""Qt names: what PyQt6 or QGIS does not know is found, what both know is left alone."""

from __future__ import annotations

import pytest

from tools.lint.qt_names import check_qt_names
from tools.lint.qt_stubs import Stubs
from tools.lint.source import Source
from tools.paths import PYQT6

STUBS = Stubs(PYQT6)


def found(code: str) -> str:
    return "\n".join(str(finding) for finding in check_qt_names(Source.parse("a.py", code), STUBS))


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("from qgis.PyQt.QtCore import Qt\nx = Qt.UserRole", "Qt.ItemDataRole.UserRole"),
        ("from qgis.PyQt.QtWidgets import QMessageBox as M\nx = M.Yes | M.No", "QMessageBox.StandardButton.Yes"),
        ("from qgis.PyQt.QtWidgets import QTreeView\nx = QTreeView.SelectRows", "SelectionBehavior.SelectRows"),
        ("from qgis.PyQt import QtCore\nx = QtCore.Qt.AlignLeft", "AlignmentFlag.AlignLeft"),
        ("from qgis.PyQt.QtCore import Qt\nx = Qt.ItemDataRole.NoSuchRole", "ItemDataRole has no NoSuchRole"),
        ("from qgis.PyQt.QtCore import Qt\nx = Qt.MouseButton.MidButton", "MouseButton has no MidButton"),
        ("from qgis.PyQt.QtWidgets import QAction", "from qgis.PyQt.QtGui import QAction"),
        ("from qgis.PyQt.QtGui import QUndoStack", "qgis.PyQt of QGIS 3.40 has no such name"),
        ("from qgis.PyQt.QtCore import QRegExp", "Qt 6 has no QRegExp"),
        ("from qgis.PyQt.QtCore import QVariant\nx = QVariant.Int", "QVariant has no Int in Qt 6"),
        ("from qgis.PyQt.QtWebKit import QWebView", "PyQt6 has no module QtWebKit"),
        ("from PyQt5.QtCore import Qt", "write `from qgis.PyQt"),
        ("import PyQt6.QtCore", "write `from qgis.PyQt"),
        ("dialog.exec_()", "exec_ is gone"),
        ("from qgis.core import QgsVectorFileWriter as W\nx = W.NoError", "QgsVectorFileWriter.WriterError.NoError"),
        ("from qgis.core import Qgis\nx = Qgis.Warning", "Qgis.MessageLevel.Warning"),
        ("from qgis.core import QgsNothing", "qgis.core has no QgsNothing"),
        ("from qgis.core import QgsProject\nx = QgsProject.instans()", "no instans"),
    ],
)
def test_wrong_names(code, fault):
    assert fault in found(code)


def test_right_names():
    code = """
from qgis.core import Qgis, QgsProject, QgsTask, QgsVectorFileWriter
from qgis.PyQt import QtCore, uic
from qgis.PyQt.QtCore import QT_VERSION_STR, QAbstractItemModel, Qt, pyqtSignal
from qgis.PyQt.QtGui import QAction, QStandardItemModel
from qgis.PyQt.QtWidgets import QDialogButtonBox, QFrame, QLabel, QTreeView

a = Qt.ItemDataRole.UserRole + 1
b = QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
c = QTreeView.SelectionBehavior.SelectRows
d = QFrame.Shape.NoFrame
e = QLabel.__name__
f = QtCore.Qt.AlignmentFlag.AlignLeft
g = Qgis.MessageLevel.Warning
h = QgsTask.Flag.CanCancel
i = QgsProject.instance().mapLayers()
j = QgsVectorFileWriter.WriterError.NoError
k = QtCore.QCoreApplication.processEvents
m = Qt.ItemDataRole.UserRole.value
dialog.exec()
"""
    assert found(code) == ""
