"""What a technique may touch: models and patches, sampling, media, conditioning, weights."""

import os

# Read by the model libraries when they are first imported: whatever happens, they never ask the network.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
