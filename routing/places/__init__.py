"""Places in what was said: names of the gazetteer, also misheard ones, and house numbers."""
