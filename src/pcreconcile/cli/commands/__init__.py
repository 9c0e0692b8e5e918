"""One module per command, each with a `command`; imported when asked for."""
