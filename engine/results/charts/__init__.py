"""A run's curves as SVG, for pages, slides and notebooks: what they show, and how it is drawn."""
