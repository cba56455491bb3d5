/* stream-private.h - how stream_listen.c makes streams.  Private to lib/io. */
#pragma once

#include "lib/io/stream.h"

/* A connected stream over 'fd', which it owns from now.  'name' is copied. */
struct stream *stream_from_fd(struct loop *, int fd, const char *name);
