"""Training loops of other people, watched: hooks in their optimizer, rows in a recording.

    optimizer.step() ─► hooks ─► norms of each step's gradients ─► recording, a block at a time
                          └─ what a viewer asks for, between two steps

A row is an optimizer step. It knows no experiment and makes no network: all that it is told is a
module, its optimizers, and what the loop says itself.
"""
