"""Pilot areas: what is known of each, the rules of their stages, checks, what lies inside, and which are alive."""
