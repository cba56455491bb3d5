/* controller.h - what controllers are called, and how they fare: NXT_SET_CONTROLLER_ID,
 * CONTROLLER_STATUS (1.5).  Layer 2, pure. */
#pragma once

#include "ofp/role.h"

/* With NXBRC_MUST_BE_ZERO *id is right all the same. */
enum ofp_error controller_id_decode(struct wire_rd *, uint16_t *id) MUST_USE;
void controller_id_encode(uint16_t id, uint8_t version, uint32_t xid, struct wire_wr *);

struct controller_status {
    uint16_t short_id;
    enum ofp_role role;
    uint8_t reason;       /* 0 request, 1 channel status, 2 role, 3 added, 4 removed, 5 short id, 6
                             experimenter. */
    bool down;            /* The channel. */
    const uint8_t *props; /* Properties, as they are: the URI and experimenters'. */
    size_t props_len;
    const uint8_t *uri; /* Within 'props'; NULL: none. */
    size_t uri_len;
};
/* One structure, with its own length first. */
enum ofp_error controller_status_decode(struct wire_rd *, struct controller_status *) MUST_USE;
void controller_status_encode(const struct controller_status *, struct wire_wr *);
void controller_status_format(const struct controller_status *, struct text *);
