"""What model files hold, told by their headers alone. Without torch, so that the server can ask too."""
