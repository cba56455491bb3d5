# Unit tests of fields.
