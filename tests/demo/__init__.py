"""`make demo`: the main job on what is bundled."""
