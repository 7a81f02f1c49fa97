"""The Pilots page, and the windows that begin there."""
