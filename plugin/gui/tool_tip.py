"""Tool tips that say what they are given: names come from outside, and what looks like HTML Qt takes for HTML."""

from __future__ import annotations

from html import escape


def tool_tip(text: str) -> str:
    """``text`` as a tool tip that shows just that, its lines included."""
    # Qt looks for a tag, and for one that somebody wrote as an entity
    if "<" not in text and "&lt;" not in text:
        return text
    lines = escape(text, quote=False).replace("\n", "<br>")
    return f"<p>{lines}</p>"
