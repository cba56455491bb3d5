/* json_frame.c - see json_frame.h. */
#include "lib/io/json_frame.h"

size_t json_frame_scan(struct json_frame *f, const uint8_t *p, size_t n, bool *complete)
{
    *complete = false;
    for (size_t i = 0; i < n && !f->bad; i++) {
        uint8_t c = p[i];
        if (f->in_string) {
            if (f->escape) {
                f->escape = false;
            } else if (c == '\\') {
                f->escape = true;
            } else if (c == '"') {
                f->in_string = false;
            }
        } else if (c == '{' || c == '[') {
            f->depth++;
        } else if (c == '}' || c == ']') {
            f->bad = !f->depth;
            if (f->depth && !--f->depth) {
                *complete = true;
                return i + 1;
            }
        } else if (c == '"' && f->depth) {
            f->in_string = true;
        } else if (!f->depth && !strchr(" \t\r\n", c)) {
            f->bad = true;
        }
    }
    return n;
}
