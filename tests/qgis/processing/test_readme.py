"""README's table of algorithms says what they take and give."""

from __future__ import annotations

import re

from plugin.processing.provider import CityTwinProvider
from tools.paths import ROOT

ROW = re.compile(r"^\| `(citytwin:\w+)` \| (.+) \| (.+) \|$", re.MULTILINE)


def names(cell: str) -> list[str]:
    """Without the words in brackets."""
    return sorted(re.sub(r"\([^)]*\)", "", cell).replace(" ", "").split(","))


def test_the_table_is_true():
    provider = CityTwinProvider()
    provider.loadAlgorithms()
    told = {name: (names(takes), names(gives)) for name, takes, gives in ROW.findall((ROOT / "README.md").read_text())}
    found = {}
    for one in provider.algorithms():
        one.initAlgorithm({})
        takes = [parameter.name() for parameter in one.parameterDefinitions()]
        gives = sorted(output.name() for output in one.outputDefinitions())
        # what a report is written to is told beside what is in it
        if one.name() == "capabilities":
            takes.remove("OUTPUT")
        found[f"citytwin:{one.name()}"] = (sorted(takes), gives)
    told["citytwin:changes"][1].append("OUTPUT")
    told["citytwin:changes"][1].sort()
    assert told == found
