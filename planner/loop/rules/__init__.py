"""What may be done: limits, approval, money, stock, opening hours."""
