"""The catalogues: every text of the source is translated, with the same placeholders."""

from __future__ import annotations

from collections.abc import Iterator

from babel.messages.catalog import Catalog, Message

from .source import Finding
from .texts import placeholders


def check_catalogue(path: str, catalogue: Catalog, template: Catalog) -> list[Finding]:
    """What is missing or wrong in ``catalogue`` (the file ``path``) against the texts of the source, ``template``."""
    known = {message.id for message in template if message.id}
    findings = [
        Finding(path, 0, f"not in the source any more (run `make i18n`): {_shown(message.id)}")
        for message in catalogue
        if message.id and message.id not in known
    ]
    for wanted in template:
        if wanted.id:
            message = catalogue.get(_key(wanted.id))
            if message is None:
                findings.append(Finding(path, 0, f"missing (run `make i18n`): {_shown(wanted.id)}"))
            else:
                findings.extend(Finding(path, message.lineno or 0, fault) for fault in _faults(message))
    return findings


def _key(identity: str | list[str] | tuple[str, ...]) -> str:
    return identity if isinstance(identity, str) else identity[0]


def _shown(identity: str | list[str] | tuple[str, ...]) -> str:
    return repr(_key(identity))


def _faults(message: Message) -> Iterator[str]:
    originals = [message.id] if isinstance(message.id, str) else list(message.id or ())
    strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
    shown = _shown(message.id)
    if not all(strings):
        yield f"untranslated: {shown}"
        return
    if message.fuzzy:
        yield f"fuzzy: {shown}"
    wanted = set().union(*map(placeholders, originals))
    optional = {"n"} if len(originals) > 1 else set()
    for translated in strings:
        try:
            found = placeholders(translated)
        except ValueError as error:
            yield f"{shown}: {error}"
            continue
        if found - wanted or wanted - found - optional:
            yield f"placeholders differ: {shown} has {sorted(wanted)}, its translation {sorted(found)}"
        for mark in ("…", ":", "?"):
            if translated.endswith(mark) != originals[-1].endswith(mark):
                yield f"one ends with {mark}, the other does not: {shown}"
        if translated != translated.strip() and originals[-1] == originals[-1].strip():
            yield f"spaces around the translation: {shown}"
