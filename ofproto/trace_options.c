/* trace_options.c - see trace.h: tunnel options of traced packets, between the fields that a
 * bridge's TLV table makes of them and what stands in keys.  RFC 8926 section 3.5. */
#include <stdlib.h>

#include "lib/mem.h"
#include "lib/packet/geneve_opt.h"
#include "lib/packet/tlv_table.h"
#include "ofproto/ofproto-private.h"
#include "ofproto/trace.h"

char *trace_put_options(const struct bridge *br, const struct match *m, struct key *to)
{
    for (uint64_t map = m->mask.tun.present; map; map &= map - 1) {
        const unsigned index = (unsigned)__builtin_ctzll(map);
        const struct tlv_mapping *tlv = tlv_table_get(br->tlvs, index);
        const struct tun_place *place = &m->tun[index];
        uint8_t value[TUN_OPTION_MAX] = {0};

        if (!tlv) {
            return xasprintf("tun_metadata%u: bridge %s maps no tunnel option to it; add one with "
                             "sluice-ofctl add-tlv-map",
                             index, br->name);
        }
        if (place->len > tlv->len) {
            return xasprintf("tun_metadata%u: %u bytes, but the option that bridge %s maps to it "
                             "has %u",
                             index, place->len, br->name, tlv->len);
        }
        memcpy(value + tlv->len - place->len, m->flow.tun.space + place->ofs, place->len);
        unsigned n = geneve_opt_put(to->tun_opt, to->tun_opt_len, KEY_TUN_OPT_MAX,
                                    &(struct geneve_opt){.class = tlv->option_class,
                                                         .type = tlv->option_type,
                                                         .len = tlv->len,
                                                         .value = value});
        if (!n) {
            return xasprintf("tun_metadata%u: a packet has room for %d bytes of tunnel options",
                             index, KEY_TUN_OPT_MAX);
        }
        to->tun_opt_len = (uint8_t)n;
    }
    return NULL;
}

void trace_show_options(const struct bridge *br, const struct key *key, const struct key *mask,
                        struct match *m)
{
    struct geneve_opt o;
    unsigned ofs = 0;

    while (geneve_opt_next(key->tun_opt, key->tun_opt_len, &ofs, &o)) {
        const struct tlv_mapping *tlv = tlv_table_find(br->tlvs, o.class, o.type);
        const uint8_t *bits = mask->tun_opt + o.ofs;
        if (tlv && tlv->len == o.len && !is_all_zeros(bits, GENEVE_OPT_HEADER)) {
            bits += GENEVE_OPT_HEADER;
            /* What comes twice is one field: the first is shown. */
            if (!match_put_tun(m, tlv->index, TUN_PACKED, o.len, o.value,
                               is_all_ones(bits, o.len) ? NULL : bits)) {
                continue;
            }
        }
    }
}
