"""Manners of a guest on somebody's own machine: when a scanner takes no new scans, and why.

hours, order, gpu, decision     pure: time is an argument
pauses                          what sessions hear of it
state_dir, nvml                 the files, and the only door to the driver's library
watch                           the thin shell: looks, decides, tells
commands                        `fediward-scanner pause` and `resume`
"""
