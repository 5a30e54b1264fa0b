"""A sampling run under way: steps, fresh noise, savepoints, previews, a watch on what comes out."""
