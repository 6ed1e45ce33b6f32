"""How much the bridge takes, how fast and in how much memory: see `__main__`."""
