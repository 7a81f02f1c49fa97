"""What somebody plans about a meeting: when, where, who, and which topics for how long."""

from __future__ import annotations

from datetime import date, time

from qgis.gui import QgsDateEdit, QgsTimeEdit
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSpinBox,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...pilots.meeting import Agenda, planned
from ...text import tr
from ..dim import dimmed
from ..tool_tip import tool_tip

_MOST = 240  # minutes for a topic


class MeetingForm(QWidget):
    """``agenda()`` is ``proposed`` as it is planned now; ``changed()``: otherwise than before."""

    changed = pyqtSignal()

    def __init__(self, proposed: Agenda, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._proposed = proposed
        self._spins: list[QSpinBox] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._make_when())
        layout.addWidget(self._make_people(), 3)
        layout.addWidget(self._make_topics(), 3)
        self.known = QCheckBox(tr("Print what was &found before"))
        self.room = QCheckBox(tr("Print &lines to write on"))
        for box in (self.known, self.room):
            box.setChecked(True)
            box.toggled.connect(lambda _on: self.changed.emit())
            layout.addWidget(box)
        self._tell()

    # -- making it

    def _make_when(self) -> QFormLayout:
        self.day, self.begins, self.place = QgsDateEdit(), QgsTimeEdit(), QLineEdit()
        self.begins.setDisplayFormat("HH:mm")
        for edit, words in ((self.day, tr("Date")), (self.begins, tr("Begin"))):
            edit.setAllowNull(True)
            edit.setNullRepresentation(tr("not yet agreed"))
            edit.clear()
            edit.setAccessibleName(words)
            edit.valueChanged.connect(lambda *_: self._changed())
        self.place.setAccessibleName(tr("Place"))
        self.place.setPlaceholderText(tr("where people can see the map together"))
        self.place.textChanged.connect(lambda _text: self._changed())
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("&Date"), self.day)
        form.addRow(tr("&Begin"), self.begins)
        form.addRow(tr("&Place"), self.place)
        return form

    def _make_people(self) -> QWidget:
        group = QGroupBox(tr("Who to Invite"))
        self.people = QListWidget()
        self.people.setAccessibleName(tr("Who to Invite"))
        self.people.setWordWrap(True)
        self.people.setToolTip(tr("Roles and organisations, no names of persons. F2 changes a line."))
        for one in self._proposed.people:
            self._add_person(one)
        self.people.itemChanged.connect(lambda _item: self._changed())
        self.person = QLineEdit()
        self.person.setPlaceholderText(tr("Another role or organisation"))
        self.person.setAccessibleName(tr("Another role or organisation"))
        self.person.returnPressed.connect(self.invite)
        self.add_button = QPushButton(tr("&Add"))
        self.add_button.setAutoDefault(False)
        self.add_button.clicked.connect(lambda _checked=False: self.invite())
        beside = QHBoxLayout()
        beside.addWidget(self.person, 1)
        beside.addWidget(self.add_button)
        layout = QVBoxLayout(group)
        layout.addWidget(self.people, 1)
        layout.addLayout(beside)
        return group

    def _make_topics(self) -> QWidget:
        group = QGroupBox(tr("Topics"))
        self.topics = QTreeWidget()
        self.topics.setAccessibleName(tr("Topics"))
        self.topics.setHeaderLabels([tr("Topic"), tr("Minutes")])
        self.topics.setRootIsDecorated(False)
        self.topics.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = self.topics.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        for topic in self._proposed.topics:
            item = QTreeWidgetItem([topic.title, ""])
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(0, Qt.CheckState.Checked)
            item.setToolTip(0, tool_tip("\n".join([topic.title, *topic.questions])))
            self.topics.addTopLevelItem(item)
            spin = QSpinBox()
            spin.setRange(1, _MOST)
            spin.setSingleStep(5)
            spin.setValue(topic.minutes)
            spin.setFrame(False)
            spin.setAccessibleName(tr("Minutes for {topic}", topic=topic.title))
            spin.valueChanged.connect(lambda _value: self._changed())
            self.topics.setItemWidget(item, 1, spin)
            self._spins.append(spin)
        self.topics.itemChanged.connect(self._ticked)
        self.total = QLabel()
        dimmed(self.total)
        layout = QVBoxLayout(group)
        layout.addWidget(self.topics, 1)
        layout.addWidget(self.total)
        return group

    def _add_person(self, name: str) -> None:
        item = QListWidgetItem(name)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEditable)
        item.setCheckState(Qt.CheckState.Checked)
        self.people.addItem(item)

    # -- what is planned

    def agenda(self) -> Agenda:
        """The meeting as it is planned now."""
        day, begins = self.day.date(), self.begins.time()
        people = [self.people.item(at) for at in range(self.people.count())]
        ticked = [self.topics.topLevelItem(at) for at in range(self.topics.topLevelItemCount())]
        return planned(
            self._proposed,
            day=None if self.day.isNull() or not day.isValid() else date(day.year(), day.month(), day.day()),
            begins=None if self.begins.isNull() or not begins.isValid() else time(begins.hour(), begins.minute()),
            place=self.place.text(),
            people=[item.text() for item in people if item.checkState() == Qt.CheckState.Checked],
            minutes={
                at: self._spins[at].value()
                for at, item in enumerate(ticked)
                if item.checkState(0) == Qt.CheckState.Checked
            },
        )

    def invite(self) -> None:
        """Add whom the user typed."""
        name = " ".join(self.person.text().split())
        if name:
            self._add_person(name)
            self.person.clear()
            self.people.scrollToBottom()
            self._changed()

    def _ticked(self, item: QTreeWidgetItem, _column: int) -> None:
        at = self.topics.indexOfTopLevelItem(item)
        if at < len(self._spins):
            self._spins[at].setEnabled(item.checkState(0) == Qt.CheckState.Checked)
        self._changed()

    def _changed(self) -> None:
        self._tell()
        self.changed.emit()

    def _tell(self) -> None:
        found = self.agenda()
        hours = found.clock()
        if hours:
            words = tr("{n} minutes, from {start} to {end}", n=found.minutes, start=hours[0][0], end=hours[-1][1])
        else:
            words = tr("{n} minutes", n=found.minutes)
        self.total.setText(words)
