"""Pictures as pure functions: data, a size, glyphs and a palette in, lines of text out.

Nothing here knows Textual, keeps state or reads a clock, so the same functions draw the lab, a
still picture on a pipe and the tests.
"""
