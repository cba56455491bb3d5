# Unit tests of packet.
