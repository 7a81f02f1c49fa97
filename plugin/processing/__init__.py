"""The ``citytwin`` Processing provider: all that the docks do, for models, scripts and ``qgis_process``."""
