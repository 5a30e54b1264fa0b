"""What model files hold, told by their headers alone. Knows no torch: the server and the canvas ask it too."""
