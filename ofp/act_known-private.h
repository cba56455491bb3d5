/* act_known-private.h - what is known of a packet at a place in a list of acts: a match, which the
 * acts change as they would change a packet.
 *
 * Layer 2, pure.  For act_check.c, which begins with the match of the flow and says what of it an
 * act wants to be so. */
#pragma once

#include "ofp/act-private.h"

struct act_known {
    struct match m;
    unsigned n_below; /* Tags known to be there below those of the match. */
};

bool act_known_is_ethernet(const struct act_known *);
bool act_known_is_eth_type(const struct act_known *, uint16_t eth_type); /* Host order, as below. */
bool act_known_is_ip(const struct act_known *);
bool act_known_is_mpls(const struct act_known *);
bool act_known_has_tag(const struct act_known *);

void act_known_set_eth_type(struct act_known *, uint16_t eth_type);
void act_known_set_tag(struct act_known *);
void act_known_push_vlan(struct act_known *);
void act_known_pop_vlan(struct act_known *);
void act_known_forget_proto(struct act_known *); /* Of what is behind a label stack, say. */
/* If the field says what follows, that is what it says now; 'value' NULL: something. */
void act_known_note_type(struct act_known *, const struct field *, const uint8_t *value);
void act_known_encap(struct act_known *, const struct act_encap *);
void act_known_decap(struct act_known *);
void act_known_push_pbb(struct act_known *, uint16_t eth_type);
void act_known_pop_pbb(struct act_known *); /* Nothing is known of the frame that comes out. */
