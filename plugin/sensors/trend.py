"""Whether values rise or fall: the Mann-Kendall test over the last few, which knows no units and minds no outlier.

Source: M. G. Kendall, Rank Correlation Methods (1975); critical values of S for a one-sided level of 5 %.
"""

from __future__ import annotations

from collections.abc import Sequence

RISING = "rising"
FALLING = "falling"
STEADY = "steady"
UNKNOWN = "unknown"

# by the number of values
_CRITICAL = {4: 6, 5: 8, 6: 11, 7: 13, 8: 16}
WINDOW = max(_CRITICAL)
_FEWEST = min(_CRITICAL)


def trend(values: Sequence[float]) -> str:
    """The trend of the last `WINDOW` of ``values``, which are in the order of time and without NaN."""
    last = values[-WINDOW:]
    count = len(last)
    if count < _FEWEST:
        return UNKNOWN
    score = 0
    for index in range(count - 1):
        value = last[index]
        for later in last[index + 1 :]:
            if later > value:
                score += 1
            elif later < value:
                score -= 1
    critical = _CRITICAL[count]
    return RISING if score >= critical else FALLING if score <= -critical else STEADY
