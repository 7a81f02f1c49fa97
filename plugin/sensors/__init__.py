"""The state of live sensors: latest values, freshness, trends, thresholds, history. Plain Python and NumPy."""
