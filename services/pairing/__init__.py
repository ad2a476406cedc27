"""结对帮扶: who helps whom, and who could."""
