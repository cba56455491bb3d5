# Unit tests of ct.
