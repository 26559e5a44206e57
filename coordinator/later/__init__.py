"""The later look: pictures that were accepted unseen are fetched from pict-rs and looked at once a scanner is there."""
