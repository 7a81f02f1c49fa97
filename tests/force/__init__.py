"""Proof by force: faults at every step, kills at every instant, random histories, every merge. See `make force`."""
