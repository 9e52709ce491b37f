"""Commands for texts that are told apart."""
