/* act_verify.c - what may stand where: in an action set, in ct(exec()), in a clone.  See
 * act-private.h.
 *
 * For decoders and parsers, whatever the match; whether a list fits one is act_check.c's. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/act-private.h"

/* The field that 'a' writes, or NULL. */
static const struct field *written_field(const struct act *a)
{
    const void *p = a;

    return a->type == ACT_SET_FIELD  ? ((const struct act_set_field *)p)->field
           : a->type == ACT_REG_MOVE ? ((const struct act_reg_move *)p)->dst.field
                                     : NULL;
}

static enum ofp_error refuse(enum ofp_error error, char **why, char *text)
{
    if (why) {
        *why = text;
    } else {
        free(text);
    }
    return error;
}

enum ofp_error act_verify(const struct act *a, enum act_outer outer, char **why)
{
    const struct act_info *info = &act_infos[a->type];
    const struct field *f = written_field(a);

    if (outer == OUTER_CT) {
        if (a->type == ACT_NAT || (f && f->access == ACCESS_CT)) {
            return OFPERR_OK;
        }
        return refuse(OFPERR_OFPBAC_BAD_ARGUMENT, why,
                      f ? xasprintf("ct action doesn't support nested modification of %s", f->name)
                        : xasprintf("ct action doesn't support nested action %s", info->name));
    }
    if (a->type == ACT_NAT && outer != OUTER_WRITE_ACTIONS) {
        return refuse(OFPERR_OFPBAC_BAD_SET_ARGUMENT, why,
                      xstrdup("Cannot have NAT action outside of \"ct\" action"));
    }
    if (f && f->access == ACCESS_CT) {
        return refuse(OFPERR_OFPBAC_BAD_SET_ARGUMENT, why,
                      xstrdup("cannot set CT fields outside of ct action"));
    }
    bool meter = outer == OUTER_CLONE && a->type == ACT_METER; /* An action from 1.5 on. */
    if (outer == OUTER_CLONE && info->rank != ACT_RANK_APPLY && !meter) {
        return refuse(OFPERR_OFPBIC_UNSUP_INST, why,
                      xasprintf("%s instruction not allowed here", info->name));
    }
    if (outer == OUTER_WRITE_ACTIONS && info->slot == ACT_SLOT_NONE) {
        return refuse(OFPERR_OFPBAC_BAD_TYPE, why,
                      xasprintf("%s is not allowed in an action set", info->name));
    }
    return OFPERR_OK;
}
