"""The whole job in Dutch, as pictures: `CITYTWIN_LOCALE=nl make e2e`. Looks for words that were left in English."""

from __future__ import annotations

import os

import pytest
from qgis.core import QgsApplication
from qgis.PyQt.QtWidgets import QAbstractButton, QComboBox, QLabel, QWidget

from tests.e2e.desk import Changes, Form, change, editing, feature_of, layer_named
from tests.e2e.hands import click, in_dialog

pytestmark = pytest.mark.skipif(os.environ.get("CITYTWIN_LOCALE") != "nl", reason="CITYTWIN_LOCALE is not nl")

# Words that Dutch has not.
ENGLISH = {"the", "of", "and", "changes", "changed", "publish", "published", "check", "out", "your", "what", "is not"}


def said(widget: QWidget) -> set[str]:
    """Every text that ``widget`` shows."""
    found = set()
    for one in [widget, *widget.findChildren(QWidget)]:
        if not one.isVisible():
            continue
        if isinstance(one, (QLabel, QAbstractButton)):
            found.add(one.text())
        if isinstance(one, QComboBox):
            found.update(one.itemText(at) for at in range(one.count()))
        if one.toolTip():
            found.add(one.toolTip())
    return found


def english(texts: set[str]) -> list[str]:
    """Those that hold a word which Dutch has not."""
    return sorted(text for text in texts if ENGLISH & set(text.replace("&", "").lower().split()))


def test_the_tour(check_out, city_twin, catalogue, iface, screenshot, wait_until):
    assert QgsApplication.locale() == "nl"
    window = city_twin.window
    seen = said(window.dock)
    screenshot("nl-catalogue")

    def look(dialog) -> None:
        screenshot("nl-connection")
        seen.update(said(dialog))
        dialog.reject()

    in_dialog(lambda: click(catalogue.connections.edit_button), look)
    check_out("pilots", "buildings")
    layer = layer_named("Pilot Areas")
    with editing(iface, layer):
        form = Form.opened(iface, layer, "P-01")
        screenshot("nl-form")
        form.ok()
    change(iface, layer, "P-01", budget_eur=5.0)
    name = feature_of(layer, "P-01")["name"]
    changes = Changes(city_twin).show().wait_for(1)
    changes.choose(name)
    screenshot("nl-changes")
    seen |= said(window.dock)
    publishing = changes.publish()
    screenshot("nl-publish")
    seen |= said(publishing.dialog)
    publishing.say("Begroting bijgewerkt")
    publishing.go()
    screenshot("nl-report")
    seen |= said(publishing.dialog)
    publishing.close()
    changes.wait_for(0)
    screenshot("nl-nothing")
    seen |= said(window.dock)
    assert english(seen) == []
