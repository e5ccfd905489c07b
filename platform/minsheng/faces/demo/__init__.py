"""``minsheng demo``: everything on embedded servers, with sample sources really pulled."""
