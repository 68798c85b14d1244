"""The file of a run, and what can be known from it alone: no schema, no PyTorch.

**The format.** JSON Lines in UTF-8, appended to by one writer: a header, then events, each a whole
line with its ``kind`` and ``t``, the seconds since the start. ``engine.recording.events`` has every
kind with its fields, ``engine.recording.lines`` how they are written. A reader passes over a kind
or a field that it does not know, and refuses a newer format by its number.

Format 1 is what a worker writes of an experiment that it trains. Format 2 is what comes from
elsewhere, and has in addition:

- the header's ``origin``: ``import`` for logs of another program that were read, ``watch`` for a
  training loop of somebody's own that is looked at, ``record`` for a program that says its numbers
  itself; ``worker`` stands for format 1. Such a header has no ``experiment``, and ``parameters``
  only where they are known;
- ``group`` events: a group of columns that the header does not name begins here. It may be said
  again, and counts the first time;
- ``series`` with ``steps``, a list: rows at any rising steps, in place of ``first`` and ``stride``.

A recording of format 2 has at most 1 000 columns, and 200 characters in a name. Groups are named
for the rows they were measured on: ``train``, ``dev``, ``test``, ``epoch`` (means over an epoch),
``other`` for what is of none of these; a number after a space tells two apart whose columns are
measured at other steps, as in ``train 2``.
"""
