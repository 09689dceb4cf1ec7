"""What surfaces hear of the meter, and what they may ask of it: the messages of `schema.json`."""
