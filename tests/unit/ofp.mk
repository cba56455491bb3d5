# Unit tests of ofp.
