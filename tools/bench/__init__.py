"""``make bench``: how fast City Twin Workbench is beside others, at the scale of a city.

One file per benchmark; `work` holds what they run in processes of its own, `server` the twin that they read from.
"""
