"""Points in time as users read them: short on the screen, whole on paper."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from qgis.PyQt.QtCore import QDate, QLocale

from plugin.gui.moments import dated, moment


def test_on_paper_the_day_is_said_on_the_day_itself(qgis_app):
    now = datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
    day = QLocale().toString(QDate.currentDate(), QLocale.FormatType.ShortFormat)
    assert day in dated(now) and day not in moment(now) and dated(now).endswith(moment(now))


def test_another_day_reads_the_same_and_no_time_is_nothing():
    before = (datetime.now(timezone.utc) - timedelta(days=3)).isoformat(timespec="seconds").replace("+00:00", "Z")
    assert dated(before) == moment(before) != ""
    assert dated("") == dated(None) == dated("soon") == ""
