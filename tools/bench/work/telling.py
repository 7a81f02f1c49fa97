"""How a measured process tells what it took."""

from __future__ import annotations

import json
import sys
from typing import Any


def tell(seconds: float, **more: Any) -> None:
    """One line for `measure.run`: seconds of the work itself, and whatever else is to be known."""
    print(json.dumps({"seconds": seconds, **more}), file=sys.__stdout__, flush=True)
