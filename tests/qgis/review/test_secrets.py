"""Nothing in a package tells a password, who is logged in, or how the office's machine is laid out."""

from __future__ import annotations

import getpass
import io
import platform
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from qgis.core import QgsRasterLayer, QgsSvgMarkerSymbolLayer
from qgis.PyQt.QtCore import QBuffer, QIODevice
from qgis.PyQt.QtGui import QColor, QImage

from plugin.map import styles
from plugin.map.layers import make_layers
from plugin.map.review.background import background_of
from tests.qgis.review.packages import layer_of, made, opened
from tests.twin_server import serve_app

TOKEN, USER, PASSWORD = "TOKEN-7f3a9c", "mapuser-55", "hunter-2-secret"


@pytest.fixture
def tiles() -> Iterator[tuple[str, list[str]]]:
    """A service of tiles whose address has a key in it, and what was asked of it."""
    image = QImage(256, 256, QImage.Format.Format_RGB32)
    image.fill(QColor("#3366cc"))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    body = bytes(buffer.data())
    asked: list[str] = []

    def app(environ, start_response):
        asked.append(environ["PATH_INFO"])
        start_response("200 OK", [("Content-Type", "image/png"), ("Content-Length", str(len(body)))])
        return [body]

    url, stop = serve_app(app)
    yield url, asked
    stop()


def everything(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every byte of a zip: of each file in it as it unpacks, of zips within, and of databases cell by cell, too."""
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            yield from inside(info.filename, archive.read(info), path.parent)
            yield info.filename, info.extra + info.comment


def inside(name: str, data: bytes, scratch: Path) -> Iterator[tuple[str, bytes]]:
    yield name, name.encode() + b"\0" + data
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for inner in archive.namelist():
                yield from inside(f"{name}/{inner}", archive.read(inner), scratch)
    elif data[:15] == b"SQLite format 3":
        file = scratch / "cells.sqlite"
        file.write_bytes(data)
        connection = sqlite3.connect(file)
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            if not table.startswith("rtree_"):
                for row in connection.execute(f'SELECT * FROM "{table}"'):
                    yield f"{name}:{table}", repr(row).encode()
        connection.close()
        file.unlink()


def test_nothing_of_the_office_is_in_the_package(city, tmp_path, tiles):
    url, asked = tiles
    home = tmp_path / "office"
    (home / "own-sign.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9" fill="#123456"/></svg>'
    )
    # somebody gave trees a picture of their own, and keeps that in the file
    (trees,) = make_layers(city, ["trees"])
    trees.renderer().symbol().changeSymbolLayer(0, QgsSvgMarkerSymbolLayer(str(home / "own-sign.svg"), 4))
    assert styles.save_as_default(trees) == ""
    del trees
    source = f"type=xyz&url={url}{TOKEN}/%7Bz%7D/%7Bx%7D/%7By%7D.png&zmax=19&username={USER}&password={PASSWORD}"
    served = QgsRasterLayer(source, "Aerial", "wms")
    assert served.isValid()
    packed = made(city, tmp_path / "walk.zip", background=background_of([served], 16))
    assert asked and all(TOKEN in path for path in asked)  # it was drawn from there
    login, machine = getpass.getuser(), platform.node()
    words = [TOKEN, USER, PASSWORD, str(home), str(tmp_path), "own-sign.svg", str(Path.home()) + "/"]
    words += [word for word in (machine,) if len(word) > 3]
    found = [
        (name, word)
        for name, data in everything(packed.zip)
        for word in words
        if word.encode() in data or word.encode("utf-16-le") in data
    ]
    assert found == []
    # a login such as "root" is a part of ordinary words: it is looked for where QGIS writes it
    for name, data in everything(packed.zip):
        if name.endswith(".qgs"):
            assert b"saveUser" not in data and f"<author>{login}</author>".encode() not in data
            assert b"authcfg=" not in data


def test_a_picture_of_the_office_s_own_comes_along_inside_the_style(city, tmp_path):
    sign = tmp_path / "office" / "own-sign.svg"
    sign.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>')
    (trees,) = make_layers(city, ["trees"])
    trees.renderer().symbol().changeSymbolLayer(0, QgsSvgMarkerSymbolLayer(str(sign), 4))
    assert styles.save_as_default(trees) == ""
    del trees
    project = opened(made(city, tmp_path / "walk").folder)
    path = layer_of(project, "trees").renderer().symbol().symbolLayer(0).path()
    project.clear()
    assert path.startswith("base64:")


def test_the_test_finds_what_is_there(tmp_path):
    connection = sqlite3.connect(tmp_path / "a.gpkg")
    connection.execute("CREATE TABLE t (x)")
    connection.execute("INSERT INTO t VALUES (?)", (PASSWORD,))
    connection.commit()
    connection.close()
    with zipfile.ZipFile(tmp_path / "inner.qgz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.qgs", TOKEN * 50)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "a.gpkg", "a.gpkg")
        archive.write(tmp_path / "inner.qgz", "inner.qgz")
    text = b"".join(data for _name, data in everything(tmp_path / "a.zip"))
    assert PASSWORD.encode() in text and TOKEN.encode() in text
