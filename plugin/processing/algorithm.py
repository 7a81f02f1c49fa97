"""What the provider's algorithms share: how they are named, find their twin, and say what went wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterAuthConfig,
    QgsProcessingParameterFile,
    QgsProcessingParameterString,
)

from ..map import connections
from ..map.connections import Connection
from ..map.network import open_twin
from ..map.pilots.combining import open_copy
from ..map.tasks import FeedbackProgress, unforeseen
from ..text import tr
from ..twin.client import Twin
from ..twin.errors import Cancelled, CityTwinError
from ..twin.model import Extent
from ..workcopy.copy import WorkingCopy

Result = TypeVar("Result")


class TwinAlgorithm(QgsProcessingAlgorithm):
    """An algorithm of the provider. Subclasses give `NAME`, and do their work in `perform`."""

    NAME = ""

    TWIN = "TWIN"
    AUTH = "AUTH"
    WORKING_COPY = "WORKING_COPY"
    OUTPUT = "OUTPUT"

    def name(self) -> str:
        return self.NAME

    def createInstance(self) -> QgsProcessingAlgorithm:
        return type(self)()

    def tags(self) -> list[str]:
        return [
            "twin",
            "ogc",
            "api",
            "features",
            "geopackage",
            *tr("digital twin,working copy,offline,edit").split(","),
        ]

    def perform(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Any:
        """The work; raises `CityTwinError`."""
        raise QgsProcessingException(self.NAME)

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        return told(feedback, lambda: self.perform(parameters, context, feedback)) or {}

    # -- parameters --------------------------------------------------------------------------------------------------

    def add_twin(self) -> None:
        """TWIN: a connection's name or a URL."""
        names = [connection.name for connection in connections.all()]
        parameter = QgsProcessingParameterString(
            self.TWIN, tr("Twin: a connection's name, or the URL of a landing page"), names[0] if names else None
        )
        if names:
            # offered, not imposed: a URL may be typed as well
            options = {"widget_wrapper": {"value_hints": names}}
            parameter.setMetadata(options)
        self.addParameter(parameter)

    def add_auth(self) -> None:
        """AUTH: an authentication configuration, for a twin that is given by its URL."""
        self.addParameter(
            QgsProcessingParameterAuthConfig(
                self.AUTH, tr("Authentication, if other than the connection's"), None, optional=True
            )
        )

    def add_working_copy(self) -> None:
        """WORKING_COPY: an existing one."""
        self.addParameter(
            QgsProcessingParameterFile(
                self.WORKING_COPY, tr("Working copy"), fileFilter=tr("Working copies (*.gpkg)"), extension=None
            )
        )

    def add_numbers(self, numbers: dict[str, str]) -> None:
        """Numbers that the algorithm returns: name → description."""
        for name, description in numbers.items():
            self.addOutput(QgsProcessingOutputNumber(name, description))

    # -- values ------------------------------------------------------------------------------------------------------

    def connection(self, parameters: dict[str, Any], context: QgsProcessingContext, *, auth: bool = True) -> Connection:
        """The connection that TWIN means, with AUTH's credentials where that is given. Raises `CityTwinError`."""
        found = connections.resolve(self.parameterAsString(parameters, self.TWIN, context))
        return self.with_auth(found, parameters, context) if auth else found

    def with_auth(
        self, connection: Connection, parameters: dict[str, Any], context: QgsProcessingContext
    ) -> Connection:
        """``connection`` with AUTH's credentials, where AUTH is given."""
        authcfg = self.parameterAsString(parameters, self.AUTH, context)
        return replace(connection, authcfg=authcfg) if authcfg else connection

    def twin(self, connection: Connection, feedback: QgsProcessingFeedback) -> Twin:
        """The twin behind a connection, telling what it waits for in the algorithm's log."""
        return open_twin(connection, FeedbackProgress(feedback))

    def working_copy(self, parameters: dict[str, Any], context: QgsProcessingContext) -> WorkingCopy:
        """The opened WORKING_COPY. Raises `CityTwinError`."""
        return open_copy(Path(self.parameterAsFile(parameters, self.WORKING_COPY, context)))


def told(feedback: QgsProcessingFeedback, work: Callable[[], Result]) -> Result | None:
    """Do ``work``; its errors become Processing's own, with the details in the log. None when it was cancelled."""
    try:
        return work()
    except Cancelled as error:
        feedback.pushInfo(error.message)
        return None
    except CityTwinError as error:
        if error.detail:
            feedback.pushDebugInfo(error.detail)
        raise QgsProcessingException(error.message) from error
    except QgsProcessingException:
        raise
    except Exception as error:  # whatever it is, the user gets a sentence and the log the rest
        wrong = unforeseen(error)
        feedback.pushDebugInfo(wrong.detail)
        raise QgsProcessingException(wrong.message) from error


def needs_crs(extent: Extent) -> None:
    """Raise `CityTwinError` where an extent without a CRS cannot be degrees of longitude and latitude."""
    if not (-180 <= extent[0] <= extent[2] <= 180 and -90 <= extent[1] <= extent[3] <= 90):
        raise CityTwinError(
            tr(
                "The extent does not say its CRS. Write it behind the numbers, such as {example}.",
                example="[EPSG:28992]",
            )
        )


def write_json(path: str, document: Any) -> None:
    """Write a report. Raises `CityTwinError` where the file cannot be written."""
    try:
        Path(path).write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise CityTwinError(
            tr("{file} could not be written: {reason}.", file=path, reason=error.strerror or str(error))
        ) from error
