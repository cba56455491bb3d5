/* test-msg.c - framing of OpenFlow messages and their print.
 *
 * `test-msg --write-corpus DIR` writes each sample to DIR/NAME, seeds for fuzzing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/mem.h"
#include "ofp/flow_mod.h"
#include "ofp/msg.h"
#include "ofp/packet_io.h"
#include "ofp/port.h"
#include "ofp/switch.h"

static const struct {
    const char *name, *hex, *text;
} samples[] = {
#define SAMPLE(NAME, HEX, TEXT) {#NAME, HEX, TEXT},
#include "tests/unit/msg-samples.def"
#undef SAMPLE
};

static uint8_t *sample(size_t i, size_t *len)
{
    uint8_t *p = text_to_hex(samples[i].hex, len);
    assert_non_null(p);
    return p;
}

static char *print(const void *msg, size_t len)
{
    struct text s = TEXT_INIT;
    msg_print(msg, len, NULL, 0, &s);
    assert_true(s.len > 0);
    assert_int_equal(s.s[s.len - 1], '\n');
    return text_steal(&s);
}

static void test_print(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        size_t len;
        uint8_t *msg = sample(i, &len);
        char *text = print(msg, len);
        assert_string_equal(text, samples[i].text);
        free(text);
        free(msg);
    }
}

static void test_empty(void **state)
{
    (void)state;
    char *text = print("", 0);
    assert_string_equal(text, "OpenFlow message is empty\n");
    free(text);
}

/* Every row of 1.3 that has a sample; those without are named, so that a new row brings one. */
static void test_every_row_has_a_sample(void **state)
{
    (void)state;
    bool seen[MSG_N_TYPES] = {false};
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        size_t len;
        uint8_t *msg = sample(i, &len);
        struct wire_rd r;
        wire_rd_init(&r, msg, len);
        struct msg_header h;
        if (!msg_decode_header(&r, &h)) {
            seen[h.type] = true;
        }
        free(msg);
    }
    for (int t = 0; t < MSG_N_TYPES; t++) {
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
        msg_start(&w, (enum msg_type)t, OFP13_VERSION, 0);
        if (!w.err && !seen[t]) {
            fail_msg("%s has no sample", msg_name((enum msg_type)t));
        }
        wire_wr_deinit(&w);
    }
}

static void decode_and_encode(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w);

/* ---- malformed input ---- */

static void try_all(const void *msg, size_t len)
{
    free(print(msg, len));
    struct wire_rd r;
    wire_rd_init(&r, msg, len);
    struct msg_header h;
    if (!msg_decode_header(&r, &h)) {
        struct wire_wr w = WIRE_WR_INIT(4 * OFP_MAX_LEN);
        decode_and_encode(&r, &h, &w);
        wire_wr_deinit(&w);
    }
    uint32_t versions;
    if (!hello_decode(msg, len, &versions)) {
        assert_int_not_equal(versions, 0);
    }
}

static void test_truncated(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        size_t len;
        uint8_t *msg = sample(i, &len);
        for (size_t n = 0; n < len; n++) {
            uint8_t *cut =
                xmemdup(msg, n ? n : 1); /* Its own block: sanitizers see every over-read. */
            try_all(cut, n);
            if (n >= OFP_HEADER_LEN) {
                put_be16(cut + 2, (uint16_t)n);
                try_all(cut, n);
            }
            free(cut);
        }
        free(msg);
    }
}

static void test_flipped(void **state)
{
    (void)state;
    static const uint8_t masks[] = {0xff, 0x01, 0x80};
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        size_t len;
        uint8_t *msg = sample(i, &len);
        for (size_t n = 0; n < len; n++) {
            for (size_t m = 0; m < ARRAY_SIZE(masks); m++) {
                msg[n] ^= masks[m];
                try_all(msg, len);
                msg[n] ^= masks[m];
            }
        }
        free(msg);
    }
}

/* An error within an error within ... is not followed to the end. */
static void test_nested(void **state)
{
    (void)state;
    enum { N = 5000 };
    uint8_t *msg = xzalloc(N * 12);
    for (size_t i = 0; i < N; i++) {
        uint8_t *p = msg + i * 12;
        p[0] = OFP13_VERSION;
        p[1] = 1;
        put_be16(p + 2, (uint16_t)((N - i) * 12));
        put_be16(p + 8, 1);
    }
    struct text s = TEXT_INIT;
    msg_print(msg, N * 12, NULL, 0, &s);
    int n = 0;
    for (const char *p = text_cstr(&s); (p = strstr(p, "OFPT_ERROR")); p++) {
        n++;
    }
    assert_in_range(n, 2, 10);
    text_deinit(&s);
    free(msg);
}

/* ---- decode, encode ---- */

static void again_ports(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct ofp_port port;
    enum port_status_reason reason;
    struct port_mod pm;
    uint32_t number;
    size_t start;
    if (h->type == MSG_PORT_STATUS && !port_status_decode(r, h, &reason, &port)) {
        port_status_encode(reason, &port, h->version, h->xid, w);
    } else if (h->type == MSG_PORT_MOD && !port_mod_decode(r, h, &pm)) {
        port_mod_encode(&pm, h->version, h->xid, w);
    } else if (h->type == MSG_PORT_STATS_REQUEST && !port_request_decode(r, h, &number)) {
        port_stats_request_encode(number, h->version, h->xid, w);
    } else if (h->type == MSG_PORT_DESC_REPLY) {
        start = msg_start(w, h->type, h->version, h->xid);
        while (wire_rd_left(r) && !ofp_port_decode(r, h->version, &port)) {
            ofp_port_encode(&port, h->version, w);
        }
        msg_finish(w, start);
    } else if (h->type == MSG_PORT_STATS_REPLY) {
        struct ofp_port_stats stats;
        bool end;
        start = msg_start(w, h->type, h->version, h->xid);
        while (!ofp_port_stats_decode(r, h->version, &stats, &end) && !end) {
            ofp_port_stats_encode(&stats, h->version, w);
        }
        msg_finish(w, start);
    }
}

static void again_switch(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct switch_features f;
    struct switch_config c;
    struct switch_desc d;
    if (h->type == MSG_FEATURES_REPLY && !switch_features_decode(r, h, &f)) {
        switch_features_encode(&f, h->version, h->xid, w);
    } else if ((h->type == MSG_GET_CONFIG_REPLY || h->type == MSG_SET_CONFIG) &&
               !switch_config_decode(r, &c)) {
        switch_config_encode(&c, h->type == MSG_GET_CONFIG_REPLY, h->version, h->xid, w);
    } else if (h->type == MSG_DESC_REPLY && !switch_desc_decode(r, &d)) {
        switch_desc_encode_reply(&d, h->version, h->xid, w);
    } else if (h->type == MSG_TABLE_STATS_REPLY) {
        struct table_stats stats;
        bool end;
        size_t start = msg_start(w, h->type, h->version, h->xid);
        while (!table_stats_decode(r, h->version, &stats, &end) && !end) {
            table_stats_encode(&stats, h->version, w);
        }
        msg_finish(w, start);
    }
}

static void again_flow_stats(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    size_t start = msg_start(w, h->type, h->version, h->xid);
    struct flow_stats fs;
    bool end;
    while (!flow_stats_decode(r, h, &fs, &end) && !end) {
        flow_stats_encode(&fs, h->version, w);
        acts_deinit(&fs.acts);
    }
    msg_finish(w, start);
}

static void again_flows(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    const struct act_limits limits = {.max_ports = 0xff00, .n_tables = OFP_N_TABLES};
    struct flow_mod fm;
    struct flow_removed fr;
    struct flow_stats_request req;
    struct aggregate_stats as;
    struct packet_in pi;
    struct packet_out po;
    if (h->type == MSG_FLOW_MOD && !flow_mod_decode(r, h, &limits, &fm)) {
        flow_mod_encode(&fm, h->version, h->xid, w);
        flow_mod_deinit(&fm);
    } else if (h->type == MSG_FLOW_REMOVED && !flow_removed_decode(r, h, &fr)) {
        flow_removed_encode(&fr, h->version, h->xid, w);
    } else if ((h->type == MSG_FLOW_STATS_REQUEST || h->type == MSG_AGGREGATE_STATS_REQUEST) &&
               !flow_stats_request_decode(r, h, &req)) {
        flow_stats_request_encode(&req, h->version, h->xid, w);
    } else if (h->type == MSG_FLOW_STATS_REPLY) {
        again_flow_stats(r, h, w);
    } else if (h->type == MSG_AGGREGATE_STATS_REPLY && !aggregate_stats_decode(r, &as)) {
        aggregate_stats_encode_reply(&as, h->version, h->xid, w);
    } else if (h->type == MSG_PACKET_IN && !packet_in_decode(r, h, &pi)) {
        packet_in_encode(&pi, h->version, h->xid, w);
    } else if (h->type == MSG_PACKET_OUT && !packet_out_decode(r, h, &limits, &po)) {
        packet_out_encode(&po, h->version, h->xid, w);
        packet_out_deinit(&po);
    }
}

/* The message again as far as it decodes; nothing for those that have no encoder. */
static void decode_and_encode(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct wire_rd body = *r;
    again_ports(&body, h, w);
    again_switch(&body, h, w);
    again_flows(&body, h, w);
}

/* What a decoder drops on purpose (reserved bits, the MORE flag, cookies without mask, reasons that
 * 1.3 lacks): the bytes change, once. */
static bool changes(const char *name)
{
    static const char *const names[] = {"FEATURES_REPLY_aux",
                                        "FM_ADD_mask",
                                        "FM_MOD_cookie0",
                                        "FM_MODS",
                                        "FM_DEL2",
                                        "FM_imp",
                                        "FLOW_REMOVED",
                                        "FLOW_REP_more",
                                        "FLOW_REP_bad",
                                        "FLOW_REQ_f3",
                                        "PORT_DESC_REP_more",
                                        "TABLE_REP_more",
                                        "PACKET_IN_badreason",
                                        "FM_writemeta",
                                        "FLOW_REQ_f"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (!strncmp(name, names[i], strlen(names[i]))) {
            return true;
        }
    }
    return false;
}

static void test_round_trip(void **state)
{
    (void)state;
    int n_same = 0;
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        size_t len;
        uint8_t *msg = sample(i, &len);
        struct wire_rd r;
        wire_rd_init(&r, msg, len);
        struct msg_header h;
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN), w2 = WIRE_WR_INIT(OFP_MAX_LEN);
        if (!msg_decode_header(&r, &h)) {
            decode_and_encode(&r, &h, &w);
        }
        assert_false(w.err);
        if (w.len && !changes(samples[i].name)) {
            if (w.len != len || memcmp(w.data, msg, len)) {
                fail_msg("%s is not the same again", samples[i].name);
            }
            n_same++;
        } else if (w.len) {
            wire_rd_init(&r, w.data, w.len);
            assert_int_equal(msg_decode_header(&r, &h), OFPERR_OK);
            decode_and_encode(&r, &h, &w2);
            assert_int_equal(w2.len, w.len);
            assert_memory_equal(w2.data, w.data, w.len);
        }
        wire_wr_deinit(&w);
        wire_wr_deinit(&w2);
        free(msg);
    }
    assert_true(n_same > 30);
}

/* ---- framing ---- */

static void test_framing(void **state)
{
    (void)state;
    for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION; v++) {
        for (int t = 0; t < MSG_N_TYPES; t++) {
            struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
            size_t start = msg_start(&w, (enum msg_type)t, v, 0x12345678);
            if (!w.err) {
                msg_finish(&w, start);
                struct wire_rd r;
                wire_rd_init(&r, w.data, w.len);
                struct msg_header h;
                enum ofp_error err = msg_decode_header(&r, &h);
                assert_true(!err || err == OFPERR_OFPBRC_BAD_LEN); /* The body is missing. */
                assert_int_equal(h.type, t);
                assert_int_equal(h.version, v);
                assert_int_equal(h.xid, 0x12345678);
                assert_int_equal(wire_rd_left(&r), 0);
            }
            wire_wr_deinit(&w);
        }
    }
}

static const struct {
    const char *hex;
    enum ofp_error error;
} bad_headers[] = {
    {"0400000800000001", OFPERR_OK},
    {"04000008000000", OFPERR_OFPBRC_BAD_LEN},
    {"0400000900000001", OFPERR_OFPBRC_BAD_LEN},
    {"0000000800000001", OFPERR_OFPBRC_BAD_VERSION},
    {"0700000800000001", OFPERR_OFPBRC_BAD_VERSION},
    {"0463000800000001", OFPERR_OFPBRC_BAD_TYPE},
    {"041e000800000001", OFPERR_OFPBRC_BAD_TYPE}, /* ROLE_STATUS is of 1.4. */
    {"0405000900000001aa", OFPERR_OFPBRC_BAD_LEN},
    {"0412000c0000000100010000", OFPERR_OFPBRC_BAD_LEN},
    {"04120010000000010063000000000000", OFPERR_OFPBRC_BAD_STAT},
    {"0412001800000001ffff0000000000000000000100000000", OFPERR_OFPBRC_BAD_VENDOR},
    {"0412001800000001ffff0000000000000000232000000fff", OFPERR_OFPBRC_BAD_SUBTYPE},
    {"04040010000000010000000100000001", OFPERR_OFPBRC_BAD_VENDOR},
    {"0404001000000001000023200000ffff", OFPERR_OFPBRC_BAD_SUBTYPE},
    {"0404000c0000000100002320", OFPERR_OFPBRC_BAD_LEN},
    {"0404000a000000010000", OFPERR_OFPBRC_BAD_LEN},
};

static void test_bad_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad_headers); i++) {
        size_t len;
        uint8_t *msg = text_to_hex(bad_headers[i].hex, &len);
        assert_non_null(msg);
        struct wire_rd r;
        wire_rd_init(&r, msg, len);
        struct msg_header h;
        enum ofp_error err = msg_decode_header(&r, &h);
        assert_string_equal(ofp_error_name(err), ofp_error_name(bad_headers[i].error));
        free(msg);
    }
}

/* ---- replies in several messages ---- */

struct collected {
    int n, n_more;
    size_t entries; /* Bytes. */
    bool last_more;
};

static void collect(void *aux, const void *msg, size_t len)
{
    struct collected *c = aux;
    struct wire_rd r;
    wire_rd_init(&r, msg, len);
    struct msg_header h;
    assert_int_equal(msg_decode_header(&r, &h), OFPERR_OK);
    assert_int_equal(h.xid, 99);
    assert_true(len <= OFP_MAX_LEN);
    c->n++;
    c->last_more = h.mp_flags & OFPMPF_MORE;
    c->n_more += c->last_more;
    c->entries += wire_rd_left(&r);
}

static void test_multipart_reply(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, 2000, 2730, 2731, 10000};
    for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
        struct collected c = {0};
        struct mp_reply mp;
        mp_reply_init(&mp, MSG_TABLE_STATS_REPLY, OFP13_VERSION, 99, collect, &c);
        for (size_t k = 0; k < counts[i]; k++) {
            table_stats_encode(&(struct table_stats){.table_id = (uint8_t)k}, OFP13_VERSION,
                               mp_reply_entry(&mp));
            mp_reply_entry_end(&mp);
        }
        mp_reply_finish(&mp);
        assert_int_equal(c.entries, counts[i] * 24);
        assert_false(c.last_more);
        assert_int_equal(c.n_more, c.n - 1);
        size_t per_message = (OFP_MAX_LEN - 16) / 24;
        assert_int_equal(c.n, MAX(1, DIV_ROUND_UP(counts[i], per_message)));
    }
}

/* An entry that fits no message is left out; those around it arrive. */
static void test_multipart_too_long(void **state)
{
    (void)state;
    static const size_t sizes[] = {112, 112 * 586, 70000, 400000, 112};
    struct collected c = {0};
    struct mp_reply mp;
    mp_reply_init(&mp, MSG_PORT_STATS_REPLY, OFP13_VERSION, 99, collect, &c);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        wire_wr_zeros(mp_reply_entry(&mp), sizes[i]);
        mp_reply_entry_end(&mp);
    }
    mp_reply_finish(&mp);
    assert_int_equal(c.entries, 112 + 112);
    assert_false(c.last_more);
}

static void test_table_features(void **state)
{
    (void)state;
    struct collected c = {0};
    struct mp_reply mp;
    mp_reply_init(&mp, MSG_TABLE_FEATURES_REPLY, OFP13_VERSION, 99, collect, &c);
    for (unsigned i = 0; i < OFP_N_TABLES; i++) {
        struct table_features tf = {.table_id = (uint8_t)i, .n_tables = OFP_N_TABLES};
        table_features_encode(&tf, OFP13_VERSION, mp_reply_entry(&mp));
        mp_reply_entry_end(&mp);
    }
    mp_reply_finish(&mp);
    assert_true(c.n > 1);
    assert_true(c.entries > OFP_N_TABLES * (size_t)1000);
}

/* ---- HELLO ---- */

static const struct {
    const char *hex;
    enum ofp_error error;
    uint32_t versions;
} hellos[] = {
    {"0400000800000001", OFPERR_OK, 0x1e},
    {"0100000800000001", OFPERR_OK, 0x02},
    {"04000010000000010001000800000012", OFPERR_OK, 0x12},
    {"06000010000000010001000800000010", OFPERR_OK, 0x10},
    {"04000010000000010001000200000012", OFPERR_OK, 0x1e}, /* Malformed elements: the header. */
    {"0400001000000001ffff000800000012", OFPERR_OK, 0x1e},
    {"04000010000000010001000800000000", OFPERR_OK, 0x1e},
    {"0400000c0000000100010008", OFPERR_OK, 0x1e},
    {"ff00000800000001", OFPERR_OK, 0xfffffffe},
    {"0000000800000001", OFPERR_OFPBRC_BAD_VERSION, 0},
    {"0405000800000001", OFPERR_OFPBRC_BAD_TYPE, 0},
    {"0400000900000001", OFPERR_OFPBRC_BAD_LEN, 0},
    {"0400", OFPERR_OFPBRC_BAD_LEN, 0},
};

static void test_hello(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(hellos); i++) {
        size_t len;
        uint8_t *msg = text_to_hex(hellos[i].hex, &len);
        assert_non_null(msg);
        uint32_t versions;
        assert_int_equal(hello_decode(msg, len, &versions), hellos[i].error);
        if (!hellos[i].error) {
            assert_int_equal(versions, hellos[i].versions);
        }
        free(msg);
    }
    for (uint32_t set = 2; set < 0x80; set += 2) { /* What we say is understood. */
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
        hello_encode(set, 0, &w);
        uint32_t versions;
        assert_int_equal(hello_decode(w.data, w.len, &versions), OFPERR_OK);
        assert_int_equal(versions, set);
        wire_wr_deinit(&w);
    }
    assert_int_equal(hello_negotiate(0x10, 0x12), 4);
    assert_int_equal(hello_negotiate(0x7e, 0x1e), 4);
    assert_int_equal(hello_negotiate(0x10, 0x20), 0);
    assert_int_equal(hello_negotiate(0x7e, 0xfffffffe), 6);
}

/* ---- frames ---- */

static void test_frames(void **state)
{
    (void)state;
    static const struct {
        const char *hex, *text;
    } frames[] = {
#define FRAME(HEX, TEXT)                  {HEX, TEXT},
#define FRAME_DIFFERS(HEX, OURS, GENUINE) {HEX, OURS},
#include "tests/unit/frame-samples.def"
#undef FRAME
#undef FRAME_DIFFERS
    };
    for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
        size_t len;
        uint8_t *frame = text_to_hex(frames[i].hex, &len);
        struct text s = TEXT_INIT;
        packet_summary(frame, (uint32_t)len, &s);
        assert_string_equal(text_cstr(&s), frames[i].text);
        for (size_t n = 0; n < len; n++) {
            uint8_t *cut = xmemdup(frame, n ? n : 1);
            text_clear(&s);
            packet_summary(cut, (uint32_t)n, &s);
            free(cut);
        }
        text_deinit(&s);
        free(frame);
    }
}

static int write_corpus(const char *dir)
{
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        size_t len;
        uint8_t *msg = text_to_hex(samples[i].hex, &len);
        char *name = xasprintf("%s/%s", dir, samples[i].name);
        FILE *f = fopen(name, "wb");
        bool ok = f && msg && fwrite(msg, 1, len, f) == len;
        ok = f && fclose(f) == 0 && ok;
        if (!ok) {
            perror(name);
        }
        free(name);
        free(msg);
        if (!ok) {
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "--write-corpus")) {
        return write_corpus(argv[2]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_every_row_has_a_sample),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_flipped),
        cmocka_unit_test(test_nested),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_framing),
        cmocka_unit_test(test_bad_headers),
        cmocka_unit_test(test_multipart_reply),
        cmocka_unit_test(test_multipart_too_long),
        cmocka_unit_test(test_table_features),
        cmocka_unit_test(test_hello),
        cmocka_unit_test(test_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
