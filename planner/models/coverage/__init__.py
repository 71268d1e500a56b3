"""Whether what is stated holds: coverage measured, intervals corrected, an alarm."""
