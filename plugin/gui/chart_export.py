"""What a chart shows, as a file or a layer: CSV, a picture, a table with times. Made in tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from qgis.core import QgsApplication, QgsVectorLayer
from qgis.PyQt.QtCore import QObject, QRectF, QSizeF
from qgis.PyQt.QtGui import QFont, QImage, QPainter

from ..map import chart_layer, plot, tasks
from ..map.chart_layer import Rows
from ..map.plot import Curve, Level, Plot
from ..map.plot_colours import light
from ..map.tasks import TaskHandle
from ..sensors import axis, series_csv
from ..sensors.trace import Trace
from ..text import number, tr, trn
from ..twin.errors import CityTwinError
from ..twin.progress import Progress, check
from .chart_presenter import ChartPresenter

_SHARP = 2
_LEAST = QSizeF(760, 380)
Told = Callable[[str], None]
Failed = Callable[[CityTwinError], None]


@dataclass(frozen=True)
class Content:
    """What is in view, as it was when the user asked for it."""

    rows: tuple[Rows, ...]
    colours: tuple[int, ...]
    names: tuple[str, ...]
    levels: tuple[Level, ...]
    start: float
    end: float
    now: float
    sources: tuple[str, ...]
    thinned: bool

    @property
    def count(self) -> int:
        return sum(len(each.series) for each in self.rows)

    def title(self) -> str:
        """What is observed, and of what where that is one."""
        observed = list(dict.fromkeys(each.observed_property for each in self.rows if each.observed_property))
        what = ", ".join(observed[:3]) + ("…" if len(observed) > 3 else "")
        if len(self.names) == 1:
            return f"{self.names[0]}: {what}" if what and what not in self.names[0] else self.names[0]
        return what

    def file_name(self) -> str:
        """A name without what file systems refuse."""
        plain = "".join(letter if letter.isalnum() or letter in " -_,." else " " for letter in self.title())
        return " ".join(plain.split())[:80] or tr("chart")


def content(presenter: ChartPresenter, levels: Sequence[Level]) -> Content:
    """What the chart shows now. Main thread; arrays are shared, not copied, but for what came live."""
    sensors, start, end = presenter.sensors, presenter.start, presenter.end
    rows = tuple(
        Rows(
            sensor.trace.observed(start, end),
            sensor.stream.thing.name,
            sensor.stream.observed_property.name,
        )
        for sensor in sensors
    )
    return Content(
        rows,
        tuple(sensor.colour for sensor in sensors),
        tuple(sensor.name for sensor in sensors),
        tuple(levels),
        start,
        end,
        presenter.now,
        tuple(dict.fromkeys(sensor.feed.url for sensor in sensors)),
        any(sensor.trace.thinned_before > start for sensor in sensors),
    )


def to_csv(shown: Content, path: Path, told: Told, failed: Failed, parent: QObject) -> TaskHandle:
    """A row for each observation in view."""

    def work(progress: Progress) -> int:
        return series_csv.write(path, [each.series for each in shown.rows], progress)

    def done(count: int) -> None:
        told(_written(count, path.name, shown))

    text = tr("Writing {file}", file=path.name)
    return tasks.run(text, work, done=done, failed=failed, parent=parent)


def to_layer(
    shown: Content, path: Path | None, done: Callable[[QgsVectorLayer, str], None], failed: Failed, parent: QObject
) -> TaskHandle:
    """A table layer, in the GeoPackage ``path`` or temporary; ``done`` adds it to the project."""
    title = shown.title() or tr("Observations")

    def made(layer: QgsVectorLayer) -> None:
        done(layer, _written(shown.count, layer.name(), shown))

    return tasks.run(
        tr("Making the layer {name}", name=title),
        lambda progress: chart_layer.make(shown.rows, title, path, progress),
        done=made,
        failed=failed,
        parent=parent,
    )


def to_png(shown: Content, path: Path, size: QSizeF, told: Told, failed: Failed, parent: QObject) -> TaskHandle:
    """The chart on white, with title, legend, its source and the time of the export; twice as sharp as a screen."""
    font = QFont(QgsApplication.font())

    def work(progress: Progress) -> None:
        image = picture(shown, size, font, progress)
        part = path.with_name(f"{path.name}.part")
        try:
            saved = image.save(str(part), "PNG")
            if saved:
                part.replace(path)
        except OSError as error:
            raise _unwritten(path, str(error)) from error
        finally:
            part.unlink(missing_ok=True)
        if not saved:
            raise _unwritten(path, "")

    text = tr("Writing {file}", file=path.name)
    return tasks.run(
        text, work, done=lambda _none: told(tr("The chart is in {file}.", file=path.name)), failed=failed, parent=parent
    )


def picture(shown: Content, size: QSizeF, font: QFont, progress: Progress) -> QImage:
    """The chart of ``size`` (pixels of a plain screen). Any thread."""
    size = size.expandedTo(_LEAST)
    image = QImage(int(size.width()) * _SHARP, int(size.height()) * _SHARP, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(_SHARP)
    curves = []
    for rows, colour, name in zip(shown.rows, shown.colours, shown.names):
        check(progress)
        curves.append(Curve(Trace(rows.series), name, rows.series.unit, colour))
    sources = ", ".join(shown.sources)
    made = Plot(
        shown.start,
        shown.end,
        tuple(curves),
        shown.levels,
        now=shown.now,
        ink=light(),
        message="" if shown.count else tr("There are no observations in this period."),
        title=shown.title(),
        footer=tr("Source: {sources} · exported {when}", sources=sources, when=axis.moment(shown.now, step=60)),
        legend=True,
        still=True,
    )
    painter = QPainter(image)
    painter.setFont(font)
    plot.paint(painter, QRectF(0, 0, int(size.width()), int(size.height())), made)
    painter.end()
    return image


def _written(n: int, name: str, shown: Content) -> str:
    text = trn(
        "{count} observation is in {name}.", "{count} observations are in {name}.", n, count=number(n), name=name
    )
    if shown.thinned:
        text += " " + tr(
            "Of the older ones only the lowest and the highest of each interval: the period is too long to keep all. "
            "Choose a shorter one for every observation."
        )
    return text


def _unwritten(path: Path, detail: str) -> CityTwinError:
    return CityTwinError(
        tr("{file} could not be written. Choose another place, or close the program that has it open.", file=path.name),
        detail=detail,
    )
