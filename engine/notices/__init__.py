"""Being told of a run: of its end, of NaN, of a stall, of a crash, each once, and never in its way.

    the worker ── a line a second, through a pipe ──► the watch ──► a command, or a webhook
                                                       │
    it dies ──── the pipe ends ───────────────────────►│
    both die ─── the watch's file stays ──► the owner's next command sees it and tells

Whom to tell stands in the user's own configuration alone. The watch reads it there, so that an
address is in no argument, no header, no log and no recording.
"""
