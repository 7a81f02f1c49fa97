"""The SQL of making a package. Values travel as parameters."""

from __future__ import annotations

EDGES = "SELECT min_x, min_y, max_x, max_y FROM gpkg_contents WHERE table_name = ?"

# MBTiles 1.3
MBTILES = (
    "CREATE TABLE metadata (name text, value text)",
    "CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)",
)
MBTILES_INDEX = "CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row)"
PUT_METADATA = "INSERT INTO metadata (name, value) VALUES (?, ?)"
PUT_TILE = "INSERT OR REPLACE INTO tiles (zoom_level, tile_column, tile_row, tile_data) VALUES (?, ?, ?, ?)"
METADATA = "SELECT name, value FROM metadata"
ZOOMS = "SELECT min(zoom_level), max(zoom_level) FROM tiles"
TILES = (
    "SELECT tile_column, tile_row, tile_data FROM tiles "
    "WHERE zoom_level = ? AND tile_column BETWEEN ? AND ? AND tile_row BETWEEN ? AND ?"
)
TILES_SIZE = (
    "SELECT count(*), total(length(tile_data)) FROM tiles "
    "WHERE zoom_level = ? AND tile_column BETWEEN ? AND ? AND tile_row BETWEEN ? AND ?"
)
