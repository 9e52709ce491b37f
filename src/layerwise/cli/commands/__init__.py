"""The commands: their help and their options. What they do is in the files of this room."""
