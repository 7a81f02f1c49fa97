"""The embedded twin: a small, real server of OGC API – Features (Parts 1, 2, 4 and 5).

It stands alone: the standard library and GDAL's ``osgeo`` only, nothing of the plugin. ``python -m plugin.demo`` starts
it as a process, `plugin.demo.app.create_app` gives the WSGI application.
"""
