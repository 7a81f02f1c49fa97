"""What is not of QGIS and comes with the plugin: the packages below ``vendor/``, laid there when it is packaged.

In a development tree there is no ``vendor/``, and the installed package of the same version is used.
"""

from __future__ import annotations

import importlib
from types import ModuleType


def mqtt_client() -> ModuleType:
    """paho-mqtt 2's module ``client``. Raises ImportError where there is none, or only an older one."""
    try:
        module = importlib.import_module(".vendor.paho.mqtt.client", __package__)
    except ImportError:
        module = importlib.import_module("paho.mqtt.client")
    if not hasattr(module, "CallbackAPIVersion"):
        raise ImportError("paho-mqtt is older than 2.0")
    return module
