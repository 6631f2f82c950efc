"""Text → label with a calibrated confidence and reasons: linear models over characters, words and sounds."""
