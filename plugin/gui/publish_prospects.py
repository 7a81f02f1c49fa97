"""What a publish has to expect: how the twin protects it, conflicts that wait, and what happens at a clash."""

from __future__ import annotations

from qgis.PyQt.QtCore import QSize, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ..text import tr, trn
from .dim import dimmed
from .icons import icon
from .notice import Notice
from .publish_presenter import PublishPresenter

_ICON = QSize(16, 16)


class PublishProspects(QWidget):
    """Shown above the message; ``choice`` is a row of its own, for below it."""

    resolve = pyqtSignal()

    def __init__(self, presenter: PublishPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._shield = QLabel()
        self._shield.setFixedSize(_ICON)
        self._shield.setPixmap(icon("shield").pixmap(_ICON))
        self.good = QLabel()
        self.good.setWordWrap(True)
        self.good.setTextFormat(Qt.TextFormat.PlainText)
        dimmed(self.good)
        self._calm = QWidget()
        row = QHBoxLayout(self._calm)
        row.setContentsMargins(0, 2, 0, 2)
        row.addWidget(self._shield, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.good, 1)
        self.warning = Notice()
        self.conflicts = Notice()
        self.resolve_button = QPushButton(icon("conflicts"), tr("Resolve Conflicts…"))
        self.resolve_button.setAutoDefault(False)
        self.resolve_button.clicked.connect(lambda _checked=False: self.resolve.emit())
        self._waiting = QWidget()
        row = QHBoxLayout(self._waiting)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.conflicts, 1)
        row.addWidget(self.resolve_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self._calm, self.warning, self._waiting):
            layout.addWidget(widget)

        self.choice = QWidget()
        self.at_clash = QComboBox()
        for words, choice in (
            (tr("Publish the rest and keep the conflict for me"), "skip"),
            (tr("Stop and send nothing further"), "stop"),
        ):
            self.at_clash.addItem(words, choice)
        self.at_clash.setCurrentIndex(self.at_clash.findData(presenter.on_conflict))
        self.at_clash.activated.connect(self._choose)
        label = QLabel(tr("If somebody else changed the same thing"))
        label.setBuddy(self.at_clash)
        row = QHBoxLayout(self.choice)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(label)
        row.addWidget(self.at_clash)
        row.addStretch(1)
        self.show_now()

    @property
    def text(self) -> str:
        """How the publish is protected, as shown."""
        return self.warning.text or str(self.good.text())

    def show_now(self) -> None:
        """What the presenter knows by now."""
        presenter = self._presenter
        words, kind = presenter.expectation or ("", "good")
        if not words and presenter.target is not None and presenter.phase == "ready":
            words = tr("Asking the twin how it protects your changes…")
        if words == presenter.error:
            words = ""
        self.good.setText(words if kind == "good" else "")
        self._shield.setVisible(presenter.expectation is not None)
        self._calm.setVisible(kind == "good" and bool(words))
        self.warning.say(words if kind != "good" else "", "bad" if kind == "bad" else "limit")
        waiting = presenter.unresolved if presenter.phase == "ready" else 0
        self.conflicts.say(
            trn(
                "{n} change waits in the conflicts for your decision and will not be sent.",
                "{n} changes wait in the conflicts for your decision and will not be sent.",
                waiting,
            )
            if waiting
            else "",
        )
        self._waiting.setVisible(bool(waiting))
        self.choice.setVisible(presenter.target is not None)

    def _choose(self, _at: int) -> None:
        self._presenter.choose_on_conflict("stop" if self.at_clash.currentData() == "stop" else "skip")
        self._presenter.changed.emit()
