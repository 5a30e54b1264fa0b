"""How the answers of several branches become one."""
