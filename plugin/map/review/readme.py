"""README.txt: what a package is and how to work with it, for whoever finds it, in the office's language."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill

from ...review import manifest as man
from ...review.manifest import Manifest
from ...text import tr, trn
from ...workcopy.errors import told_plainly

_WIDE = 88


def write(folder: Path, manifest: Manifest, layers: int, tasks: int) -> None:
    """Write README.txt, and a note in the folder of photos, which would not be there in a zip if it were empty."""
    with told_plainly(folder / man.README):
        (folder / man.README).write_text(_text(manifest, layers, tasks), encoding="utf-8", newline="\r\n")
        (folder / man.PHOTOS / man.README).write_text(
            tr("Photos of this review belong in this folder: only then do they come along.") + "\n",
            encoding="utf-8",
            newline="\r\n",
        )


def _text(manifest: Manifest, layers: int, tasks: int) -> str:
    title = manifest.title or tr("Field review")
    lines = [title, "=" * min(len(title), _WIDE), ""]
    for name, value in (
        (tr("Made"), manifest.made[:16].replace("T", " ") + " UTC" if manifest.made else ""),
        (tr("Made by"), manifest.made_by),
        (tr("For"), manifest.for_whom),
        (tr("Due"), manifest.due),
        (tr("Sensors as of"), manifest.sensors_at),
    ):
        if value:
            lines.append(f"{name}: {value}")
    lines.append(trn("{n} layer of the city", "{n} layers of the city", layers))
    lines.append(trn("{n} task", "{n} tasks", tasks))
    parts = (
        tr(
            "This folder is all that is needed outside: no network, no account, no plugin. Keep its files together. "
            "The folder may be moved and renamed."
        ),
        tr("With QGIS (3.40 or newer): open {project}.", project=man.PROJECT),
        tr(
            "With QField: send this folder or the zip file to the tablet, and open it there with Open Local File. "
            "Afterwards send the folder back from QField."
        ),
        tr(
            "To note something, draw it in one of the review layers: say what kind it is and what you saw, and add "
            "photos. Tick off tasks when you have looked. You can also edit the city's layers themselves: the file "
            "knows what you change."
        ),
        tr(
            "With QGIS, copy photos into the folder {folder} before you choose them in the form; QField puts them "
            "there by itself.",
            folder=man.PHOTOS,
        ),
        tr("Save often. Then give the whole folder (or a zip file of it) back to the office, which merges it."),
    )
    for part in parts:
        lines.extend(["", fill(part, _WIDE)])
    return "\n".join(lines) + "\n"
