"""Save model: write a transformer, quantised or not, into the model folders."""

from __future__ import annotations

import re
from typing import Annotated

from app.engine.model import Model
from app.engine.weights.model_files import plan, save_transformer
from app.graph.node import Context, node
from app.graph.widgets import TextLine


@node(output=True)
def save_model(context: Context, model: Model, name: Annotated[str, TextLine(100)] = "quantised") -> Model:
    """Write a transformer as one safetensors file that Load transformer opens, and hand it on.

    Args:
        model: What to write. Techniques and LoRAs on its wire are not part of the file.
        name: Name of the file in models/diffusion_models; where it is taken, a number is added.
    """
    safe = re.sub(r"[^\w\- ]+", "_", name).strip("_ ") or "model"
    path = context.new_model_path("diffusion_models", f"{safe}.safetensors")
    size = save_transformer(model, path)
    kinds = plan(model.module).values()
    counts = {kind: sum(other == kind for other in kinds) for kind in sorted(set(kinds))}
    context.report(
        {
            "technique": "save_model",
            "summary": f"{path.name}, {size / 1e6:,.1f} MB",
            "file": path.name,
            "bytes": size,
            "layers": ", ".join(f"{count} {kind}" for kind, count in counts.items()),
        }
    )
    return model
