"""What a prediction says: moments, intervals and chances, within an outcome's bounds."""
