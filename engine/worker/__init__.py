"""The process that trains one run: launching it, its requests, its main."""
