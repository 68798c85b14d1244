"""Lists and lines of words: runs, findings, messages, keys, the top line."""
