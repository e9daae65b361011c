"""An ONNX file as a method over a whole photo: read once, checked once."""
