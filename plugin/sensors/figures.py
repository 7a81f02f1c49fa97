"""How a number is written for people: with as many decimals as tell something."""

from __future__ import annotations

from ..text import number


def figures(value: float) -> str:
    """Four significant figures, none of them a trailing zero; very small and very large ones with an exponent."""
    if value == 0:
        return number(0.0)  # nobody measures -0
    if not 1e-4 <= abs(value) < 1e15:
        return number(value, ".3e")
    places = 6 if abs(value) < 0.01 else max(0, 4 - len(str(int(abs(value)))))
    while places and float(f"{value:.{places}f}") == float(f"{value:.{places - 1}f}"):
        places -= 1
    return number(value, f",.{places}f")
