"""The schema is one: what the plugin expects, what the embedded twin serves, what docs/pilots.md says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from plugin.demo.city import schemas
from plugin.demo.schema import document
from plugin.pilots import schema, vocabulary
from plugin.twin.schema import parse

DOCS = Path(__file__).parents[3] / "docs" / "pilots.md"


def test_the_embedded_twin_serves_this_schema():
    served = parse(document(schemas.PILOTS, "http://127.0.0.1/schema"))
    ours = schema.schema()
    assert (served.geometry_type, served.geometry_required) == (ours.geometry_type, True)
    assert [p.name for p in served.properties] == [p.name for p in ours.properties]
    for theirs, mine in zip(served.properties, ours.properties):
        assert replace(theirs, unit="") == replace(mine, unit=""), theirs.name


def test_the_documentation_names_every_column_and_word():
    text = " ".join(DOCS.read_text(encoding="utf-8").split())
    for prop in schema.schema().properties:
        assert f"`{prop.name}`" in text, prop.name
    criteria = [one for group in vocabulary.CRITERIA.values() for one in group]
    for word in (*vocabulary.STAGES, *vocabulary.RATINGS, *criteria, *vocabulary.THEMES, *vocabulary.BUDGET_BANDS):
        assert word in text, word


def test_the_twins_criteria_are_ours():
    from plugin.demo.city import pilots

    assert tuple(vocabulary.CRITERIA.values()) == (pilots.TECHNICAL, pilots.HUMAN, pilots.INSTITUTIONAL)


@pytest.mark.parametrize(
    ("title", "words"),
    [
        (vocabulary.stage_title, vocabulary.STAGES),
        (vocabulary.rating_title, vocabulary.RATINGS),
        (vocabulary.budget_title, vocabulary.BUDGET_BANDS),
        (vocabulary.condition_title, vocabulary.CONDITIONS),
        (schema.title, [p.name for p in schema.schema().properties]),
    ],
)
def test_every_word_has_a_title(title, words):
    titles = [title(word) for word in words]
    assert all((text and text[:1] in "€") or text[:1].isupper() for text in titles) and len(set(titles)) == len(titles)
    assert title("of another server") == "of another server"
