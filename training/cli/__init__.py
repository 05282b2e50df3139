"""Command-line options, sub-commands and printed summaries."""
