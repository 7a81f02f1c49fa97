"""Whatever is asked or sent, the answer is what it means or a 4xx that says why; never a 500, never a broken row."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugin.demo.sta import times
from plugin.demo.sta.filters import parse_filter
from plugin.demo.sta.model import KINDS
from plugin.demo.sta.options import read_options
from plugin.demo.sta.read import Reader
from plugin.demo.sta.sql import Condition
from plugin.demo.web import Problem

WORDS = st.sampled_from(
    ["name", "id", "result", "phenomenonTime", "Datastream/id", "Datastreams/name", "Thing/Locations/location", "and",
     "or", "not", "eq", "ne", "gt", "le", "(", ")", ",", "'x'", "'", "5", "-1.5e3", "true", "null", "properties/a",
     "2026-08-21T14:00:00Z", "geography'POINT(1 2)'", "geography'POLYGON((1 2,3 4,5 6,1 2))'", "startswith", "contains",
     "geo.intersects", "st_within", "tolower", "location", "observedArea", "resultTime", "unitOfMeasurement/name",
     "99999999999999999999", "$", "é"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=40))
def test_any_text_is_a_filter_or_a_problem(text):
    try:
        parse_filter(text)
    except Problem as problem:
        assert problem.status == 400 and problem.detail


OPERANDS = st.sampled_from(["5", "-1.5", "'x'", "null", "true", "2026-08-21T14:00:00Z", "'2026-08-21T14:00:00Z'"])
PATHS = st.sampled_from(
    ["id", "name", "result", "phenomenonTime", "resultTime", "properties/a/b", "Datastream/id", "Datastream/Thing/name",
     "FeatureOfInterest/feature/type", "parameters/x", "tolower(validTime)", "Datastream/Observations/result",
     "Datastream/Thing/Locations/Things/id", "Datastream/unitOfMeasurement/symbol", "Datastream/phenomenonTime"]
)  # fmt: skip
COMPARISONS = st.builds(lambda path, word, value: f"{path} {word} {value}", PATHS, st.sampled_from(
    ["eq", "ne", "gt", "ge", "lt", "le"]), OPERANDS)  # fmt: skip
FILTERS = st.recursive(
    COMPARISONS,
    lambda inner: (
        st.builds(lambda a, word, b: f"({a} {word} {b})", inner, st.sampled_from(["and", "or"]), inner)
        | inner.map(lambda one: f"not ({one})")
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILTERS)
def test_a_filter_and_its_opposite_divide_all(sta, text):
    def count(where: str) -> int:
        with sta.store.reading() as db:
            options = read_options(KINDS["Observations"], {"$filter": where, "$count": "true", "$top": "0"})
            return int(json.loads(Reader(db, "").page(KINDS["Observations"], Condition(), options, ""))["@iot.count"])

    try:
        found = count(text)
    except Problem as problem:
        assert problem.status == 400
        return
    assert found + count(f"not ({text})") == 9


@given(st.integers(min_value=-(10**15), max_value=10**17))
def test_times_there_and_back(micros):
    assert times.parse(times.text(micros)) == micros


@pytest.mark.parametrize("text", ["2026-08-21", "0001-01-01T00:00:00+02:00", "2026-13-01T00:00:00Z", "now", ""])
def test_what_is_no_time(text):
    with pytest.raises(ValueError, match=r"time|month|ago"):
        times.parse(text)


@pytest.mark.parametrize(
    ("told", "stamp"),
    [("2026-08-21T14:00Z", 0), ("2026-08-21T16:00:00+0200", 0), ("2026-08-21t09:30:00.5-04:30", 500_000),
     ("2026-08-21T14:00:00,25", 250_000), ("2026-08-21T14:00:00.1234567Z", 123_456)],
)  # fmt: skip
def test_ways_to_write_a_time(told, stamp):
    assert times.parse(told) == 1_787_320_800_000_000 + stamp


@pytest.mark.parametrize(
    "body",
    ['{"result": 1e999}', '{"result": 1' + "0" * 400 + "}", '{"result": {"a": [1e999]}}',
     '{"result": 1, "phenomenonTime": "0001-01-01T00:00:00+02:00"}',
     '{"result": 1, "parameters": ' + "[" * 900 + "]" * 900 + "}",
     '{"result": 1, "phenomenonTime": "2026-08-21T14:00:00Z", "FeatureOfInterest": {"@iot.id": 1e99}}',
     '{"result": 1, "resultQuality": "\\ud800"}', '{"result": 1, "FeatureOfInterest": {"name": 1}}'],
)  # fmt: skip
def test_values_that_no_answer_could_hold(sta, body):
    url = sta.url("Datastreams(1)/Observations")
    answer = requests.post(url, body, headers={"Content-Type": "application/json"}, timeout=10)
    assert answer.status_code in (201, 400), answer.text
    assert len(sta.values("Observations")) >= 9  # and all of them can still be read


def test_texts_of_all_kinds_come_back(sta):
    strange = 'quote " backslash \\ control \x01 newline \n line\u2028 emoji 😀 nul \x00 end'
    made = sta.post("Datastreams(1)/Observations", {"result": strange})
    assert sta.get(made)["result"] == strange
    assert sta.results("result eq 'it''s'") == []
    sta.post("Datastreams(1)/Observations", {"result": "it's 100% a+b & c=d # ;"})
    assert sta.results("result eq 'it''s 100% a+b & c=d # ;'", top=1) == ["it's 100% a+b & c=d # ;"]


def test_next_links_carry_strange_filters(sta):
    text = "contains(name, 'a+b & c=d;#%') or id gt 0"
    page = sta.get("Datastreams", filter=text, top=2, expand="Thing($select=name;$expand=Locations)")
    again = sta.get(page["@iot.nextLink"])
    assert len(again["value"]) == 2 and "@iot.nextLink" not in again
    assert again["value"][0]["Thing"]["Locations"][0]["name"]


@pytest.mark.parametrize(
    "path", ["Things(1)%2FDatastreams", "Things(%00)", "Things('1'')", "Things(1)(2)", "%2e%2e", "Things(1)/"]
)
def test_strange_addresses(sta, path):
    assert requests.get(f"{sta.root}/{path}", timeout=10).status_code in (200, 404)


def test_a_quirky_polygon(sta):
    ring = ",".join(f"{4 + n / 1000} {51 + (n % 7)}" for n in range(400))
    shape = quote(f"geography'POLYGON(({ring},4 51))'")
    answer = requests.get(f"{sta.root}/Locations?$filter=st_within(location,{shape})", timeout=10)
    assert answer.status_code == 200
