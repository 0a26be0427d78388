"""Generated tool-use conversations. Every text is made by program from a seed; none is copied from anywhere."""
