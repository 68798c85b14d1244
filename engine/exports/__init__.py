"""A run in the forms that other tools read: tables, event files, networks.

A format is an entry in ``formats.py`` and a file of its own beside it.
"""
