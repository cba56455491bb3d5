# Unit tests of dp.
