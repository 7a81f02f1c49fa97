"""What the bench twin offers at one of its addresses: the first step of a path says it, such as ``/ms50.etags/``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Snapshot = Literal["", "fgb", "gpkg"]


@dataclass(frozen=True)
class Offer:
    """``ms``: latency of every answer. ``tokens``: each item has its version. ``etags``: a page that the client has
    already is not sent again, and when the collection last changed is told. ``snapshot``: the file of the whole
    collection that an ``enclosure`` link leads to."""

    ms: int = 0
    tokens: bool = True
    etags: bool = False
    snapshot: Snapshot = ""

    @property
    def step(self) -> str:
        words = [f"ms{self.ms}", *(name for name in ("tokens", "etags") if getattr(self, name)), self.snapshot]
        return ".".join(word for word in words if word)

    @classmethod
    def parse(cls, step: str) -> Offer | None:
        """None for a step that `step` would not have written."""
        words = step.split(".")
        if not (words[0].startswith("ms") and words[0][2:].isdigit()):
            return None
        snapshot: Snapshot = "fgb" if "fgb" in words else "gpkg" if "gpkg" in words else ""
        found = cls(int(words[0][2:]), "tokens" in words, "etags" in words, snapshot)
        return found if found.step == step else None
