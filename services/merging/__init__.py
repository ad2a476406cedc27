"""Making one entry of two that are about the same child."""
