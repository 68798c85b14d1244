"""The lab: everything that has a screen. It imports ``engine``; ``engine`` never imports it."""
