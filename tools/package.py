"""Lay out the plugin as the plugin site wants it: ``build/stage/city_twin_workbench/`` and the zip of it.

The zip is the same, byte for byte, from the same source: sorted, with one fixed time and one mode for all files.
"""

from __future__ import annotations

import io
import re
import shutil
import sys
import time
import zipfile
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from .paths import I18N, PACKAGE, ROOT, SOURCE, STAGE, ZIP
from .vendor import lay_out_vendored

MOMENT = (2026, 1, 1, 0, 0, 0)
IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", "*.pyo", ".*", "*~", "*.orig", "*.part", "tests")


def newest_changes(changelog: str) -> tuple[str, list[str]]:
    """The version of the first ``## `` section and its lines."""
    match = re.search(r"^## +(\S+)[^\n]*\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if match is None:
        raise SystemExit("CHANGELOG.md has no section '## <version>'.")
    return match.group(1), [line for line in match.group(2).splitlines() if line.strip()]


def with_changelog(metadata: str, changelog: str) -> str:
    """``metadata`` (ini text) with the newest section of ``changelog`` as its ``changelog`` value."""
    version, lines = newest_changes(changelog)
    if f"\nversion={version}\n" not in metadata:
        raise SystemExit(f"CHANGELOG.md's newest section is {version}, metadata.txt has another version.")
    text = "".join(f"\n    {line.strip().replace('`', '')}" for line in lines)
    return f"{metadata.rstrip()}\nchangelog={version}{text.replace('%', '%%')}\n"


def compile_catalogues(source: Path, target: Path) -> None:
    """``source/*.po`` to ``target/*.mo``."""
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.glob("*.po")):
        with path.open("rb") as stream:
            catalogue = read_po(stream, locale=path.stem)
        with (target / f"{path.stem}.mo").open("wb") as stream:
            write_mo(stream, catalogue)


def lay_out(stage: Path) -> None:
    """Fill ``stage`` anew from the source tree."""
    shutil.rmtree(stage, ignore_errors=True)
    shutil.copytree(SOURCE, stage, ignore=IGNORED)
    shutil.copytree(ROOT / "resources", stage / "resources", ignore=IGNORED)
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    metadata = (ROOT / "metadata.txt").read_text(encoding="utf-8")
    (stage / "metadata.txt").write_text(with_changelog(metadata, changelog), encoding="utf-8")
    for name in ("LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, stage / name)
    compile_catalogues(I18N, stage / "i18n")
    lay_out_vendored(stage / "vendor")


def write_zip(stage: Path, target: Path) -> None:
    """All files below ``stage`` into ``target``, in one top folder named as ``stage`` is."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(item for item in stage.rglob("*") if item.is_file()):
            info = zipfile.ZipInfo(f"{stage.name}/{path.relative_to(stage).as_posix()}", MOMENT)
            info.external_attr = 0o100644 << 16
            info.create_system = 3
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, path.read_bytes())
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(buffer.getvalue())


def main() -> int:
    begin = time.monotonic()
    lay_out(STAGE)
    write_zip(STAGE, ZIP)
    size = ZIP.stat().st_size / 1024
    print(f"package: {ZIP.relative_to(ROOT)}, {size:.0f} KiB, folder {PACKAGE} ({time.monotonic() - begin:.1f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
