"""What the tests of pages need of QGIS's window, and twins that answer in a way of their own."""

from __future__ import annotations

import json
from typing import Any, Callable

from qgis.gui import QgsMapCanvas, QgsMessageBar


class Window:
    """An ``iface`` with a real canvas and a real message bar."""

    def __init__(self) -> None:
        self.canvas = QgsMapCanvas()
        self.bar = QgsMessageBar()

    def mapCanvas(self) -> QgsMapCanvas:
        return self.canvas

    def messageBar(self) -> QgsMessageBar:
        return self.bar

    def openMessageLog(self) -> None:
        """The log panel."""

    def said(self) -> list[str]:
        return [item.text() for item in self.bar.items()]


def html_site(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """A web site that is no twin."""
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"<html><body>Welcome to our portal</body></html>"]


def empty_twin(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """A twin without a collection."""
    base = f"http://{environ['HTTP_HOST']}/"
    links = [
        {"rel": "data", "href": base + "collections", "type": "application/json"},
        {"rel": "conformance", "href": base + "conformance", "type": "application/json"},
    ]
    documents = {
        "/": {"title": "Empty City", "links": links},
        "/conformance": {"conformsTo": ["http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core"]},
        "/collections": {"collections": [], "links": []},
    }
    found = documents.get(environ["PATH_INFO"])
    start_response("200 OK" if found else "404 Not Found", [("Content-Type", "application/json")])
    return [json.dumps(found or {}).encode()]
