"""What the tests share in which we and others change the same twin."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.twin.client import Twin
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.geometry import decode, demoted, encode
from plugin.workcopy.pull import pull
from tests.copies import square

from .conftest import SmallTwin
from .test_publish import one

TIERS = pytest.mark.parametrize("tier", ["w0", "w1", "w2"])
NO_TOKENS = ("no-item-etags",)
BARE = ("no-item-etags", "no-create-with-id")


def row(copy: WorkingCopy, identity: str, *names: str) -> Any:
    return one(copy, f"SELECT {', '.join(names)} FROM buildings WHERE twin_id = ?", identity)


def outline(copy: WorkingCopy, identity: str) -> Any:
    geometry = decode(row(copy, identity, "geom")[0])
    assert geometry is not None
    return demoted(geometry)["coordinates"]


def nothing_left(copy: WorkingCopy, client: Twin) -> None:
    again = pull(copy, client)
    assert (again.created, again.updated, again.deleted, again.merged, again.conflicts) == (0, 0, 0, 0, 0)
    assert copy.changes() == [] and copy.conflicts() == []


def states_of(report: Any) -> dict[str, str]:
    return {str(outcome.change.twin_id): outcome.state for outcome in report.outcomes}


def blob(x: float, y: float = 436500.0) -> bytes:
    made = encode(square(x, y), 28992)[0]
    assert made is not None
    return made


def cut(twin: SmallTwin, method: str, *, arrives: bool, times: int = 1) -> None:
    """The next ``times`` requests of ``method`` get no answer."""
    left = iter(range(times))

    def before(environ: dict[str, Any], _start: Any) -> Any:
        if environ["REQUEST_METHOD"] == method and next(left, None) is not None:
            if arrives:
                b"".join(twin.around.app(environ, lambda *_: None))
            raise ConnectionAbortedError
        return None

    twin.around.before = before


def pretend(environ: dict[str, Any], start: Any) -> Any:
    """For `around.before`: a PATCH is answered with success, and nothing is done."""
    if environ["REQUEST_METHOD"] == "PATCH":
        environ["wsgi.input"].read()
        start("204 No Content", [])
        return [b""]
    return None
