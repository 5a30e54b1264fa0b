"""ComfyUI node packs (V1): classes with INPUT_TYPES and FUNCTION become nodes. Their code runs in the worker."""
