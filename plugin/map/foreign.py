"""Text from outside in what QGIS evaluates: names and units of a service stay text, whatever they look like.

QGIS takes what is between "[%" and "%]" for an expression: in map tips, and in a layout's legend, where the names of
layers and the labels of classes stand. It ends an expression at the first "%]", even within quotes.
"""

from __future__ import annotations

from qgis.core import QgsExpression


def literal(text: str) -> str:
    """``text`` as a string of QGIS's expressions, also of one within a template."""
    quoted = str(QgsExpression.quotedString(text))
    parted = quoted.replace("%]", "%' || ']").replace("[%", "[' || '%")
    return f"({parted})" if parted != quoted else quoted


def title(text: str) -> str:
    """``text`` as the name of a layer or the label of a class: without the signs that begin an expression."""
    return text.replace("[%", "[ %")
