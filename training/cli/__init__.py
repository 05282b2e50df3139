"""The command line of training: options, commands and printed summaries."""
