"""Which parts of a layer's style are still ours: of each a fingerprint is kept in the layer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from qgis.core import QgsReadWriteContext, QgsVectorLayer
from qgis.PyQt.QtXml import QDomDocument, QDomElement

# followed by the part's name
PROPERTY = "citytwin/live-style/"

_TAG = re.compile(r"<([\w:.-]+)((?:\s+[\w:.-]+=\"[^\"]*\")+)")
_ATTRIBUTE = re.compile(r"([\w:.-]+)=\"([^\"]*)\"")
# made anew for each layer or each time it is read
_UNSTABLE = {"id", "uuid", "key", "layerId"}


def has_style(layer: QgsVectorLayer) -> bool:
    """Whether ``layer`` was given a style before."""
    return bool(layer.customProperty(PROPERTY + "of"))


def is_of(layer: QgsVectorLayer, what: str) -> bool:
    """Whether the style that ``layer`` has was made of ``what``, as all of it that determines the style is written;
    it is from now on."""
    mark = hashlib.sha256(what.encode("utf-8", "replace")).hexdigest()[:20]
    if layer.customProperty(PROPERTY + "of") == mark:
        return True
    layer.setCustomProperty(PROPERTY + "of", mark)
    return False


def renew(layer: QgsVectorLayer, part: str, write: Callable[[], object]) -> None:
    """Have ``write`` set a ``part`` of the style ("renderer", "labels", "tip", "form", "3d"), unless somebody else
    changed it since ours was set."""
    ours = layer.customProperty(PROPERTY + part)
    if ours and ours != _fingerprint(layer, part):
        return
    write()
    layer.setCustomProperty(PROPERTY + part, _fingerprint(layer, part))


def _fingerprint(layer: QgsVectorLayer, part: str) -> str:
    text = _PARTS[part](layer)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:20]


def _plain(document: QDomDocument, element: QDomElement) -> str:
    """XML as text that is the same for what is the same: attributes by name, without what is made anew each time."""
    document.appendChild(element)
    return _TAG.sub(_tag, str(document.toString(-1)))


def _tag(match: re.Match[str]) -> str:
    attributes = sorted(_ATTRIBUTE.findall(match.group(2)))
    return f"<{match.group(1)} {[each for each in attributes if each[0] not in _UNSTABLE]}"


def _renderer(layer: QgsVectorLayer) -> str:
    document, known = QDomDocument(), layer.renderer()
    return _plain(document, known.save(document, QgsReadWriteContext())) if known is not None else ""


def _labels(layer: QgsVectorLayer) -> str:
    document, known = QDomDocument(), layer.labeling()
    text = _plain(document, known.save(document, QgsReadWriteContext())) if known is not None else ""
    return f"{layer.labelsEnabled()} {text}"


def _tip(layer: QgsVectorLayer) -> str:
    return f"{layer.mapTipTemplate()}\n{layer.displayExpression()}"


def _form(layer: QgsVectorLayer) -> str:
    columns = [(column.name, column.hidden) for column in layer.attributeTableConfig().columns()]
    return f"{columns} {layer.editFormConfig().layout().value}"


def _three_d(layer: QgsVectorLayer) -> str:
    known = layer.renderer3D()
    if known is None:
        return ""
    document = QDomDocument()
    element = document.createElement("renderer")
    known.writeXml(element, QgsReadWriteContext())
    return _plain(document, element)


_PARTS: dict[str, Callable[[QgsVectorLayer], str]] = {
    "renderer": _renderer,
    "labels": _labels,
    "tip": _tip,
    "form": _form,
    "3d": _three_d,
}
