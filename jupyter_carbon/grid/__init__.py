"""Carbon intensity of places."""
