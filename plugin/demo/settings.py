"""How a twin behaves: what it lets clients do (its tier), and what it does otherwise than it should (quirks)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .edits import Editor
from .locks import Etags, Locks, Timestamps
from .model import Author, Collection
from .negotiation import Credentials
from .quirks import Quirks, QuirkyEditor, WeakEtags
from .store import Writing

Tier = Literal["r", "w0", "w1", "w2"]


@dataclass(frozen=True)
class Settings:
    """``tier``: read only, writing without locks, with locks, or with whole change sets besides.

    ``max_body`` in bytes, ``max_actions`` in actions of one change set; ``max_photo`` in bytes, ``max_photos`` is how
    many an item may have.
    """

    read_only: bool = False
    credentials: Credentials | None = None
    max_body: int = 32 * 1024 * 1024
    tier: Tier = "w2"
    max_actions: int = 1000
    max_photo: int = 8 * 1024 * 1024
    max_photos: int = 20
    quirks: Quirks = field(default_factory=Quirks)
    files: bool = True  # whole collections are offered as files, too
    delay: float = 0.0  # seconds that every answer comes late, as over a long wire

    @property
    def snapshots(self) -> bool:
        """Whether they are: a twin that is like another server offers what that does."""
        return self.files and self.quirks == Quirks()

    @property
    def page_etags(self) -> bool:
        """Whether pages have validators, so that nothing comes twice; a twin like another server has what that has."""
        return self.quirks == Quirks()

    @property
    def writable(self) -> bool:
        return self.tier != "r" and not self.read_only

    @property
    def patches(self) -> bool:
        return self.writable and not self.quirks.no_patch

    def takes(self, method: str) -> bool:
        """Whether requests of a writing method are answered at all."""
        return self.patches if method == "PATCH" else self.writable

    @property
    def locks(self) -> Locks:
        missing = self.quirks.missing_lock
        if self.tier == "w0":
            return Locks()
        if self.quirks.timestamps:
            return Timestamps(missing or 428)
        return WeakEtags(missing or 200) if self.quirks.weak_etags else Etags(missing or 428)

    @property
    def item_etags(self) -> bool:
        """Whether every item in a page carries its token, and who changed it when."""
        return self.locks.kind == "etags" and not self.quirks.no_item_etags

    @property
    def create_with_id(self) -> bool:
        return self.writable and not (self.quirks.no_create_with_id or self.quirks.integer_ids)

    @property
    def sets(self) -> bool:
        """Whether whole change sets are taken."""
        return self.writable and self.tier == "w2" and self.locks.kind == "etags"

    def editor(self, writing: Writing, collection: Collection, author: Author) -> Editor:
        """Who makes edits of a collection."""
        if self.quirks == Quirks():
            return Editor(writing, collection, author, self.locks, client_ids=self.create_with_id)
        editor = QuirkyEditor(writing, collection, author, self.locks, client_ids=self.create_with_id)
        editor.quirks = self.quirks
        return editor
