/* json_frame.h - where one JSON object ends in a byte stream.
 *
 * Layer 1, pure.  JSON-RPC 1.0 puts objects back to back without a length.  The scanner counts
 * brackets outside of strings; whether the text is JSON is for the parser to say. */
#pragma once

#include "lib/base.h"

struct json_frame {
    unsigned depth;
    bool in_string, escape, bad; /* bad: something other than an object or array begins. */
};

/* Looks at the next 'n' bytes; returns how many of them belong to the message.  '*complete' if the
 * last of them ends it; the scanner then is ready for the next.  White space between messages
 * belongs to the next one. */
size_t json_frame_scan(struct json_frame *, const uint8_t *, size_t n, bool *complete);
