"""How a model family is spoken to: rendering and parsing are two halves of one dialect."""
