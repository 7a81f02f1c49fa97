"""The provider's algorithms."""

from __future__ import annotations

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

_COPIES = (Capabilities, Checkout, Changes, Pull, Resolve, Publish)
_SENSORS = (LatestObservations, ObservationHistory)
_PILOTS = (CheckPilots, PilotProfile, PilotReport)
_REVIEWS = (PackageReview, MergeReview)

ALL = (*_COPIES, *_SENSORS, *_PILOTS, *_REVIEWS)
