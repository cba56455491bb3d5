/* edit-private.h - what the files of edits share: offsets that follow the bytes. */
#pragma once

#include "lib/packet/edit.h"

static inline void edit_move(uint16_t *ofs, int n)
{
    if (*ofs != PACKET_NO_OFS) {
        *ofs = (uint16_t)(*ofs + n);
    }
}

/* 'n' bytes came (or, negative, went) ahead of the network header: everything that counts from
 * 'data' moves. */
static inline void edit_shift(struct packet *p, int n)
{
    edit_move(&p->l3_ofs, n);
    edit_move(&p->l4_ofs, n);
    edit_move(&p->payload_ofs, n);
    edit_move(&p->mpls_ofs, n);
    if (p->csum == CSUM_PARTIAL) {
        p->csum_start = (uint16_t)(p->csum_start + n);
    }
    if (p->gso_hdr_len) {
        p->gso_hdr_len = (uint16_t)(p->gso_hdr_len + n);
    }
}
