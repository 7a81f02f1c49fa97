"""Pilot areas in QGIS: which layers are pilots, how they look, and their forms."""
