/* msg_print_tables.c - prints TABLE_FEATURES; see msg_print.h. */
#include "ofp/msg_print.h"

enum ofp_error print_table_features(struct msg_print *p, struct wire_rd *r)
{
    return wire_rd_left(r) ? print_raw(p, r) : OFPERR_OK;
}
