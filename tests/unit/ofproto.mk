# Unit tests of ofproto.
