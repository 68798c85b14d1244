"""Lectures: scenes, their files, and a rehearsal of what they say."""
