"""The exported summary: the one document, and a file for each form it takes."""
