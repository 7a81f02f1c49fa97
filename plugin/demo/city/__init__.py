"""The generated city."""

from __future__ import annotations
