/* xlate_stack.c - push and pop.  See xlate-private.h.
 *
 * An item is its bytes, big endian, with their number behind them.  It is taken off with as many
 * bits as it is asked for: the low ones, zeros ahead of them. */
#include "ofproto/xlate/xlate-private.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/match.h"

void xlate_stack_copy(struct xlate_stack *to, const struct xlate_stack *from)
{
    to->data = from->len ? xmemdup(from->data, from->len) : NULL;
    to->len = to->cap = from->len;
}

void xlate_stack_deinit(struct xlate_stack *s)
{
    free(s->data);
    *s = (struct xlate_stack){.data = NULL};
}

void xlate_stack_set(struct xlate_stack *s, const void *data, uint32_t len)
{
    xlate_stack_deinit(s);
    xlate_stack_copy(s, &(struct xlate_stack){.data = (void *)(uintptr_t)data, .len = len});
}

void xlate_stack_push(struct xlate_ctx *ctx, const struct act_stack *a)
{
    const struct subfield *f = &a->field;
    struct xlate_stack *s = &ctx->s.stack;
    struct field_value value;
    uint8_t n = (uint8_t)((f->n_bits + 7) / 8);

    if (s->len + n + 1 > XLATE_MAX_STACK) {
        xlate_error(ctx, XLATE_STACK_OVERFLOW);
        return;
    }
    if (s->len + n + 1 > s->cap) {
        s->cap = MAX(2 * s->cap, s->len + n + 32);
        s->data = xrealloc(s->data, s->cap);
    }
    subfield_mask(f, &ctx->wc);
    field_get(f->field, &ctx->s.flow, &value);
    memset(s->data + s->len, 0, n);
    bits_copy(value.b, f->field->n_bytes, f->ofs, s->data + s->len, n, 0, f->n_bits);
    s->len += n;
    s->data[s->len++] = n;
}

void xlate_stack_pop(struct xlate_ctx *ctx, const struct act_stack *a)
{
    struct xlate_stack *s = &ctx->s.stack;

    if (!s->len) {
        xlate_trace_fault(ctx, "stack underflow");
        return;
    }
    uint8_t n = s->data[s->len - 1];
    s->len -= n + 1u;
    xlate_write(ctx, &a->field, s->data + s->len, n);
    xlate_trace_value(ctx, &a->field);
}
