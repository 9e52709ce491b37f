"""The command line: thin, it only calls the rooms above."""
