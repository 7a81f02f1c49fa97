"""Whole collections as one file, FlatGeobuf or GeoPackage: made when somebody asks, kept until the data changes."""
