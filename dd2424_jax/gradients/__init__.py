"""The gradient check: cases, and differences of the cost."""
