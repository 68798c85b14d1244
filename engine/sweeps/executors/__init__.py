"""Where the groups of a sweep are trained: an executor a file, of ``concurrent.futures``."""
