"""How much the gateway takes, how fast and in how much memory: see `__main__`."""
