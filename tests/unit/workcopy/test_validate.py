"""What is held back before it is sent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from plugin.workcopy.connection import connect
from plugin.workcopy.geometry import encode
from plugin.workcopy.validate import validate
from tests.copies import BUILDING, make_copy, square

POINT = {"type": "Point", "coordinates": [92000.0, 436000.0]}


@pytest.mark.parametrize("geometry_type", ["Polygon", "MultiPolygon"])
def test_a_geometry_unlike_all_that_came_is_held_back_though_no_schema_forbids_it(
    geometry_type: str, tmp_path: Path
) -> None:
    schema = replace(BUILDING, declared=False, geometry_type=geometry_type)
    copy = make_copy(tmp_path / "work.gpkg", schema=schema)
    connection = connect(copy.path, write=True)
    multi = geometry_type.startswith("Multi")
    for identity, shape in (("b1", POINT), ("b2", square(92500, 436500))):
        blob = encode(shape, 28992, multi=multi)[0]
        connection.execute("UPDATE buildings SET geom = ? WHERE twin_id = ?", (blob, identity))
    connection.execute("INSERT INTO buildings (name, geom) VALUES ('new', ?)", encode(POINT, 28992)[:1])
    connection.execute("INSERT INTO buildings (name) VALUES ('bare')")
    connection.close()
    problems = validate(copy)
    assert {(problem.twin_id, problem.column) for problem in problems} == {("b1", "geom"), (None, "geom")}
    assert "this collection holds" in problems[0].message


def test_where_all_kinds_came_all_kinds_go(tmp_path: Path) -> None:
    schema = replace(BUILDING, declared=False, geometry_type="")
    copy = make_copy(tmp_path / "work.gpkg", schema=schema)
    connection = connect(copy.path, write=True)
    connection.execute("INSERT INTO buildings (name, geom) VALUES ('new', ?)", encode(POINT, 28992)[:1])
    connection.close()
    assert validate(copy) == []
