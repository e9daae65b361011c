"""What a JPEG file stores: segments, quantized coefficients, quantization tables."""
