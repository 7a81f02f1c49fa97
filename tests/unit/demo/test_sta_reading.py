"""SensorThings is read as OGC 18-088 says: addresses, options, errors."""

from __future__ import annotations

import pytest
import requests

from plugin.demo.sta import read

SQUARE = "geography'POLYGON ((4.4 51.9, 4.5 51.9, 4.5 51.95, 4.4 51.95, 4.4 51.9))'"


def test_the_landing_pages_lead_there(sta):
    twin = requests.get(sta.root.replace("/sta/v1.1", "/"), timeout=10).json()
    assert [one["href"] for one in twin["links"] if "SensorThings" in one["title"]] == [sta.root]
    for root in (sta.root, sta.root + "/"):
        landing = requests.get(root, timeout=10).json()
        assert {one["name"]: one["url"] for one in landing["value"]}["Things"] == f"{sta.root}/Things"
        assert "endpoints" not in str(landing["serverSettings"])  # there is no broker here
    for one in landing["value"]:
        assert sta.get(one["url"])["value"]


def test_an_entity_says_where_it_is_and_what_belongs_to_it(sta):
    first = sta.values("Datastreams")[0]
    assert first["@iot.selfLink"] == f"{sta.root}/Datastreams({first['@iot.id']})"
    assert first["Thing@iot.navigationLink"] == first["@iot.selfLink"] + "/Thing"
    assert first["phenomenonTime"] == "2026-08-21T14:00:00Z/2026-08-21T14:10:00Z"
    assert first["unitOfMeasurement"] == {"name": "unit", "symbol": "µ", "definition": "urn:unit"}
    assert first["observedArea"] == {"type": "Point", "coordinates": [4.47, 51.91]}
    for name, value in first.items():
        if name.endswith("Link"):
            assert sta.get(value)
    assert sta.get(first["@iot.selfLink"]) == first


def test_paths(sta):
    assert sta.get("Datastreams(1)/Thing")["name"] == "A'1"
    assert sta.names("Datastreams(1)/Thing/Locations") == ["At A'1"]
    assert sta.get("Things(1)/Datastreams(2)/ObservedProperty/name") == {"name": "flow"}
    assert requests.get(f"{sta.root}/Things(2)/name/$value", timeout=10).text == "Beta"
    assert sta.get("Things(1)/properties") == {"properties": {"lanes": 3, "street": {"name": "a'1"}}}
    assert sta.get("Things(1)/Datastreams/$ref") == {
        "value": [{"@iot.selfLink": f"{sta.root}/Datastreams({n})"} for n in (1, 2)]
    }
    assert len(sta.values("FeaturesOfInterest(1)/Observations")) == 4
    assert sta.get("Datastreams('1')")["@iot.id"] == 1
    [moved] = sta.values("Things(1)/HistoricalLocations", expand="Locations,Thing")
    assert moved["Thing"]["name"] == "A'1" and moved["Locations"][0]["name"] == "At A'1" and moved["time"]


@pytest.mark.parametrize(
    "path",
    ["Nonsense", "Things(99)", "Things(1)/Datastreams(3)", "Things/name", "Things(1)/Nonsense", "Things(x)",
     "Datastreams(1)/Thing(1)", "Things(1)/name/more", "Datastreams(99)/Observations"],
)  # fmt: skip
def test_what_is_not_there(sta, path):
    assert sta.get(path, 404)["status"] == 404


def test_results_are_what_they_are(sta):
    assert sta.results(path="Datastreams(3)/Observations") == [5, None, "broken", True, {"v": [1, 2]}]
    assert sta.results(path="Datastreams(2)/Observations") == [65535]
    assert sta.values("Datastreams(3)/Observations")[1]["resultTime"] is None


def test_expand_with_options_within(sta):
    found = sta.values("Datastreams", expand="Observations($orderby=phenomenonTime desc;$top=1),ObservedProperty,"
                       "Thing/Locations,Thing($select=name),Sensor($select=name)")  # fmt: skip
    assert [[one["result"] for one in stream["Observations"]] for stream in found] == [
        [15],
        [65535],
        [{"v": [1, 2]}],
        [],
    ]
    assert [stream["ObservedProperty"]["name"] for stream in found] == ["no2", "flow", "no2", "no2"]
    assert found[0]["Thing"] == {"name": "A'1", "Locations": found[0]["Thing"]["Locations"]}
    assert found[0]["Thing"]["Locations"][0]["location"]["coordinates"] == [4.47, 51.91]
    assert found[0]["Sensor"] == {"name": "S"} and "Sensor@iot.navigationLink" not in found[0]
    assert "Observations@iot.nextLink" in found[0] and "Observations@iot.nextLink" not in found[1]
    assert sta.results(path=found[0]["Observations@iot.nextLink"]) == [20.5]  # the page after the latest one
    counted = sta.values("Things", expand="Datastreams($count=true;$top=0)")
    assert [one["Datastreams@iot.count"] for one in counted] == [2, 1, 1]
    deep = sta.values("Things", expand="Datastreams($filter=ObservedProperty/name eq 'flow';$expand=Observations)")
    assert [[len(stream["Observations"]) for stream in one["Datastreams"]] for one in deep] == [[1], [], []]


def test_filters(sta):
    assert sta.results("result gt 14 and result lt 100") == [20.5, 15]
    assert sta.results("result eq 65535") == [65535]
    assert sta.results("result eq 'broken'") == ["broken"]
    assert sta.results("result eq true") == [True]
    assert sta.results("result eq null") == [None]
    assert sta.results("20 le result and not (result eq 65535)") == [20.5]
    assert sta.results("Datastream/id eq 1 and phenomenonTime ge 2026-08-21T14:05:00Z") == [20.5, 15]
    assert sta.results("Datastream/@iot.id eq '1' and phenomenonTime lt 2026-08-21T16:05:00+02:00") == [10]
    assert sta.results("Datastream/Thing/name eq 'A''1' and phenomenonTime eq 2026-08-21T14:00:00.000Z") == [10, 65535]
    assert sta.results("Datastream/ObservedProperty/name eq 'flow' or result eq 5") == [65535, 5]
    assert sta.names("Things", filter="Datastreams/Observations/result gt 1000") == ["A'1"]
    assert sta.names("Things", filter="properties/lanes gt 3") == ["Beta", "Gamma"]
    assert sta.names("Things", filter="properties/street/name eq 'beta'") == ["Beta"]
    assert sta.names("Things", filter="startswith(name,'B') or endswith(name,'ma')") == ["Beta", "Gamma"]
    assert sta.names("Things", filter="substringof('ET', toupper(name))") == ["Beta"]
    assert sta.names("Things", filter="contains(tolower(description),'gam')") == ["Gamma"]
    assert sta.names("Things", filter="not (name eq 'Beta')") == ["A'1", "Gamma"]
    assert sta.names("Things", filter="(id gt 1) and @iot.id ne 3") == ["Beta"]
    assert sta.names("Datastreams", filter="unitOfMeasurement/symbol eq 'µ' and name ne 'x'", top=1) == ["A'1 no2"]
    assert sta.names("Datastreams", filter="phenomenonTime gt 2026-08-21T13:59:00Z and id ne 2") == [
        "A'1 no2",
        "Beta no2",
    ]
    assert sta.names("Datastreams", filter="not (phenomenonTime gt 2026-08-21T13:59:00Z)") == ["Gamma no2"]


def test_filters_by_area(sta):
    for function in ("st_within", "geo.intersects", "st_intersects"):
        assert sta.names("Locations", filter=f"{function}(location, {SQUARE})") == ["At A'1", "At Beta"]
    assert sta.names("Datastreams", filter=f"geo.intersects(observedArea, {SQUARE})", count="true") == [
        "A'1 no2", "A'1 flow", "Beta no2"
    ]  # fmt: skip
    assert sta.names("Datastreams", filter=f"st_within(Thing/Locations/location, {SQUARE}) and id gt 1") == [
        "A'1 flow", "Beta no2"
    ]  # fmt: skip
    assert sta.names("Things", filter=f"not st_within(Locations/location, {SQUARE})") == ["Gamma"]
    points = "location/type eq 'Point' or location/geometry/type eq 'Point'"  # as QGIS asks
    assert len(sta.names("Locations", filter=f"({points}) and (geo.intersects(location, {SQUARE}))")) == 2
    point = "geography'SRID=4326;Point(4.6 51.99)'"
    assert sta.names("Locations", filter=f"geo.intersects(location,{point})") == ["At Gamma"]


def test_order_pages_and_counts(sta):
    assert sta.names("Things", orderby="name desc") == ["Gamma", "Beta", "A'1"]
    assert sta.names("Datastreams", orderby="ObservedProperty/name,Thing/name desc") == [
        "A'1 flow", "Gamma no2", "Beta no2", "A'1 no2"
    ]  # fmt: skip
    assert sta.names("Things", orderby="properties/lanes desc,id") == ["Gamma", "Beta", "A'1"]
    assert sta.get("Observations", top=0, count="true") == {"@iot.count": 9, "value": []}
    page, seen = sta.get("Observations", top=4, count="true", filter="Datastream/id ne 2", orderby="phenomenonTime"), []
    while True:
        assert page["@iot.count"] == 8
        seen += [one["@iot.id"] for one in page["value"]]
        if "@iot.nextLink" not in page:
            break
        page = sta.get(page["@iot.nextLink"])
    assert len(seen) == len(set(seen)) == 8
    assert sta.names("Things", skip=1, top=1) == ["Beta"]


def test_select(sta):
    assert sta.values("Things", select="name,Datastreams", top=1) == [
        {"name": "A'1", "Datastreams@iot.navigationLink": f"{sta.root}/Things(1)/Datastreams"}
    ]
    times = sta.values("Datastreams", select="phenomenonTime", top=1)
    assert times == [{"phenomenonTime": "2026-08-21T14:00:00Z/2026-08-21T14:10:00Z"}]
    assert sta.values("Datastreams", select="id", orderby="phenomenonTime desc", top=1) == [{"@iot.id": 3}]
    assert sta.values("Observations", select="id,result", top=1) == [{"@iot.id": 1, "result": 10}]


@pytest.mark.parametrize(
    "query",
    [
        {"filter": "name eq"}, {"filter": "nonsense eq 1"}, {"filter": "name eq 'x"}, {"filter": "name eq 1 eq 2"},
        {"filter": "(name eq 'x'"}, {"filter": "name + 1 eq 2"}, {"filter": "length(name) eq 2"},
        {"filter": "name gt null"}, {"filter": "id eq 'x'"}, {"filter": "properties eq 1"},
        {"filter": "st_within(name, geography'POINT(1 2)')"}, {"filter": "not " * 100 + "id eq 1"},
        {"filter": "geo.intersects(Locations/location, geography'POLYGON((1 2,3 4,5 6))')"},
        {"filter": "geo.intersects(Locations/location, geography'ROUND(1 2)')"},
        {"filter": "st_within(Locations/location, geography'POLYGON(((((1 2)))))')"},
        {"orderby": "nonsense"}, {"orderby": "Datastreams/name"}, {"orderby": "name up"}, {"select": "nonsense"},
        {"expand": "Nonsense"}, {"expand": "Datastreams($nonsense=1)"}, {"expand": "Datastreams($top=1"},
        {"expand": "Datastreams/Thing/" * 5 + "Locations"}, {"top": "-1"}, {"top": "x"}, {"skip": "1.5"},
        {"count": "yes"}, {"nonsense": "1"}, {"orderby": "properties/a'b"},
    ],
)  # fmt: skip
def test_what_is_not_understood_is_said_as_json(sta, query):
    problem = sta.get("Things", 400, **query)
    assert problem["status"] == 400 and problem["detail"].endswith(".")


def test_nothing_new_costs_nothing(sta):
    url = f"{sta.root}/Datastreams?$expand=Observations"
    first = requests.get(url, timeout=10)
    again = requests.get(url, headers={"If-None-Match": first.headers["ETag"]}, timeout=10)
    assert again.status_code == 304 and not again.content
    sta.post("Datastreams(1)/Observations", {"result": 1})
    assert requests.get(url, headers={"If-None-Match": first.headers["ETag"]}, timeout=10).status_code == 200


def test_one_answer_has_an_end(sta, monkeypatch):
    deep = {"expand": "Datastream/Observations/Datastream/Observations", "top": 5}
    assert sta.get("Observations", **deep)
    for limit in ("_MAX_ROWS", "_MAX_TEXT"):
        with monkeypatch.context() as context:
            context.setattr(read, limit, 15)
            assert "Ask for less" in sta.get("Observations", 400, **deep)["detail"]
