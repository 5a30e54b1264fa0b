"""The only place that knows ComfyUI: its files, its names, its protocol."""
