"""The nodes: one file each, and the folder tree is the node menu."""
