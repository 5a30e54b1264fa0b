import comfy.samplers

NODE_CLASS_MAPPINGS = {}
