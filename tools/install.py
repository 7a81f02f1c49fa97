"""Put the packaged plugin into the user's QGIS profile; QGIS_PROFILE names another than the default."""

from __future__ import annotations

import os
import sys

from .paths import STAGE
from .profile import default_profile, install_plugin, user_profiles


def main() -> int:
    profiles = user_profiles()
    name = os.environ.get("QGIS_PROFILE") or default_profile(profiles)
    target = install_plugin(profiles / name, STAGE)
    print(f"install: {target}")
    print("install: in QGIS, enable City Twin Workbench in Plugins ▸ Manage and Install Plugins ▸ Installed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
