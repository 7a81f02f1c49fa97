"""The project's rules of fading: kept in it, told when they change, and followed by the map."""

from __future__ import annotations

import pytest
from qgis.core import QgsProject

from plugin.map.pilots import rules
from plugin.map.pilots.fading import fading_expression
from plugin.pilots.fading import RULES, Rules
from plugin.pilots.mapping import OURS

OTHERS = Rules(quiet=90, line=0.75, least_rated=2, lined=("technical",))


@pytest.fixture
def project(qgis_app):
    project = QgsProject.instance()
    project.clear()
    yield project
    project.clear()
    rules.stop()


def test_a_project_has_the_usual_rules_until_others_are_kept(project, tmp_path):
    assert rules.current() == RULES
    told = []
    rules.keeper().changed.connect(lambda: told.append(rules.current()))
    project.setDirty(False)
    rules.keep(OTHERS)
    assert rules.current() == OTHERS and told == [OTHERS] and project.isDirty()
    rules.keep(OTHERS)
    assert told == [OTHERS], "nothing changed, nothing to tell"
    assert project.write(str(tmp_path / "city.qgz"))
    project.clear()
    assert told == [OTHERS, RULES], "a new project has the usual ones again"
    assert project.read(str(tmp_path / "city.qgz"))
    assert told[-1] == OTHERS and len(told) == 3
    rules.keep(RULES)
    assert project.readEntry(rules.SCOPE, rules.KEY, "") == ("", False)


def test_stopped_it_tells_nothing_more(project):
    told = []
    rules.keeper().changed.connect(lambda: told.append(1))
    rules.stop()
    rules.stop()
    rules.keep(OTHERS)
    project.clear()
    assert told == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("no JSON", RULES),
        ("[1, 2]", RULES),
        ("[" * 100_000, RULES),
        ('{"quiet": "soon", "to_start": true, "line": NaN}', RULES),
        ('{"quiet": -5, "to_decide": 99999, "line": 3, "least_rated": 0}',
         Rules(quiet=0, to_decide=3650, line=1.0, least_rated=1)),
        ('{"lined": ["human", "institutional", 7]}', Rules(lined=("institutional",))),
    ],
)  # fmt: skip
def test_what_a_project_says_is_taken_with_care(project, text, wanted):
    assert rules.read(text) == wanted


def test_people_are_never_compared_with_a_line(project):
    assert "human" not in rules.read(rules.written(Rules(lined=("human", "technical")))).lined


def test_the_map_marks_by_the_new_rules_and_keeps_what_was_styled_otherwise(city):
    layer, source = city.layer, city.book.source(city.path)
    own = layer.renderer().clone()
    own.rootRule().children()[0].setLabel("Dreams")
    layer.setRenderer(own)
    old, new = (fading_expression(source, OURS, which) for which in (RULES, OTHERS))
    assert rules.reword(layer, source, OURS, RULES, OTHERS)
    tests = [rule.filterExpression() for rule in layer.renderer().rootRule().descendants()]
    assert tests.count(new) == 1 and not any(old in test for test in tests)
    assert layer.renderer().rootRule().children()[0].label() == "Dreams"
    label = layer.labeling().settings()
    assert new in label.fieldName and old not in label.fieldName
    priority = label.dataDefinedProperties().property(label.Property.Priority).expressionString()
    assert new in priority and old not in priority
    assert not rules.reword(layer, source, OURS, RULES, OTHERS), "nothing of the old ones is left"
    assert rules.reword(layer, source, OURS, OTHERS, RULES)
