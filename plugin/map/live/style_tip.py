"""The map tip of a live layer: HTML that QGIS fills from the columns, so that it also works where the plugin is absent.

What only the plugin knows (the age by the twin's clock, the chart, the names of thresholds) comes from the functions
of `tips`. They are called through eval(), since an expression with a function that nobody has would be shown as it
stands. All that comes from a service is escaped. The HTML is plain enough for Qt's rich text, which shows map tips
where QGIS has no WebKit.
"""

from __future__ import annotations

from html import escape

from qgis.core import QgsVectorLayer

from ...sensors import freshness, trend, words
from ...text import tr
from .. import foreign
from . import fields
from .style_classes import Scale

CHART = "citytwin_chart"
AGE = "citytwin_age"
EXCEEDED = "citytwin_exceeded"
LINK = "citytwin_chart_link"

WIDTH, HEIGHT = 260, 84  # of the chart, in pixels
# colours that are read on the light and on the dark ground of a map tip
_FAINT = "color:#808488"
_LINK, _ALARM = "#2f86cc", "#e23a50"
_ARROWS = {trend.RISING: "▲ ", trend.FALLING: "▼ ", trend.STEADY: ""}


def apply(layer: QgsVectorLayer, scale: Scale) -> None:
    """The map tip and the display name of ``layer``."""
    layer.setDisplayExpression(f'coalesce(nullif("{fields.NAME}", \'\'), "{fields.DATASTREAM}")')
    layer.setMapTipTemplate(template(scale))


def template(scale: Scale) -> str:
    """HTML with expressions."""
    rows = (
        f'<div style="width:{WIDTH}px;font-family:sans-serif">',
        f"<b>{_cell(_html(fields.NAME))}</b>",
        _cell(_thing()),
        _cell(_value()),
        _cell(_class(scale)),
        _cell(_when()),
        _cell(_exceeded()),
        _cell(_chart()),
        "</div>",
    )
    return "\n".join(rows)


def past() -> str:
    """The same for what was kept or is played back: with the moment of the value instead of its age."""
    at = f"coalesce('<div>' || {_moment()} || '</div>', '')"
    rows = (f"<b>{_cell(_html(fields.NAME))}</b>", _cell(_thing()), _cell(_value()), _cell(at), _cell(_exceeded()))
    return "\n".join((f'<div style="width:{WIDTH}px;font-family:sans-serif">', *rows, "</div>"))


def _cell(expression: str) -> str:
    # an error in one part is no reason to lose it silently or to show its text
    return f"[% coalesce({expression}, '') %]"


def _html(column: str) -> str:
    """The text of a column, escaped."""
    found = f'to_string("{column}")'
    for sign, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        found = f"replace({found}, '{sign}', '{name}')"
    return found


def _text(html: str) -> str:
    return foreign.literal(html)


def _thing() -> str:
    faint = f'<br><span style="{_FAINT}">'
    # names of datastreams often begin with that of their thing
    new = f'strpos(coalesce("{fields.NAME}", \'\'), "{fields.THING}") = 0'
    return f"if({new}, {_text(faint)} || {_html(fields.THING)} || '</span>', '')"


def _value() -> str:
    fresh = f"\"{fields.FRESHNESS}\" = '{freshness.LIVE}'"
    arrows = " ".join(
        f"WHEN {fresh} AND \"{fields.TREND}\" = '{word}' "
        f"THEN {_text(f' <span>{sign}{escape(words.direction(word))}</span>')}"
        for word, sign in _ARROWS.items()
    )
    style = f"if({fresh}, '', {_text(_FAINT)})"
    return (
        f"'<div style=\"margin-top:4px;' || {style} || '\"><big><big><b>' || "
        f"{_html(fields.TEXT)} || '</b></big></big>' || CASE {arrows} ELSE '' END || '</div>'"
    )


def _class(scale: Scale) -> str:
    if not scale.colours or len(scale.colours) < 2:
        return "''"
    cases = " ".join(
        f"WHEN @key = 'c{index}' THEN {_text(_swatch(colour) + escape(title))}"
        for index, (colour, title) in enumerate(zip(scale.colours, scale.titles))
    )
    note = f'<br><small style="{_FAINT}">{escape(scale.source)}</small>' if scale.source else ""
    return f"'<div>' || with_variable('key', {scale.key}, CASE {cases} END) || {_text(note)} || '</div>'"


def _swatch(colour: str) -> str:
    return f'<span style="background-color:{colour}">&nbsp;&nbsp;&nbsp;</span>&nbsp;'


def _when() -> str:
    """How old and how fresh, in words; nothing where there is no observation."""
    colours = {freshness.LIVE: "#2f8f4e", freshness.LATE: "#b7791f", freshness.SILENT: _ALARM}
    fresh = " ".join(
        f"WHEN \"{fields.FRESHNESS}\" = '{word}' THEN "
        + _text(f'<span style="color:{colour};font-weight:bold">{escape(words.how_fresh(word))}</span>')
        for word, colour in colours.items()
    )
    return (
        f"if(\"{fields.TIME}\" IS NULL, '', '<div>' || CASE {fresh} ELSE '' END || ' · ' || "
        f"coalesce({_own(AGE)}, {_moment()}) || '</div>')"
    )


def _moment() -> str:
    return f"format_date(\"{fields.TIME}\", 'yyyy-MM-dd HH:mm:ss') || ' UTC'"


def _exceeded() -> str:
    alarm, faint = (_text(f'<div style="{style}">') for style in (f"color:{_ALARM}", _FAINT))
    style = f"if(\"{fields.FRESHNESS}\" = '{freshness.SILENT}', {faint}, {alarm})"
    plain = _text(escape(tr("Beyond a threshold")))
    return f"if(\"{fields.EXCEEDED}\" > 0, {style} || coalesce({_own(EXCEEDED)}, {plain}) || '</div>', '')"


def _chart() -> str:
    image = f'" width="{WIDTH}" height="{HEIGHT}"></div>'
    shown = escape(tr("Show chart"))
    link = f'" style="color:{_LINK}">{shown}</a></div>'
    return (
        f"coalesce('<div><img src=\"' || {_own(CHART)} || {_text(image)}, '') || "
        f"coalesce('<div><a href=\"' || {_own(LINK)} || {_text(link)}, '')"
    )


def _own(function: str) -> str:
    """What a function of ours says; NULL where there is none, or it has nothing to say."""
    call = _text(f'{function}(@layer_id, "{fields.DATASTREAM}")')
    return f"nullif(try(eval({call})), '')"
