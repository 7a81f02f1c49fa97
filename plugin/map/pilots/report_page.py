"""The page of a report: its sections one below the other, the map and the 3D picture in what room is left."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from ...pilots import shapes
from ...pilots import vocabulary as words_of
from ...text import language, number, tr, trn
from ...twin.progress import SILENT, Progress, check
from . import report_view
from .report import Report
from .report_city import City
from .report_conditions import conditions
from .report_figures import figures
from .report_header import ACROSS, LEFT, Section, day, header, title_of, worries
from .report_history import history
from .report_parts import Block, MapFrame, North, Page, Part, ScaleBar, Words
from .report_type import FAINT, RULE, Type, height_of, words
from .style import LOOKS

_TOP, _FOOT = 11.5, 286.0
_BETWEEN = 5.2
_CAPTION = 6.4
_LEAST, _MOST = 58.0, 104.0  # how high map and picture may be
_SCALES = (1000, 1250, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 7500, 10_000, 12_500, 15_000, 20_000, 25_000, 30_000,
           40_000, 50_000, 60_000, 80_000, 100_000, 125_000, 150_000, 200_000, 300_000, 500_000, 1_000_000)  # fmt: skip
_MARGIN = 1.45  # of the pilot's own size
_PAPER = "#f6f7f8"


def compose(report: Report, progress: Progress = SILENT) -> Page:
    """The page in the language that is spoken in this thread now. Any thread. Raises `Cancelled`."""
    type_ = Type()
    for above_roomy, below_roomy in ((True, True), (True, False), (False, False)):
        above = [header(report, type_, roomy=above_roomy), worries(report, type_, roomy=above_roomy)]
        below = [figures(report, type_), conditions(report, type_, roomy=below_roomy), history(report, type_)]
        used = sum(high + _BETWEEN for _, high in (*above, *below) if high)
        room = _FOOT - 2.0 - _TOP - used
        if room >= _LEAST + _CAPTION:
            break
    high = min(max(room - _CAPTION, _LEAST - 14), _MOST)
    seen = _seen(report, high, type_, progress)
    parts: list[Part] = []
    y = _TOP
    for some, tall in (*above, seen, *below):
        if tall:
            parts += [_moved(part, y) for part in some]
            y += tall + _BETWEEN
    parts += _footer(report, type_)
    pilot = report.pilot
    stage = words_of.stage_title(pilot.stage)
    keywords = "; ".join(one for one in (words_of.theme_title(pilot.theme), stage, pilot.lead) if one)
    return Page(tuple(parts), title_of(pilot), language(), tr("Pilot: {stage}", stage=stage), keywords)


def _moved(part: Part, down: float) -> Part:
    return replace(part, y=part.y + down)


# -- map and picture -------------------------------------------------------------------------------------------------


def _seen(report: Report, high: float, type_: Type, progress: Progress) -> Section:
    """The map, the 3D picture, or both side by side."""
    count = report.wanted.map + report.wanted.picture
    if not count:
        return [], 0.0
    shape = shapes.in_rd(report.pilot.wkb, report.pilot.srid)
    box = shapes.box_of_shape(shape) if shape is not None else None
    if box is None:
        return _nowhere(type_)
    gap = 4.0
    wide = (ACROSS - gap * (count - 1)) / count
    high = min(high, 1.05 * wide)
    parts: list[Part] = []
    x = LEFT
    if report.wanted.map:
        parts += _map(report, box, x, wide, high, type_)
        x += wide + gap
    if report.wanted.picture and report.city is not None:
        check(progress)
        look = LOOKS.get(report.pilot.stage)
        drawn = report_view.view(report.city, wide - 2, high - 2, look.ink if look else "#5b5b5b", progress)
        parts += [Block(x, 0, wide, high, _PAPER, name="picture"), replace(drawn, x=x + 1, y=1, name="picture")]
        text = type_.lines(_told_of(report.city), wide, 7.5, 2)
        parts.append(words(x, high + 1.8, wide, text, 7.5, ink=FAINT, leading=3.4, name="caption"))
    return parts, high + _CAPTION


def _nowhere(type_: Type) -> Section:
    text = type_.lines(tr("This pilot has no area yet: once its outline is drawn, the map stands here."), 160, 10, 2)
    return [
        Block(LEFT, 0, ACROSS, 34, _PAPER, edge=RULE, width=0.2, name="nowhere"),
        words(LEFT + 10, 17 - height_of(len(text), 10) / 2, 160, text, 10, ink=FAINT, align="middle", name="nowhere"),
    ], 34.0


def _map(
    report: Report, box: tuple[float, float, float, float], x: float, wide: float, high: float, type_: Type
) -> list[Part]:
    frame = frame_for(box, x, 0.0, wide, high)
    bar = _bar(frame, x, high + 1.8)
    text = tr("1 : {scale}", scale=number(frame.scale))
    told = type_.width(text, 7.5) + 1
    after = x + bar.w + type_.width(bar.label, 7.5) + 5
    note = tr("other pilots faintly") if _near(report, frame) else ""
    room = x + wide - told - after - 3
    parts: list[Part] = [
        frame,
        North(x + wide - 9.0, 1.6, 7.4, 9.4),
        bar,
        words(x + wide - told, high + 1.8, told, [text], 7.5, ink=FAINT, align="right", name="scale"),
    ]
    if note and type_.width(note, 7.5) <= room:
        parts.append(words(after, high + 1.8, room, [note], 7.5, ink=FAINT, align="middle", name="caption"))
    return parts


def frame_for(box: tuple[float, float, float, float], x: float, y: float, wide: float, high: float) -> MapFrame:
    """The frame at the largest round scale at which the box fits with its surroundings."""
    across, along = _MARGIN * max(box[2] - box[0], 60.0), _MARGIN * max(box[3] - box[1], 60.0)
    needed = 1000 * max(across / wide, along / high)
    scale = float(next((one for one in _SCALES if one >= needed), _SCALES[-1]))
    half = wide * scale / 2000, high * scale / 2000
    middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    extent = (middle[0] - half[0], middle[1] - half[1], middle[0] + half[0], middle[1] + half[1])
    return MapFrame(x, y, wide, high, extent, scale)


def _bar(frame: MapFrame, x: float, y: float) -> ScaleBar:
    """As long as fits in a third of the map, in round metres."""
    most = frame.w / 3 * frame.metres
    steps = [digit * 10**power for power in range(6) for digit in (1, 2, 5)]
    metres = float(max((one for one in steps if one <= most), default=1))
    label = tr("{n} km", n=number(metres / 1000)) if metres >= 1000 else tr("{n} m", n=number(metres))
    return ScaleBar(x, y, metres / frame.metres, metres, label)


def _near(report: Report, frame: MapFrame) -> bool:
    """Whether other pilots are in the map."""
    west, south, east, north = frame.extent
    for other in report.others:
        box = shapes.box_of_shape(shapes.in_rd(other.wkb, other.srid))
        if box and box[0] < east and box[2] > west and box[1] < north and box[3] > south:
            return True
    return False


def _told_of(city: City) -> str:
    """What the picture shows, and what it does not."""
    if not city.has_buildings:
        return tr("Seen from the south-west. There is no layer of buildings in the working copy.")
    if not city.bodies:
        return tr("Seen from the south-west. No buildings are known here.")
    told = [tr("Seen from the south-west; heights are true to scale.")]
    if city.flat:
        n = city.flat
        told.append(trn("{n} building of unknown height is flat.", "{n} buildings of unknown height are flat.", n))
    if city.left_out:
        told.append(tr("The {n} smallest buildings are left out.", n=number(city.left_out)))
    return " ".join(told)


# -- foot ------------------------------------------------------------------------------------------------------------


def _footer(report: Report, type_: Type) -> list[Part]:
    size, leading = 7.0, 3.3
    page = tr("Page {n} of {all}", n=1, all=1)
    made = tr("Made on {day}", day=day(report.today))
    aside = max(type_.width(one, size) for one in (page, made)) + 4
    source = tr("Source: {twin}, working copy {file}", twin=_host(report.twin) or tr("the twin"), file=report.file)
    if report.read:
        source += tr(", read on {day}", day=day(report.read))
    if report.unpublished:
        source += " · " + tr("unpublished edits included")
    said = [*type_.lines(source, ACROSS - aside, size, 1)]
    if report.attributions:
        credit = tr("Data: {names}", names=", ".join(report.attributions))
        said += type_.lines(credit, ACROSS - aside, size, 1)
    y = _FOOT + 2.4
    right: Words = words(LEFT, y, ACROSS, [page, made], size, ink=FAINT, align="right", leading=leading, name="page")
    return [
        Block(LEFT, _FOOT, ACROSS, 0.25, RULE),
        words(LEFT, y, ACROSS - aside, said, size, ink=FAINT, leading=leading, name="source"),
        replace(right, x=LEFT + ACROSS - aside, w=aside),
    ]


def _host(url: str) -> str:
    """Where the twin is, without what nobody reads aloud: no path, no query, and never a name or a password."""
    return urlsplit(url).hostname or ""
