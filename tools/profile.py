"""QGIS profiles: one of our own with the plugin in it, or the user's."""

from __future__ import annotations

import configparser
import os
import shutil
import sys
from pathlib import Path

from .paths import PACKAGE

# No news, no tips, no version check, no splash: nothing may open before the tests or the demo do.
QUIET = """\
[PythonPlugins]
{package}=true

[app]
plugin_installer\\checkOnStart=false

[core]
httpsfeedqgisorg\\disabled=true

[locale]
overrideFlag=true
userLocale={language}
globalLocale={language}

[migration]
fileVersion=2
settings=true

[qgis]
checkVersion=false
hideSplash=true
askToSaveProjectChanges=false
"""


def make_profile(profiles: Path, stage: Path, language: str = "en", name: str = "default") -> Path:
    """A fresh profile ``name`` below ``profiles`` with the plugin of ``stage`` installed and enabled.

    Start QGIS on it with ``--profiles-path profiles --profile name``. Returns the profile's folder.
    """
    folder = profiles / "profiles" / name
    shutil.rmtree(folder, ignore_errors=True)
    install_plugin(folder, stage)
    settings = folder / "QGIS" / "QGIS3.ini"
    settings.parent.mkdir(parents=True)
    settings.write_text(QUIET.format(package=PACKAGE, language=language), encoding="utf-8")
    return folder


def install_plugin(profile: Path, stage: Path) -> Path:
    """Put the plugin of ``stage`` into ``profile`` in place of what was there, never a mix of the two."""
    target = profile / "python" / "plugins" / PACKAGE
    fresh = target.with_name(f".{PACKAGE}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(stage, fresh)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    return target


def user_profiles() -> Path:
    """The folder that holds the user's own QGIS profiles: the newest of QGIS 4's and QGIS 3's that exists."""
    if sys.platform == "win32":
        base = Path(os.environ["APPDATA"])
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    folders = [base / "QGIS" / version / "profiles" for version in ("QGIS4", "QGIS3")]
    return next((folder for folder in folders if folder.is_dir()), folders[-1])


def default_profile(profiles: Path) -> str:
    """The name of the profile that QGIS starts with, as ``profiles.ini`` says; else ``default``."""
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(profiles / "profiles.ini", encoding="utf-8")
    return settings.get("core", "defaultProfile", fallback="").strip('"') or "default"
