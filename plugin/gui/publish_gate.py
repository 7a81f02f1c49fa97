"""Pilots with errors among what is about to be published: nobody sends one unknowingly, and nobody is kept from it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ..map.pilots.findings import Finding
from ..text import tr, trn


@dataclass(frozen=True)
class PilotRow:
    """One changed pilot with what was found, the gravest first."""

    pilot: str  # its key
    label: str
    findings: tuple[Finding, ...]

    @property
    def is_error(self) -> bool:
        return any(finding.is_error for finding in self.findings)


class PilotGate:
    """What was found of the pilots that would be sent, and whether the user wants them sent nevertheless."""

    def __init__(self) -> None:
        self.rows: tuple[PilotRow, ...] = ()
        self.nevertheless = False
        self._accepted: frozenset[str] = frozenset()

    def show(self, findings: Sequence[Finding], tables: Collection[str], unsent: Collection[str]) -> None:
        """Follow what goes to one twin: the pilots of ``tables``, but the changes ``unsent``, which stay here anyway.
        A tick that was set for other errors does not hold for these."""
        pilots: dict[tuple[str, str], list[Finding]] = {}
        for finding in findings:
            if finding.table in tables and finding.change not in unsent:
                pilots.setdefault((finding.table, finding.pilot), []).append(finding)
        self.rows = tuple(PilotRow(key, found[0].label, tuple(found)) for (_, key), found in pilots.items())
        self.nevertheless = self.nevertheless and self._errors() <= self._accepted

    def accept(self, yes: bool) -> None:
        """Publish nevertheless, or rather not."""
        self.nevertheless = yes
        self._accepted = self._errors() if yes else frozenset()

    def _errors(self) -> frozenset[str]:
        found = (one for row in self.rows for one in row.findings if one.is_error)
        return frozenset(f"{one.change} {one.problem.sentence}" for one in found)

    @property
    def errors(self) -> int:
        """How many pilots have an error."""
        return sum(row.is_error for row in self.rows)

    @property
    def obstacle(self) -> str:
        """Why publishing waits; empty where it does not."""
        if not self.errors or self.nevertheless:
            return ""
        return tr("Mend the errors of the pilots, or choose to publish nevertheless.")

    @property
    def headline(self) -> str:
        """What was found, in a sentence; empty for nothing."""
        if not self.rows:
            return ""
        if self.errors:
            return trn("{n} pilot to be published has errors.", "{n} pilots to be published have errors.", self.errors)
        count = len(self.rows)
        return trn("{n} pilot to be published has warnings.", "{n} pilots to be published have warnings.", count)

    @property
    def question(self) -> str:
        """What the tick says."""
        return trn("Publish {n} pilot with errors nevertheless", "Publish {n} pilots with errors nevertheless",
                   self.errors)  # fmt: skip
