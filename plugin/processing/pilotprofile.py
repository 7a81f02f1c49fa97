"""citytwin:pilotprofile: what lies inside a pilot, as JSON and as main figures."""

from __future__ import annotations

from datetime import date
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterString,
)

from ..map.pilots import mappings
from ..map.pilots.sensors import sensors_of
from ..map.tasks import FeedbackProgress
from ..pilots.figures import Profile, Sensor, as_json
from ..pilots.profile import profile
from ..pilots.reading import find_pilot, read_pilots
from ..text import number, tr, trn
from .algorithm import write_json
from .piloting import PilotAlgorithm


class PilotProfile(PilotAlgorithm):
    """WORKING_COPY, PILOT, SENSORS, OUTPUT (JSON) → AREA, BUILDING_COUNT, …"""

    NAME = "pilotprofile"

    PILOT = "PILOT"
    SENSORS = "SENSORS"

    def displayName(self) -> str:
        return tr("Pilot profile")

    def shortHelpString(self) -> str:
        return tr(
            "Tells what lies inside a pilot area: buildings with their floor area, heights and years, trees, "
            "addresses, the share of every layer of the working copy, the districts that it touches and the pilots "
            "near by. With a layer of sensors, such as “Latest observations” or “Observation history” make, also the "
            "sensors inside and the last 24 hours of each. Areas are in m² of EPSG:28992. What is not known is left "
            "empty. Unpublished edits count."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_working_copy()
        self.addParameter(QgsProcessingParameterString(self.PILOT, tr("Pilot: its id, row number or title")))
        self.addParameter(
            QgsProcessingParameterFeatureSource(
                self.SENSORS, tr("Sensors"), [QgsProcessing.SourceType.TypeVectorPoint], None, optional=True
            )
        )
        self.addParameter(QgsProcessingParameterFileDestination(self.OUTPUT, tr("Profile"), tr("JSON files (*.json)")))
        self.add_numbers(
            {
                "AREA": tr("Area in m²"),
                "BUILDING_COUNT": tr("Number of buildings"),
                "FLOOR_AREA": tr("Floor area in m²"),
                "TREE_COUNT": tr("Number of trees"),
                "ADDRESS_COUNT": tr("Number of addresses"),
                "SENSOR_COUNT": tr("Number of sensors"),
                "NEIGHBOUR_COUNT": tr("Number of pilots near by"),
            }
        )

    def perform(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        copy, progress = self.working_copy(parameters, context), FeedbackProgress(feedback)
        path = self.parameterAsFileOutput(parameters, self.OUTPUT, context)
        mapping = mappings.of_copy(copy)
        pilot = find_pilot(read_pilots(copy, mapping), self.parameterAsString(parameters, self.PILOT, context))
        sensors = self._sensors(parameters, context, feedback)
        found = profile(copy, pilot, today=date.today(), sensors=sensors or (), mapping=mapping, progress=progress)
        write_json(path, as_json(found))
        for sentence in sentences(found):
            feedback.pushInfo(sentence)
        for note in found.notes:
            feedback.pushInfo(note)
        return {
            self.OUTPUT: path,
            "AREA": found.area,
            "BUILDING_COUNT": found.buildings.count if found.buildings else None,
            "FLOOR_AREA": found.buildings.floor_area if found.buildings else None,
            "TREE_COUNT": found.trees,
            "ADDRESS_COUNT": found.addresses,
            "SENSOR_COUNT": None if sensors is None else len(found.sensors),
            "NEIGHBOUR_COUNT": len(found.neighbours),
        }

    def _sensors(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> list[Sensor] | None:
        """Those of SENSORS; None where no layer is given. Raises `CityTwinError`."""
        if parameters.get(self.SENSORS) in (None, ""):
            return None
        source = self.parameterAsSource(parameters, self.SENSORS, context)
        if source is None:
            raise QgsProcessingException(self.invalidSourceError(parameters, self.SENSORS))
        return sensors_of(source, context.transformContext(), FeedbackProgress(feedback))


def sentences(found: Profile) -> list[str]:
    """The main figures in words."""
    out = [tr("{name}: {area} m²", name=found.name or found.pilot, area=number(found.area))]
    if found.buildings:
        out.append(trn("{n} building", "{n} buildings", found.buildings.count))
        if found.buildings.floor_area is not None:
            out.append(tr("{area} m² of floor area", area=number(found.buildings.floor_area)))
    if found.trees is not None:
        out.append(trn("{n} tree", "{n} trees", found.trees))
    if found.addresses is not None:
        out.append(trn("{n} address", "{n} addresses", found.addresses))
    if found.districts:
        out.append(tr("Districts: {names}", names=", ".join(one.name for one in found.districts if one.name)))
    if found.neighbours:
        out.append(tr("Pilots near by: {names}", names=", ".join(one.name or one.key for one in found.neighbours)))
    return out
