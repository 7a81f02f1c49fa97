"""Field review in QGIS: the project of a package, its forms, its background, and how a package is made."""
