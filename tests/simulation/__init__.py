"""Schedules of a simulated world in which the real code runs; ``people`` says who takes part."""
