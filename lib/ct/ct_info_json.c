/* ct_info_json.c - an entry as one line of JSON (RFC 8259), for programs.  Pure text; the wall
 * clock by argument.  Strings in it are our own words or made of letters, digits and signs that
 * need no escape. */
#include "lib/ct/ct_info.h"
#include "lib/packet/ip.h"

static void put_address(const struct ct_tuple *t, const uint8_t *a, struct text *out)
{
    if (t->is_ip6) {
        text_ip6(out, a);
    } else {
        be32 ip;
        memcpy(&ip, a, sizeof ip);
        text_ip4(out, ip);
    }
}

static void put_tuple(const char *name, const struct ct_tuple *t, struct text *out)
{
    text_printf(out, ",\"%s\":{\"src\":\"", name);
    put_address(t, t->src, out);
    text_puts(out, "\",\"dst\":\"");
    put_address(t, t->dst, out);
    if (t->proto == IPPROTO_HDR_ICMP || t->proto == IPPROTO_HDR_ICMP6) {
        text_printf(out, "\",\"id\":%u,\"type\":%u,\"code\":%u", ntohs(t->src_port), t->icmp_type,
                    t->icmp_code);
    } else {
        text_printf(out, "\",\"sport\":%u,\"dport\":%u", ntohs(t->src_port), ntohs(t->dst_port));
    }
}

static void put_name(const char *key, const char *s, struct text *out)
{
    text_printf(out, ",\"%s\":\"", key);
    for (; *s; s++) {
        if (*s >= ' ' && *s < 0x7f && *s != '"' && *s != '\\') {
            text_putc(out, *s);
        }
    }
    text_putc(out, '"');
}

static void put_label(const uint8_t label[16], struct text *out)
{
    int i = 0;
    while (i < 15 && !label[i]) {
        i++;
    }
    text_printf(out, ",\"labels\":\"0x%x", label[i]);
    while (++i < 16) {
        text_printf(out, "%02x", label[i]);
    }
    text_putc(out, '"');
}

void ct_info_json(const struct ct_info *info, int64_t now_ms, int64_t wall_ms, struct text *out)
{
    const char *proto = ct_proto_name(info->orig.proto);
    if (proto) {
        text_printf(out, "{\"proto\":\"%s\"", proto);
    } else {
        text_printf(out, "{\"proto\":%u", info->orig.proto);
    }
    text_printf(out, ",\"zone\":%u", info->zone);
    for (int dir = 0; dir < 2; dir++) {
        put_tuple(dir ? "reply" : "orig", dir ? &info->reply : &info->orig, out);
        text_printf(out, ",\"packets\":%" PRIu64 ",\"bytes\":%" PRIu64 "}", info->packets[dir],
                    info->bytes[dir]);
    }
    text_printf(out, ",\"state\":\"%s\",\"replied\":%s,\"mark\":%" PRIu32, ct_info_state(info),
                ct_info_replied(info) ? "true" : "false", info->mark);
    if (!is_all_zeros(info->label, 16)) {
        put_label(info->label, out);
    }
    if (info->start_ms) { /* Milliseconds since the Epoch. */
        text_printf(out, ",\"start\":%" PRId64, wall_ms - (now_ms - info->start_ms));
    }
    text_printf(out, ",\"timeout\":%" PRId64, MAX(info->timeout_ms, 0) / 1000);
    if (info->helper[0]) {
        put_name("helper", info->helper, out);
    } else if (info->alg == 21 || info->alg == 69) {
        put_name("helper", info->alg == 21 ? "ftp" : "tftp", out);
    }
    text_putc(out, '}');
}
