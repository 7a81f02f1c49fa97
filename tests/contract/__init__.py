"""The same scenarios against every server that a twin may be, real ones included: `make contract`."""
