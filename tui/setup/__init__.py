"""A preset being changed: draft, edits, values, settings. It knows no Textual."""
