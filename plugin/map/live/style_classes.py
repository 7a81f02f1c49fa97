"""Into which classes the values of one live layer fall, by which expression, and what the classes are called."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from qgis.core import QgsFeatureRequest, QgsVectorLayer

from ...sensors import norms, recognise, values
from ...sensors.norms import Classes
from ...text import tr
from ...twin.sta.model import Datastream, Unit
from .. import foreign
from . import fields, style_colours

# keeps the breaks of a layer whose quantity has none of its own, so that colours do not jump
BREAKS = "citytwin/live-classes"

_SAMPLE = 40  # datastreams of one kind
_FEATURES = 2_000  # whose values even steps are made for

# what the expression gives where it gives no class
CLAMPED = "more"
NOTHING = "nothing"
NONE = "none"
YES, NO = "yes", "no"


@dataclass(frozen=True)
class Scale:
    """``titles`` and ``colours``: one for each class, lowest first, none where nothing is classed. ``key``: the
    expression that gives c0, c1, … of a feature, or one of the words above, or other. ``meanings``: what a class says
    beside its range, "" for nothing. ``source``: who set the levels, "" for nobody."""

    key: str
    titles: tuple[str, ...]
    colours: tuple[str, ...]
    meanings: tuple[str, ...] = ()
    source: str = ""
    clamped: bool = False
    boolean: bool = False
    numeric: bool = True
    lower_is_worse: bool = False


def scale_of(layer: QgsVectorLayer, streams: Sequence[Datastream]) -> Scale:
    """The classes for ``layer``: norms where all its datastreams measure one quantity that has them, else even steps
    between the values there are now, and those from then on."""
    streams = _some(streams)
    fits = [norms.fit(stream) for stream in streams]
    quantities = {fit.classes.quantity for fit in fits if fit is not None}
    clamped = any(recognise.rule(stream).clamped for stream in streams)
    if len(quantities) == 1:
        return _by_norm(norms.classes(quantities.pop()), clamped)
    numeric, boolean = _kinds(layer, streams)
    if not numeric:
        return Scale(_key("'other'"), (), (), boolean=boolean, numeric=False)
    found = _kept(layer)
    if found is None:
        found = _even(layer, streams)
        if found[1]:
            layer.setCustomProperty(BREAKS, json.dumps(found))
    unit, breaks = found
    return _even_scale(unit, tuple(breaks), clamped, boolean)


def _some(streams: Sequence[Datastream]) -> list[Datastream]:
    """Of each property and unit a few, since all of ten thousand take too long to look at."""
    seen: Counter[tuple[str, str, str, Unit | None]] = Counter()
    found = []
    for stream in streams:
        kind = (
            stream.observed_property.name,
            stream.observed_property.definition,
            stream.observation_type,
            stream.unit,
        )
        seen[kind] += 1
        if seen[kind] <= _SAMPLE:
            found.append(stream)
    return found[:_FEATURES]


def _by_norm(classes: Classes, clamped: bool) -> Scale:
    count = len(classes.breaks) + 1
    return Scale(
        _key(f"coalesce('c' || \"{fields.CLASS}\", 'other')"),
        tuple(classes.title(index) for index in range(count)),
        tuple(style_colours.of(classes.quantity, classes.breaks, classes.worse)),
        tuple(classes.meaning(index) for index in range(count)),
        classes.source,
        clamped,
        lower_is_worse=classes.worse == "down",
    )


def _even_scale(unit: str, breaks: tuple[float, ...], clamped: bool, boolean: bool) -> Scale:
    if not breaks:
        return Scale(
            _key("'c0'"), (tr("A value"),), (style_colours.ramp(style_colours.NEUTRAL, 1)[0],), clamped=clamped
        )
    steps = " ".join(f"WHEN \"{fields.RESULT}\" < {level!r} THEN 'c{index}'" for index, level in enumerate(breaks))
    classed = f"CASE {steps} ELSE 'c{len(breaks)}' END"
    # what is in another unit cannot be compared
    key = f"if(coalesce(\"{fields.UNIT}\", '') = {foreign.literal(unit)}, {classed}, 'other')"
    count = len(breaks) + 1
    return Scale(
        _key(key),
        tuple(norms.span(breaks, index, unit) for index in range(count)),
        tuple(style_colours.of("", breaks, "")),
        ("",) * count,
        tr("Even steps between the values when the layer was made"),
        clamped,
        boolean,
    )


def _key(number: str) -> str:
    """The whole expression around that for numbers."""
    kind, yes = f'"{fields.KIND}"', foreign.literal(tr("yes"))
    return (
        f"CASE WHEN {kind} = '{values.NUMBER}' THEN {number} "
        f"WHEN {kind} = '{values.NONE}' OR {kind} IS NULL THEN '{NONE}' "
        f"WHEN {kind} = '{values.CLAMPED}' THEN '{CLAMPED}' "
        f"WHEN {kind} IN ('{values.NULL}', '{values.SENTINEL}') THEN '{NOTHING}' "
        f"WHEN {kind} = '{values.BOOLEAN}' THEN "
        f"if(\"{fields.TEXT}\" = {yes}, '{YES}', '{NO}') "
        "ELSE 'other' END"
    )


def _kinds(layer: QgsVectorLayer, streams: Sequence[Datastream]) -> tuple[bool, bool]:
    """Whether there are numbers, and booleans, as far as is known."""
    known = {
        values.understand(stream.latest.result, recognise.rule(stream))[0]
        for stream in streams
        if stream.latest is not None
    }
    known |= set(layer.uniqueValues(layer.fields().lookupField(fields.KIND)))
    types = " ".join({stream.observation_type.rsplit("/", 1)[-1].lower() for stream in streams})
    boolean = values.BOOLEAN in known or "truth" in types
    texts = bool(known & {values.TEXT, values.OBJECT}) or "category" in types or "complex" in types
    measured = values.NUMBER in known or "measurement" in types or "count" in types
    return measured or not (boolean or texts), boolean


def _even(layer: QgsVectorLayer, streams: Sequence[Datastream]) -> tuple[str, tuple[float, ...]]:
    """``(unit, breaks)`` of the values now, in the unit that most of them have."""
    request = QgsFeatureRequest().setLimit(_FEATURES).setFlags(QgsFeatureRequest.Flag.NoGeometry)
    found: list[tuple[str, float]] = [
        (feature[fields.UNIT] or "", feature[fields.RESULT])
        for feature in layer.getFeatures(request)
        if isinstance(feature[fields.RESULT], float)
    ]
    if not found:
        for stream in streams:
            if stream.latest is not None:
                kind, _, number = values.understand(stream.latest.result, recognise.rule(stream))
                if kind == values.NUMBER:
                    found.append(((stream.unit.symbol or stream.unit.name) if stream.unit else "", number))
    if not found:
        return "", ()
    unit = Counter(unit for unit, _ in found).most_common(1)[0][0]
    return unit, norms.even_classes([number for its, number in found if its == unit])


def _kept(layer: QgsVectorLayer) -> tuple[str, tuple[float, ...]] | None:
    try:
        unit, breaks = json.loads(layer.customProperty(BREAKS) or "null")
        levels = tuple(float(level) for level in breaks)
    except (TypeError, ValueError):
        return None
    return (str(unit), levels) if levels and list(levels) == sorted(set(levels)) else None
