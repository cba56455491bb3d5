/* bench-codec.c - nanoseconds per message of the OpenFlow codec: FLOW_MOD both ways and from text,
 * PACKET_IN. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/mem.h"
#include "ofp/flow_mod.h"
#include "ofp/packet_io.h"

#define ROUNDS 200000

static const char flow[] =
    "table=3,priority=100,ct_state=+trk+est,tcp,in_port=1,nw_src=10.1.0.0/16,"
    "nw_dst=10.2.3.4,tp_dst=80,reg0=0x5/0xff,"
    "actions=set_field:00:11:22:33:44:55->eth_dst,"
    "load:0x7->NXM_NX_REG1[0..7],ct(commit,zone=5),resubmit(,4)";

static int64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static void report(const char *what, uint8_t version, size_t len, int64_t begin)
{
    printf("codec: %-18s OpenFlow 1.%u, %zu bytes: %.0f ns\n", what, version - 1u, len,
           (double)(now_ns() - begin) / ROUNDS);
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
    report("flow text parse", OFP13_VERSION, strlen(flow), begin);
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
        printf("codec: %-18s OpenFlow 1.%u: none\n", "flow-mod", version - 1u);
        wire_wr_deinit(&w);
        return;
    }
    report("flow-mod encode", version, w.len, begin);

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
    report("flow-mod decode", version, w.len, begin);
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
        report("packet-in encode", version, w.len, begin);
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
