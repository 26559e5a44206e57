"""The program of a limited process: the only code here that decodes, and the only place for Pillow and PyAV."""
