"""Field review in the window: what came back, and what becomes of it."""
