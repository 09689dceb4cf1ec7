"""Speed, memory and accuracy, each figure beside its limit: `python -m benchmarks`."""
