"""Which tiers the embedded twin can play, and how it is told to."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import Any

from plugin.demo.app import Settings

TIERS = tuple(os.environ.get("FORCE_TIERS", "W0 W1 W2").split())


def settings_of(tier: str) -> Settings:
    """The twin's settings for a tier. Raises `LookupError` where it cannot play it."""
    names = {field.name for field in fields(Settings)}
    if "tier" in names:
        chosen: dict[str, Any] = {"tier": tier}
        return Settings(**chosen)
    if tier == "W1":
        return Settings()
    raise LookupError(f"the embedded twin has no tier {tier}")


def playable(tier: str) -> bool:
    try:
        settings_of(tier)
    except (LookupError, ValueError, TypeError):
        return False
    return True
