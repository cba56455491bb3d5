/* bench-codec.c - nanoseconds per message of the OpenFlow codec: FLOW_MOD both ways and from text,
 * PACKET_IN. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/flow_mod.h"
#include "ofp/packet_io.h"
#include "tests/bench/bench.h"

#define ROUNDS 200000

static const char flow[] =
    "table=3,priority=100,ct_state=+trk+est,tcp,in_port=1,nw_src=10.1.0.0/16,"
    "nw_dst=10.2.3.4,tp_dst=80,reg0=0x5/0xff,"
    "actions=set_field:00:11:22:33:44:55->eth_dst,"
    "load:0x7->NXM_NX_REG1[0..7],ct(commit,zone=5),resubmit(,4)";

static void report(const char *what, uint8_t version, int64_t begin)
{
    char name[64];

    snprintf(name, sizeof name, "codec_%s_1.%u", what, version - 1u);
    line(name, (double)(now_ns() - begin) / ROUNDS, "ns");
}

static void parse(struct flow_mod *fm)
{
    char *text = xstrdup(flow);
    char *error = flow_mod_parse(text, FM_ADD, NULL, fm);

    if (error) {
        fprintf(stderr, "bench-codec: %s\n", error);
        exit(1);
    }
    free(text);
}

static void bench_text(void)
{
    struct flow_mod fm;
    int64_t begin = now_ns();

    for (int i = 0; i < ROUNDS; i++) {
        parse(&fm);
        flow_mod_deinit(&fm);
    }
    report("flow_text_parse", OFP13_VERSION, begin);
}

static void bench_flow_mod(uint8_t version)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct flow_mod fm, back;

    parse(&fm);
    int64_t begin = now_ns();
    for (int i = 0; i < ROUNDS; i++) {
        w.len = 0;
        flow_mod_encode(&fm, protocol_plain(version), 0, &w);
    }
    flow_mod_deinit(&fm);
    if (w.err) {
        fprintf(stderr, "bench-codec: OpenFlow 1.%u cannot say this flow\n", version - 1u);
        wire_wr_deinit(&w);
        return;
    }
    report("flow_mod_encode", version, begin);

    begin = now_ns();
    for (int i = 0; i < ROUNDS; i++) {
        struct wire_rd r;
        struct msg_header h;
        wire_rd_init(&r, w.data, w.len);
        if (msg_decode_header(&r, &h) || flow_mod_decode(&r, &h, NULL, &back)) {
            fprintf(stderr, "bench-codec: does not decode\n");
            exit(1);
        }
        flow_mod_deinit(&back);
    }
    report("flow_mod_decode", version, begin);
    wire_wr_deinit(&w);
}

static void bench_packet_in(uint8_t version)
{
    static const uint8_t frame[128];
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct field_value port, ones;
    struct packet_in pi = {.buffer_id = OFP_NO_BUFFER,
                           .total_len = sizeof frame,
                           .reason = PIR_ACTION,
                           .data = frame,
                           .data_len = sizeof frame};

    match_init(&pi.metadata);
    field_value_from_u64(&fields[MF_IN_PORT_OXM], 1, &port);
    field_value_ones(&fields[MF_IN_PORT_OXM], &ones);
    field_set_match(&fields[MF_IN_PORT_OXM], &port, &ones, &pi.metadata);
    int64_t begin = now_ns();
    for (int i = 0; i < ROUNDS; i++) {
        w.len = 0;
        packet_in_encode(&pi, version, PACKET_IN_STANDARD, 0, &w);
    }
    if (!w.err) {
        report("packet_in_encode", version, begin);
    }
    wire_wr_deinit(&w);
}

int main(void)
{
    static const uint8_t versions[] = {OFP10_VERSION, OFP13_VERSION, OFP15_VERSION};

    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        bench_flow_mod(versions[i]);
        bench_packet_in(versions[i]);
    }
    bench_text();
    return 0;
}
