"""The meter inside an IPython kernel: hooks, magics, and how they come and go."""
