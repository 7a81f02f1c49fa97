"""The state of live sensors: latest values, freshness, trends, thresholds, history. Plain Python and NumPy.

How the pieces go together: `live.Live` holds what each datastream says; `coverage.Coverage` tells when the state must
be asked for over HTTP, so that nothing is missed beside the broker's stream; `norms.fit` gives the classes for the
map, `words` what a user reads; `series` is the history for charts, to which `Live.tails` adds what comes in.
"""
