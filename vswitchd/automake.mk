# Programs of the daemon.
