"""Claims about speed, each with the command that measures it as ratios within one run."""
