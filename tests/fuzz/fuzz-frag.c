/* fuzz-frag.c - libFuzzer target: frames of IP, a length byte ahead of each, one after the other to
 * what puts fragments together; what comes out is cut and put together again. */
#include <string.h>
#include <urcu-qsbr.h>

#include "lib/ct/ct_frag.h"
#include "lib/packet/csum.h"
#include "lib/packet/frag.h"
#include "lib/packet/parse.h"
#include "tests/fuzz/fuzz.h"

static struct ct *ct;

static struct packet *again;

static void emit(void *aux, struct packet *p)
{
    const uint16_t *max = aux;
    struct key key;
    parse_key(p, &key);
    if (p->len - p->l3_ofs > *max) {
        fuzz_expect((char[]){"a fragment larger than allowed"});
    }
    struct packet *whole = ct_frag_take(ct, p, 2, 0);
    if (whole) {
        packet_free(again);
        again = whole;
    }
}

static void check(struct packet *whole)
{
    uint16_t max = whole->frag_max;
    struct frag_info f;
    again = NULL;
    if (frag_parse(whole, &f)) {
        return; /* A fragment within fragments. */
    }
    if (frag_split(whole, NULL, emit, &max) &&
        (!again || again->len != whole->len ||
         memcmp(again->data + 34, whole->data + 34, whole->len - 34))) {
        fuzz_expect((char[]){"cut and put together it is another"});
    }
    packet_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t frame[14 + 256] = {[0] = 2, [6] = 2};
    ct = ct_new(&(struct ct_config){.max_conns = 10, .hash_seed = 1});
    for (size_t at = 0; at < size;) {
        size_t n = data[at++];
        n = n < size - at ? n : size - at;
        memcpy(frame + 14, data + at, n);
        at += n;
        put_be16(frame + 12, n && frame[14] >> 4 == 6 ? 0x86dd : 0x0800);
        if (n >= 20 && frame[14] == 0x45) { /* What the fuzzer cannot guess. */
            put_be16(frame + 24, 0);
            be16 sum = csum(frame + 14, 20);
            memcpy(frame + 24, &sum, 2);
        }
        struct packet *p = packet_new_data(frame, (uint32_t)(14 + n));
        struct key key;
        parse_key(p, &key);
        p = ct_frag_take(ct, p, 1, 0);
        if (p && p->frag_max) {
            check(p);
        }
        packet_free(p);
    }
    ct_free(ct);
    return 0;
}
