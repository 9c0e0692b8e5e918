"""Plan or Receipt in, text out: one file per format, no decision and no input of its own."""
