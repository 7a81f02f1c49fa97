"""The provider itself."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from .capabilities import Capabilities
from .changes import Changes
from .checkout import Checkout
from .checkpilots import CheckPilots
from .latestobservations import LatestObservations
from .mergereview import MergeReview
from .observationhistory import ObservationHistory
from .packagereview import PackageReview
from .pilotprofile import PilotProfile
from .pilotreport import PilotReport
from .publish import Publish
from .pull import Pull
from .resolve import Resolve

HERE = Path(__file__).resolve().parents[1]


class CityTwinProvider(QgsProcessingProvider):
    """City Twin in the Processing toolbox."""

    def id(self) -> str:
        return "citytwin"

    def name(self) -> str:
        return "City Twin"  # untranslated: a name

    def icon(self) -> QIcon:
        for folder in (HERE, HERE.parent):
            path = folder / "resources" / "icon.svg"
            if path.is_file():
                return QIcon(str(path))
        return super().icon()

    def loadAlgorithms(self) -> None:
        copies = (Capabilities, Checkout, Changes, Pull, Resolve, Publish)
        pilots = (CheckPilots, PilotProfile, PilotReport)
        reviews = (PackageReview, MergeReview)
        for algorithm in (*copies, LatestObservations, ObservationHistory, *pilots, *reviews):
            self.addAlgorithm(algorithm())
