"""What is not of QGIS and comes with the plugin: the packages below ``vendor/``, laid there when it is packaged.

In a development tree there is no ``vendor/``, and the installed package of the same version is used.
"""

from __future__ import annotations

from types import ModuleType


def mqtt_client() -> ModuleType:
    """paho-mqtt 2's module ``client``. Raises ImportError where there is none, or only an older one."""
    # not by importlib: QGIS hears of ``__import__`` only, and at unload forgets the modules that it heard of
    try:
        module: ModuleType = __import__(f"{__package__}.vendor.paho.mqtt.client", fromlist=["_"])
    except ImportError:
        module = __import__("paho.mqtt.client", fromlist=["_"])
    if not hasattr(module, "CallbackAPIVersion"):
        raise ImportError("paho-mqtt is older than 2.0")
    return module
