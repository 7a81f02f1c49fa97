"""The working copy: one GeoPackage that knows what was published, what changed since, and what was sent."""
