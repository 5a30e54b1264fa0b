"""ComfyUI node packs (V1): their classes become nodes. Their code runs in the worker only."""
