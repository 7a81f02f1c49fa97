"""What can be wrong with a field review package, each with a sentence for the user."""

from __future__ import annotations

from ..twin.errors import CityTwinError


class PackageError(CityTwinError):
    """Something about a package as a whole: nothing was taken from it."""


class NewerPackage(PackageError):
    """Made by a newer version of the plugin."""


class DamagedPackage(PackageError):
    """Nothing in it can be read."""


class UnsafePackage(PackageError):
    """It would do harm: it is larger than a package can be, or made to break what opens it."""
