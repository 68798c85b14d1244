"""The one screen: what it knows, and what keys do."""
