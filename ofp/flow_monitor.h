/* flow_monitor.h - flow monitors: a controller asks to be told of changes to flows.
 *
 * Layer 2, pure.  Three forms of the same: NXST_FLOW_MONITOR (1.0 to 1.2), ONFST_FLOW_MONITOR
 * (1.3), OFPMP_FLOW_MONITOR (1.4, 1.5).  Requests and replies are lists of entries; the message's
 * header (decode) or one of PROTOCOL_* (encode) says in which form.  Does not keep monitors. */
#pragma once

#include "ofp/flow_mod.h"

#define FLOW_MONITOR_INITIAL   0x01 /* Tell what there is at the start. */
#define FLOW_MONITOR_ADD       0x02
#define FLOW_MONITOR_DELETE    0x04
#define FLOW_MONITOR_MODIFY    0x08
#define FLOW_MONITOR_ACTIONS   0x10 /* With the actions. */
#define FLOW_MONITOR_OWN       0x20 /* The asker's own changes in full, not as ABBREV. */
#define FLOW_MONITOR_NO_ABBREV 0x40 /* The same, by 1.4's flag; only in 1.4 and later. */

/* Numbers of 1.4; before, there is only ADD, and cancelling is a message of its own. */
enum flow_monitor_command {
    FLOW_MONITOR_CMD_ADD,
    FLOW_MONITOR_CMD_MODIFY,
    FLOW_MONITOR_CMD_DELETE
};

struct flow_monitor_request {
    uint32_t id;
    uint8_t command; /* enum flow_monitor_command, or another number. */
    uint8_t table_id;
    uint16_t flags; /* FLOW_MONITOR_*; of DELETE anything. */
    uint32_t out_port, out_group;
    struct match match;
};
/* The next entry; OFPERR_OK and *end at the end. */
enum ofp_error flow_monitor_request_decode(struct wire_rd *, const struct msg_header *,
                                           struct flow_monitor_request *, bool *end) MUST_USE;
/* One entry. */
void flow_monitor_request_encode(const struct flow_monitor_request *, uint32_t protocol,
                                 struct wire_wr *);
enum msg_type flow_monitor_request_type(uint32_t protocol);
enum msg_type flow_monitor_reply_type(uint32_t protocol);

/* `watch:` without that word: `!initial,!own,table=1,out_port=2,tcp`. */
char *flow_monitor_parse(char *text, const struct name_map *, struct flow_monitor_request *,
                         uint32_t *usable) MUST_USE;
void flow_monitor_format(const struct flow_monitor_request *, const struct name_map *,
                         struct text *);

enum flow_update_event {
    FLOW_UPDATE_INITIAL, /* There at the start: before 1.4 said as ADDED. */
    FLOW_UPDATE_ADDED,
    FLOW_UPDATE_DELETED,
    FLOW_UPDATE_MODIFIED,
    FLOW_UPDATE_ABBREV, /* The asker's own change: xid alone. */
    FLOW_UPDATE_PAUSED, /* From here on in 1.4 and later; before, messages of their own. */
    FLOW_UPDATE_RESUMED,
};

struct flow_update {
    enum flow_update_event event;
    uint32_t xid; /* ABBREV: of the message that made the change. */
    /* The rest is of INITIAL, ADDED, DELETED and MODIFIED. */
    uint8_t table_id;
    uint8_t reason; /* DELETED: enum flow_removed_reason. */
    uint16_t priority, idle_timeout, hard_timeout;
    uint64_t cookie;
    struct match match;
    struct acts acts;
};
void flow_update_deinit(struct flow_update *);
/* The next entry; OFPERR_OK and *end at the end.  The caller deinits it if there was one. */
enum ofp_error flow_update_decode(struct wire_rd *, const struct msg_header *, struct flow_update *,
                                  bool *end) MUST_USE;
void flow_update_encode(const struct flow_update *, uint32_t protocol, struct wire_wr *);
void flow_update_format(const struct flow_update *, const struct name_map *, struct text *);

/* Cancel, paused and resumed as messages: 1.0 to 1.3. */
enum ofp_error flow_monitor_cancel_decode(struct wire_rd *, uint32_t *id) MUST_USE;
void flow_monitor_cancel_encode(uint32_t id, uint8_t version, uint32_t xid, struct wire_wr *);
void flow_monitor_paused_encode(bool resumed, uint8_t version, uint32_t xid, struct wire_wr *);
