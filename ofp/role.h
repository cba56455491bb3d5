/* role.h - a controller's role: ROLE_REQUEST and _REPLY (1.2+, Nicira's), ROLE_STATUS.
 * Layer 2, pure. */
#pragma once

#include "ofp/msg.h"
#include "ofp/prop.h"

enum ofp_role { ROLE_NOCHANGE, ROLE_EQUAL, ROLE_PRIMARY, ROLE_SECONDARY };
const char *ofp_role_name(enum ofp_role);

struct role_msg { /* By h->type one of the four. */
    enum ofp_role role;
    bool has_generation_id;
    uint64_t generation_id; /* All ones on the wire: none. */
    uint16_t short_id;      /* 1.5 */
};
enum ofp_error role_decode(struct wire_rd *, const struct msg_header *, struct role_msg *) MUST_USE;
void role_encode(const struct role_msg *, enum msg_type, uint8_t version, uint32_t xid,
                 struct wire_wr *);
void role_format(const struct role_msg *, struct text *);

enum role_status_reason { ROLE_REQUESTED, ROLE_CONFIG, ROLE_EXPERIMENTER };
struct role_status {
    enum ofp_role role;
    uint8_t reason; /* enum role_status_reason, or more. */
    uint64_t generation_id;
    struct prop_list props; /* Experimenters'. */
};
enum ofp_error role_status_decode(struct wire_rd *, struct role_status *) MUST_USE;
/* ROLE_STATUS in 1.4+, ONFT_ROLE_STATUS in 1.3. */
void role_status_encode(const struct role_status *, uint8_t version, uint32_t xid,
                        struct wire_wr *);
void role_status_format(const struct role_status *, struct text *);
