"""What reads hardware: one file a kind, all behind the protocol of `base`."""
