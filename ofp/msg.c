/* msg.c - see msg.h.  A message's row is found by (form, number, version), where the form says how
 * the number is framed: OpenFlow 1.3.5 sections 7.1 (header), 7.3.5 (multipart), 7.5.4
 * (experimenter), and nicira-ext for the subtypes of 0x2320. */
#include "ofp/msg.h"

#include <stdlib.h>

#include "lib/hash.h"
#include "lib/mem.h"

enum msg_form {
    OFPT,
    STAT_REQ,
    STAT_REP,
    NXT,
    NXST_REQ,
    NXST_REP,
    ONFT,
    ONFST_REQ,
    ONFST_REP,
};

#define OFPT_EXPERIMENTER  4
#define OFPMP_EXPERIMENTER 0xffff
#define NO                 -1

struct msg_row {
    const char *name;
    uint8_t direction;             /* enum msg_direction */
    uint8_t form;                  /* enum msg_form */
    int16_t number[OFP15_VERSION]; /* By version - 1. */
    uint16_t min, unit;
};

static const struct msg_row rows[MSG_N_TYPES] = {
#define MSG(ID, NAME, DIR, FORM, V10, V11, V12, V13, V14, V15, MIN_, UNIT, PRINT) \
    [MSG_##ID] = {NAME, MSG_DIR_##DIR, FORM, {V10, V11, V12, V13, V14, V15}, MIN_, UNIT},
#include "ofp/messages.def"
#undef MSG
};

const char *msg_name(enum msg_type type)
{
    return (unsigned)type < MSG_N_TYPES ? rows[type].name : "(unknown message)";
}

enum msg_direction msg_direction(enum msg_type type)
{
    return (enum msg_direction)rows[type].direction;
}

bool msg_is_multipart(enum msg_type type)
{
    uint8_t form = rows[type].form;
    return form != OFPT && form != NXT && form != ONFT;
}

const char *msg_version_name(uint8_t version)
{
    static const char *const names[] = {"?", "OF1.0", "OF1.1", "OF1.2", "OF1.3", "OF1.4", "OF1.5"};
    return names[version < ARRAY_SIZE(names) ? version : 0];
}

/* Message type of multipart requests; replies are one more. */
static uint8_t multipart_type(uint8_t version)
{
    return version == OFP10_VERSION ? 16 : 18;
}

/* ---- rows by form, number and version ----
 *
 * An open-addressing table, filled once by a constructor before main() and constant afterwards, so
 * any thread may read it. */

#define SLOTS 2048 /* Power of two, twice the numbers that there are. */
#define EMPTY UINT16_MAX

_Static_assert(MSG_N_TYPES *OFP15_VERSION <= SLOTS * 3 / 4, "free slots end each search");

static uint16_t by_number[SLOTS]; /* enum msg_type */

static uint32_t number_hash(unsigned form, uint32_t number, uint8_t version)
{
    return hash_u64((uint64_t)number << 16 | form << 8 | version, 0) % SLOTS;
}

__attribute__((__constructor__)) static void index_rows(void)
{
    memset(by_number, 0xff, sizeof by_number);
    for (unsigned type = 0; type < MSG_N_TYPES; type++) {
        for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION; v++) {
            if (rows[type].number[v - 1] != NO) {
                uint32_t i = number_hash(rows[type].form, (uint32_t)rows[type].number[v - 1], v);
                while (by_number[i] != EMPTY) {
                    i = (i + 1) % SLOTS;
                }
                by_number[i] = (uint16_t)type;
            }
        }
    }
}

static bool find_row(enum msg_form form, uint32_t number, uint8_t version, enum msg_type *type)
{
    for (uint32_t i = number_hash(form, number, version); by_number[i] != EMPTY;
         i = (i + 1) % SLOTS) {
        const struct msg_row *row = &rows[by_number[i]];
        int n = row->number[version - 1];
        if (n != NO && (uint32_t)n == number && row->form == form) {
            *type = (enum msg_type)by_number[i];
            return true;
        }
    }
    return false;
}

static enum ofp_error resolve_multipart(struct wire_rd *r, struct msg_header *h, bool reply)
{
    uint16_t number = wire_rd_u16(r);
    h->mp_flags = wire_rd_u16(r);
    wire_rd_skip(r, h->version == OFP10_VERSION ? 0 : 4);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (number != OFPMP_EXPERIMENTER) {
        return find_row(reply ? STAT_REP : STAT_REQ, number, h->version, &h->type)
                   ? OFPERR_OK
                   : OFPERR_OFPBRC_BAD_STAT;
    }
    uint32_t vendor = wire_rd_u32(r);
    if (!r->err && vendor != NX_VENDOR_ID && vendor != ONF_VENDOR_ID) {
        return OFPERR_OFPBRC_BAD_VENDOR;
    }
    uint32_t subtype = wire_rd_u32(r);
    wire_rd_skip(r, h->version == OFP10_VERSION ? 4 : 0);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    enum msg_form form =
        vendor == NX_VENDOR_ID ? (reply ? NXST_REP : NXST_REQ) : (reply ? ONFST_REP : ONFST_REQ);
    return find_row(form, subtype, h->version, &h->type) ? OFPERR_OK : OFPERR_OFPBRC_BAD_SUBTYPE;
}

static enum ofp_error resolve_experimenter(struct wire_rd *r, struct msg_header *h)
{
    uint32_t vendor = wire_rd_u32(r);
    if (!r->err && vendor != NX_VENDOR_ID && vendor != ONF_VENDOR_ID) {
        return OFPERR_OFPBRC_BAD_VENDOR;
    }
    uint32_t subtype = wire_rd_u32(r);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    return find_row(vendor == NX_VENDOR_ID ? NXT : ONFT, subtype, h->version, &h->type)
               ? OFPERR_OK
               : OFPERR_OFPBRC_BAD_SUBTYPE;
}

/* Where a version differs from the row. */
static const struct {
    uint16_t type; /* enum msg_type */
    uint8_t first, last;
    uint16_t min, unit;
} lens[] = {
#define MSG_LEN(ID, FIRST, LAST, MIN_, UNIT) \
    {MSG_##ID, OFP10_VERSION + FIRST, OFP10_VERSION + LAST, MIN_, UNIT},
#include "ofp/msg_len.def"
#undef MSG_LEN
};

_Static_assert(ARRAY_SIZE(lens) < UINT8_MAX, "an index fits");
static uint8_t first_len[MSG_N_TYPES]; /* The first of the type's; UINT8_MAX: it has none. */

__attribute__((__constructor__)) static void index_lens(void)
{
    memset(first_len, 0xff, sizeof first_len);
    for (size_t i = ARRAY_SIZE(lens); i-- > 0;) {
        first_len[lens[i].type] = (uint8_t)i;
    }
}

static enum ofp_error check_body_len(enum msg_type type, size_t len, uint8_t version)
{
    uint16_t min = rows[type].min, unit = rows[type].unit;

    for (size_t i = first_len[type]; i < ARRAY_SIZE(lens) && lens[i].type == type; i++) {
        if (msg_version_in(version, lens[i].first, lens[i].last)) {
            min = lens[i].min;
            unit = lens[i].unit;
        }
    }
    if (len < min || (unit ? (len - min) % unit != 0 : len != min)) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    return OFPERR_OK;
}

enum ofp_error msg_decode_header(struct wire_rd *r, struct msg_header *h)
{
    size_t total = wire_rd_left(r);
    *h = (struct msg_header){.type = MSG_N_TYPES};
    h->version = wire_rd_u8(r);
    uint8_t number = wire_rd_u8(r);
    h->len = wire_rd_u16(r);
    h->xid = wire_rd_u32(r);
    if (r->err || h->len != total) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (h->version < OFP10_VERSION || h->version > OFP15_VERSION) {
        return OFPERR_OFPBRC_BAD_VERSION;
    }

    enum ofp_error err;
    uint8_t mp = multipart_type(h->version);
    if (number == OFPT_EXPERIMENTER) {
        err = resolve_experimenter(r, h);
    } else if (number == mp || number == mp + 1) {
        err = resolve_multipart(r, h, number != mp);
    } else {
        err = find_row(OFPT, number, h->version, &h->type) ? OFPERR_OK : OFPERR_OFPBRC_BAD_TYPE;
    }
    return err ? err : check_body_len(h->type, wire_rd_left(r), h->version);
}

static void put_multipart(struct wire_wr *w, uint8_t version, uint16_t number)
{
    wire_wr_u16(w, number);
    wire_wr_u16(w, 0);
    wire_wr_zeros(w, version == OFP10_VERSION ? 0 : 4);
}

size_t msg_start(struct wire_wr *w, enum msg_type type, uint8_t version, uint32_t xid)
{
    const struct msg_row *row = &rows[type];
    int number =
        version >= OFP10_VERSION && version <= OFP15_VERSION ? row->number[version - 1] : NO;
    bool nx = row->form == NXT || row->form == NXST_REQ || row->form == NXST_REP;
    bool reply = row->form == STAT_REP || row->form == NXST_REP || row->form == ONFST_REP;
    bool stat = row->form == STAT_REQ || row->form == STAT_REP;
    bool mp = msg_is_multipart(type);
    size_t start = w->len;
    if (number == NO) {
        w->err = true;
        return start;
    }
    wire_wr_u8(w, version);
    if (mp) {
        wire_wr_u8(w, (uint8_t)(multipart_type(version) + reply));
    } else {
        wire_wr_u8(w, row->form == OFPT ? (uint8_t)number : OFPT_EXPERIMENTER);
    }
    wire_wr_u16(w, 0);
    wire_wr_u32(w, xid);
    if (mp) {
        put_multipart(w, version, stat ? (uint16_t)number : OFPMP_EXPERIMENTER);
    }
    if (row->form != OFPT && !stat) {
        wire_wr_u32(w, nx ? NX_VENDOR_ID : ONF_VENDOR_ID);
        wire_wr_u32(w, (uint32_t)number);
        wire_wr_zeros(w, mp && version == OFP10_VERSION ? 4 : 0);
    }
    return start;
}

void msg_finish(struct wire_wr *w, size_t start)
{
    if (w->len - start > OFP_MAX_LEN) {
        w->err = true;
        return;
    }
    wire_wr_patch16(w, start + 2, (uint16_t)(w->len - start));
}

/* ---- multipart replies ---- */

#define MP_FLAGS_OFS 10 /* Of the multipart header's flags within the message. */

static void begin_message(struct mp_reply *mp)
{
    mp->w.len = 0;
    mp->start = msg_start(&mp->w, mp->type, mp->version, mp->xid);
    mp->body = mp->w.len;
}

void mp_reply_init(struct mp_reply *mp, enum msg_type type, uint8_t version, uint32_t xid,
                   void (*send)(void *aux, const void *msg, size_t len), void *aux)
{
    /* Room for a full message and the entry that overflows it. */
    *mp = (struct mp_reply){.w = WIRE_WR_INIT(3 * OFP_MAX_LEN),
                            .type = type,
                            .version = version,
                            .xid = xid,
                            .send = send,
                            .aux = aux};
    begin_message(mp);
}

struct wire_wr *mp_reply_entry(struct mp_reply *mp)
{
    mp->entry = mp->w.len;
    return &mp->w;
}

static void send_message(struct mp_reply *mp, bool more)
{
    wire_wr_patch16(&mp->w, mp->start + MP_FLAGS_OFS, more ? OFPMPF_MORE : 0);
    msg_finish(&mp->w, mp->start);
    if (!mp->w.err) {
        mp->send(mp->aux, mp->w.data, mp->w.len);
    }
}

void mp_reply_entry_end(struct mp_reply *mp)
{
    struct wire_wr *w = &mp->w;
    if (w->err) {
        /* The entry could not be written; what stands before it is good. */
        w->err = false;
        w->len = mp->entry;
        return;
    }
    if (w->len - mp->start <= OFP_MAX_LEN) {
        return;
    }
    size_t len = w->len - mp->entry;
    uint8_t *entry = xmemdup(w->data + mp->entry, len);
    w->len = mp->entry;
    if (mp->entry > mp->body) {
        send_message(mp, true);
        begin_message(mp);
    }
    if (w->len - mp->start + len <= OFP_MAX_LEN) {
        wire_wr_bytes(w, entry, len);
    }
    free(entry);
}

void mp_reply_flush(struct mp_reply *mp)
{
    if (mp->w.len > mp->body) {
        send_message(mp, true);
        begin_message(mp);
    }
}

void mp_reply_finish(struct mp_reply *mp)
{
    send_message(mp, false);
    wire_wr_deinit(&mp->w);
}
