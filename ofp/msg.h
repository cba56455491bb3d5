/* msg.h - OpenFlow messages: one row each in messages.def; header, multipart and experimenter
 * framing.
 *
 * Layer 2, pure.  Journey: bytes from a connection -> msg_decode_header() -> a body decoder of the
 * file that owns the message -> ofproto.  And back: msg_start() -> body -> msg_finish().
 *
 * A row says: name as printed, per version the type number (or multipart type, or experimenter and
 * subtype), direction, smallest body, the body's printer. */
#pragma once

#include "ofp/error.h"

#define OFP10_VERSION 1
#define OFP11_VERSION 2
#define OFP12_VERSION 3
#define OFP13_VERSION 4
#define OFP14_VERSION 5
#define OFP15_VERSION 6
#define OFP_VERSIONS  0x7eu /* All of them: bit n = wire version n. */

#define OFP_PORT       6653
#define OFP_HEADER_LEN 8
#define OFP_MAX_LEN    65535

#define NX_VENDOR_ID  0x00002320
#define ONF_VENDOR_ID 0x4f4e4600

enum msg_type {
#define MSG(ID, ...) MSG_##ID,
#include "ofp/messages.def"
#undef MSG
    MSG_N_TYPES
};

/* Decoders refuse a version whose body they do not know with OFPBRC_BAD_VERSION, encoders set the
 * writer's error. */
static inline bool msg_version_in(uint8_t version, uint8_t first, uint8_t last)
{
    return version >= first && version <= last;
}

struct tlv_table;
struct msg_header {
    uint8_t version;
    enum msg_type
        type;     /* Which row; multipart and experimenter messages are resolved to their own. */
    uint16_t len; /* Of the whole message. */
    uint32_t xid;
    uint16_t mp_flags; /* Multipart only; bit 0: more follow. */
    /* What tun_metadata fields are here: the caller's to set.  NULL (tools): lengths as they come.
     */
    const struct tlv_table *tlvs;
    /* The high byte of a flow modification's command in 1.0 is its table (NXT_FLOW_MOD_TABLE_ID):
     * the caller's to set. */
    bool table_in_command;
};
#define OFPMPF_MORE 1

/* 'r' covers exactly one whole message; afterwards it stands at the body that the row owns.  On
 * error 'h' still has version, len, xid as far as they could be read. */
enum ofp_error msg_decode_header(struct wire_rd *r, struct msg_header *h) MUST_USE;
/* Writes header and framing; msg_finish() fills in the length.  'start' is the offset in 'w'. */
size_t msg_start(struct wire_wr *w, enum msg_type, uint8_t version, uint32_t xid);
void msg_finish(struct wire_wr *w, size_t start);
const char *msg_name(enum msg_type);           /* "OFPT_FLOW_MOD", "OFPST_FLOW reply" */
const char *msg_version_name(uint8_t version); /* "OF1.3" */
enum msg_direction { MSG_DIR_CTL /* To the switch. */, MSG_DIR_SW /* From it. */, MSG_DIR_SYM };
enum msg_direction msg_direction(enum msg_type);
bool msg_is_multipart(enum msg_type);

/* A multipart reply that splits itself: one call of mp_reply_entry() per entry returns a writer at
 * the place for the next entry (a new message has begun if the last one was full);
 * mp_reply_entry_end() closes it.  'send' gets each whole message in order, the last without
 * OFPMPF_MORE, and at least one.  An entry too long for any message is left out. */
struct mp_reply {
    struct wire_wr w;
    enum msg_type type;
    uint8_t version;
    uint32_t xid;
    size_t start, body, entry; /* Offsets in 'w': this message, its entries, the open entry. */
    void (*send)(void *aux, const void *msg, size_t len);
    void *aux;
};
void mp_reply_init(struct mp_reply *, enum msg_type, uint8_t version, uint32_t xid,
                   void (*send)(void *aux, const void *msg, size_t len), void *aux);
struct wire_wr *mp_reply_entry(struct mp_reply *);
void mp_reply_entry_end(struct mp_reply *);
void mp_reply_flush(struct mp_reply *); /* What there is goes now; more will follow. */
void mp_reply_finish(struct mp_reply *);

/* ofp_print: any message, in the reference's form; undecodable parts as hex.  Never fails.
 * verbosity: 1 a line for the frame of a packet-in or -out, 2 the payload of echoes, 3 the frame's
 * bytes, 5 the message's. */
struct name_map;
void msg_print(const void *msg, size_t len, const struct name_map *, int verbosity, struct text *);
