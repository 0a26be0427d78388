"""Search: one protocol, several providers, each in a file of its own."""
