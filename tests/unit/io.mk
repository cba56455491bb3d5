# Unit tests of io.
