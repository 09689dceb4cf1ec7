"""What `make` runs: the environment, the demonstration, the build of what the browser loads."""
