"""The twins that the embedded one can play: the tiers, and two that do as servers in the field do."""

from __future__ import annotations

import os
from dataclasses import replace

from plugin.demo.quirks import LIKE
from plugin.demo.settings import Settings

_SETTINGS = {
    "W0": Settings(tier="w0"),
    # its own whole numbers as ids, no PATCH, PUT creates what is not there, 500 for a bad body
    "W0 pygeoapi": Settings(tier="w0", quirks=LIKE["pygeoapi"]),
    "W1": Settings(tier="w1"),
    "W1 timestamps": Settings(tier="w1", quirks=replace(Settings().quirks, timestamps=True)),
    "W2": Settings(tier="w2"),
    "W2 of 3": Settings(tier="w2", max_actions=3),  # change sets in several pieces
}
TIERS = tuple(os.environ["FORCE_TIERS"].split(",")) if "FORCE_TIERS" in os.environ else tuple(_SETTINGS)


def settings_of(tier: str) -> Settings:
    """The twin's settings for a tier."""
    return _SETTINGS[tier]


def recognises_creates(tier: str) -> bool:
    """Whether a create can be repeated safely: else it has to be looked for, or somebody asked."""
    return settings_of(tier).create_with_id
