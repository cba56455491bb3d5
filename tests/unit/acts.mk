# Unit tests of acts.
