"""What the classes are called: their range, their unit, and whose norm they lie above."""

from __future__ import annotations

from plugin.sensors import norms, recognise


def titles(quantity: str) -> list[str]:
    classes = norms.classes(quantity)
    return [classes.title(index) for index in range(len(classes.breaks) + 1)]


def test_a_class_says_whose_norm_it_lies_above() -> None:
    assert titles(recognise.NO2) == [
        "below 10 µg/m³",
        "10–20 µg/m³ (above WHO year mean)",
        "20–25 µg/m³ (above EU 2030 year mean)",
        "25–40 µg/m³ (above WHO day mean)",
        "40–50 µg/m³ (above EU year mean)",
        "50–200 µg/m³ (above EU 2030 day mean)",
        "over 200 µg/m³ (above EU hour mean)",
    ]
    assert titles(recognise.NOISE)[1:4] == [
        "50–53 dB (above EU Lnight)",
        "53–55 dB (above WHO Lden)",
        "55–60 dB (above EU Lden)",
    ]


def test_classes_without_norms_only_tell_their_range() -> None:
    assert titles(recognise.SPEED)[:3] == [
        "below 25 km/h (stationary traffic)",
        "25–50 km/h (slow traffic)",
        "50–70 km/h",
    ]
    assert titles(recognise.WATER_LEVEL)[:3] == ["below −1 m", "−1 to −0.5 m", "−0.5 to 0 m"]
    assert titles(recognise.FLOW)[-1] == "over 16,000 vehicles/h"


def test_spans_of_breaks_of_any_size() -> None:
    assert norms.span((0.1, 0.25), 1, "") == "0.1–0.25"
    assert norms.span((), 0, "°C") == "°C"
    assert norms.span((1e-9,), 1, "mol") == "over 0.000000001 mol"
