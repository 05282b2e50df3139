"""From a parsed request to a recorded decision, independent of the transport."""
