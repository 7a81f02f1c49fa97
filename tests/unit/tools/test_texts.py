"""User texts: what is not translated, or cannot be, is found."""

from __future__ import annotations

import pytest
from babel.messages.catalog import Catalog

from tools.i18n import extract
from tools.lint.catalogue import check_catalogue
from tools.lint.source import Source
from tools.lint.texts import check_texts


def found(code: str) -> str:
    return "\n".join(str(finding) for finding in check_texts([Source.parse("a.py", code)]))


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("label.setText('Hello')", "outside tr(): setText"),
        ("label.setText(f'{n} changes')", "outside tr(): setText"),
        ("label.setText('{} changes'.format(n))", "outside tr(): setText"),
        ("label.setText('Changes: ' + name)", "outside tr(): setText"),
        ("label.setText('yes' if ok else '–')", "outside tr(): setText"),
        ("QLabel('Hello', parent)", "outside tr(): QLabel"),
        ("QtWidgets.QPushButton(text='Hello')", "outside tr(): QPushButton"),
        ("menu.addAction(icon, 'Open')", "outside tr(): addAction"),
        ("iface.messageBar().pushMessage('City Twin', tr('Done'))", "outside tr(): pushMessage"),
        ("QMessageBox.question(parent, tr('A'), 'Sure?')", "outside tr(): question"),
        ("tree.setHeaderLabels([tr('A'), 'Name'])", "outside tr(): setHeaderLabels"),
        (
            "self.addParameter(QgsProcessingParameterString('TWIN', 'Twin'))",
            "outside tr(): QgsProcessingParameterString",
        ),
        ("QgsProcessingOutputNumber('N', description='Count')", "outside tr(): QgsProcessingOutputNumber"),
        ("def displayName(self):\n    return 'Check Out'", "outside tr(): displayName"),
        ("class A(CityTwinError): ...\nclass B(A): ...\nraise B('It broke.', detail='x')", "outside tr(): B"),
        ("def f():\n    tr(text)", "literals only"),
        ("def f():\n    tr(f'{n} changes')", "literals only"),
        ("def f():\n    trn('{n} change', many, n)", "literals only"),
        ("def f():\n    tr('{n} of {total}', n=1)", "no value for {total}"),
        ("def f():\n    tr('{n} changes')", "no value for {n}"),
        ("def f():\n    tr('Done', n=1)", "no place for n"),
        ("def f():\n    tr('{} changes', n=1)", "without a name"),
        ("def f():\n    trn('{n} row of {layer}', '{n} rows', n)", "no value for {layer}"),
        ("TITLE = tr('Changes')", "before the language is known"),
        ("def f(title=tr('Changes')):\n    pass", "before the language is known"),
        ("def f():\n    return f\"{name}: {tr('Changes')}\"", "does not get it"),
    ],
)
def test_what_is_wrong(code, fault):
    assert fault in found(code)


@pytest.mark.parametrize(
    "code",
    [
        "def f():\n    label.setText(tr('Hello'))",
        "def f():\n    label.setText(tr('{n} of {total:,}', n=1, total=2))",
        "def f():\n    label.setText(trn('{n} row of {layer}', '{n} rows of {layer}', count, layer=x))",
        "def f():\n    label.setText(trn('One row', '{n} rows', count))",
        "label.setText('–')",
        "label.setText(name)",
        "label.setText('EPSG:28992')  # untranslated: a code",
        "def f():\n    raise AccessDenied(tr('No.'), detail='HTTP 401')",
        "def name(self):\n    return 'checkout'",
        "def f():\n    tr('{a}', **values)",
        "make = lambda: tr('Changes')",
        "QgsProcessingParameterString('TWIN', title)",
    ],
)
def test_what_is_right(code):
    assert found(code) == ""


def test_texts_are_extracted(tmp_path):
    folder = tmp_path / "plugin"
    folder.mkdir()
    (folder / "a.py").write_text("tr('One ' 'text', n=1)\ntrn('{n} row', '{n} rows', 2)\n")
    assert [message.id for message in extract(folder) if message.id] == ["One text", ("{n} row", "{n} rows")]


def faults(**entry: object) -> str:
    template, catalogue = Catalog(), Catalog(locale="nl")
    template.add("Open {name}…")
    template.add(("{n} row", "{n} rows"))
    catalogue.add(("{n} row", "{n} rows"), ("{n} rij", "{n} rijen"))
    catalogue.add("Open {name}…", **entry)  # type: ignore[arg-type]
    return "\n".join(map(str, check_catalogue("nl.po", catalogue, template)))


def test_a_complete_catalogue_passes():
    assert faults(string="Open {name}…") == ""


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ({"string": ""}, "untranslated"),
        ({"string": "Open {name}…", "flags": ["fuzzy"]}, "fuzzy"),
        ({"string": "Open {naam}…"}, "placeholders differ"),
        ({"string": "Open…"}, "placeholders differ"),
        ({"string": "Open {name}"}, "ends with …"),
        ({"string": "Open {name…"}, "expected '}'"),
    ],
)
def test_faults_of_a_translation(entry, fault):
    assert fault in faults(**entry)


def test_missing_spare_and_half_plural():
    template, catalogue = Catalog(), Catalog(locale="nl")
    template.add("New")
    template.add(("{n} row", "{n} rows"))
    catalogue.add("Old", "Oud")
    catalogue.add(("{n} row", "{n} rows"), ("{n} rij", ""))
    found = "\n".join(map(str, check_catalogue("nl.po", catalogue, template)))
    assert "missing (run `make i18n`): 'New'" in found
    assert "not in the source any more (run `make i18n`): 'Old'" in found
    assert "untranslated: '{n} row'" in found
