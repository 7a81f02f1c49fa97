"""The city standing up: buildings as the solids they are or raised by their height, trees as crowns.

Heights are those of the data (NAP in the Netherlands), taken as they are: no layer is draped on a terrain.
"""

from __future__ import annotations

import math

from qgis.core import (
    Qgis,
    QgsAbstract3DSymbol,
    QgsExpression,
    QgsFeatureRequest,
    QgsFlatTerrainProvider,
    QgsProject,
    QgsProperty,
    QgsVectorLayer,
)
from qgis.PyQt.QtGui import QColor

from ..workcopy.source import Source
from .qgis_3d import _3d
from .themes import Theme, column_named, ground_column, height_column

_EDGES = 20_000  # buildings up to which drawing their edges costs little
_SAMPLE = 300


def apply(layer: QgsVectorLayer, source: Source, theme: Theme) -> None:
    """Give ``layer`` its 3D renderer, or take one away that makes no sense."""
    if _3d is None:
        return
    renderer = None
    if theme.name == "buildings" and (source.has_z or height_column(source)):
        renderer = _3d.QgsVectorLayer3DRenderer(_building(source))
    elif theme.name == "trees":
        renderer = _3d.QgsVectorLayer3DRenderer(_tree(source))
    if renderer is not None:
        renderer.setLayer(layer)
    layer.setRenderer3D(renderer)


def _building(source: Source):  # type: ignore[no-untyped-def]
    symbol = _3d.QgsPolygon3DSymbol()
    material = _3d.QgsPhongMaterialSettings()
    # together just short of white: QGIS's light shines straight down, on roofs in full
    material.setDiffuse(QColor("#7d776d"))
    material.setAmbient(QColor("#77716a"))
    material.setSpecular(QColor("#000000"))
    material.setShininess(0)
    symbol.setMaterialSettings(material)
    symbol.setEdgesEnabled(source.feature_count <= _EDGES)
    symbol.setEdgeColor(QColor("#a1988b"))
    symbol.setEdgeWidth(0.5)
    symbol.setAltitudeClamping(Qgis.AltitudeClamping.Absolute)
    symbol.setAltitudeBinding(Qgis.AltitudeBinding.Vertex)
    if source.has_z:
        # parts wound the wrong way would be holes in a wall
        symbol.setCullingMode(_3d.Qgs3DTypes.CullingMode.NoCulling)
        return symbol
    key = QgsAbstract3DSymbol.Property
    properties = symbol.dataDefinedProperties()
    height = height_column(source)
    if height:
        properties.setProperty(
            key.PropertyExtrusionHeight,
            QgsProperty.fromExpression(f"max(coalesce({QgsExpression.quotedColumnRef(height)}, 3), 0.1)"),
        )
    ground = ground_column(source)
    if ground:
        properties.setProperty(
            key.PropertyHeight, QgsProperty.fromExpression(f"coalesce({QgsExpression.quotedColumnRef(ground)}, 0)")
        )
    symbol.setDataDefinedProperties(properties)
    symbol.setAltitudeBinding(Qgis.AltitudeBinding.Centroid)
    symbol.setExtrusionHeight(3.0)
    return symbol


def _tree(source: Source):  # type: ignore[no-untyped-def]
    symbol = _3d.QgsPoint3DSymbol()
    material = _3d.QgsPhongMaterialSettings()
    material.setDiffuse(QColor("#4a6b3c"))
    material.setAmbient(QColor("#43603a"))
    material.setSpecular(QColor("#000000"))
    material.setShininess(0)
    symbol.setMaterialSettings(material)
    symbol.setShape(Qgis.Point3DShape.Sphere)
    radius = 2.6
    symbol.setShapeProperties({"radius": radius})
    symbol.setAltitudeClamping(Qgis.AltitudeClamping.Relative)
    return symbol


def lowest_ground(layer: QgsVectorLayer, source: Source) -> float | None:
    """About the lowest ground that the buildings of ``layer`` stand on (m), from a sample of them."""
    ground = ground_column(source) or column_named(source, "ground_height")
    lowest = math.inf
    for feature in layer.getFeatures(QgsFeatureRequest().setLimit(_SAMPLE)):
        if source.has_z:
            geometry = feature.geometry()
            box = geometry.constGet().boundingBox3D() if not geometry.isNull() else None
            value = box.zMinimum() if box is not None else math.nan
        else:
            value = feature[ground] if ground else 0.0
        if isinstance(value, (int, float)) and math.isfinite(value):
            lowest = min(lowest, float(value))
    return lowest if math.isfinite(lowest) else None


def set_ground(project: QgsProject, height: float) -> None:
    """Lay the project's flat ground at ``height`` (m), so that a new 3D view has the city standing on it."""
    provider = QgsFlatTerrainProvider()
    provider.setOffset(height)
    project.elevationProperties().setTerrainProvider(provider)
