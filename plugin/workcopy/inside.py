"""Columns that merge inside: where both sides changed one list, the entries that each of them changed.

The working copy does not know what the text in a column means. Who knows it gives `WorkingCopy.open` a function that
looks into the columns of a table; every merge of that copy then asks it: in a pull, in a publish, and when conflicts
are read or decided.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from .columns import Stored

if TYPE_CHECKING:
    from .source import Source


@dataclass(frozen=True)
class Inside:
    """What a column becomes. ``mine`` has both sides' changes, and ours in the entries that clash; ``theirs`` theirs in
    those. ``clashes`` names these entries; where there are none, nobody needs to be asked and the two are the same."""

    mine: Stored
    theirs: Stored
    clashes: tuple[str, ...] = ()


# column, base, mine, theirs, as stored; None: this cannot be looked into, and clashes as a whole
MergeInside = Callable[[str, Stored, Stored, Stored], Optional[Inside]]
# which columns of a table merge inside, and how; None: none
InsideOf = Callable[["Source"], Optional[MergeInside]]
