"""What `make lint` checks: one module, one thought; each returns findings, and `__main__` prints them."""
