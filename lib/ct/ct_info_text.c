/* ct_info_text.c - an entry as dump-conntrack prints it.  Pure text; the wall clock by argument. */
#include <time.h>

#include "lib/ct/ct-private.h"
#include "lib/packet/ip.h"

static const char *const tcp_states[] = {
    "CLOSED",     "LISTEN",  "SYN_SENT", "SYN_RECV",   "ESTABLISHED", "CLOSE_WAIT",
    "FIN_WAIT_1", "CLOSING", "LAST_ACK", "FIN_WAIT_2", "TIME_WAIT",
};
_Static_assert(ARRAY_SIZE(tcp_states) == CT_TCP_TIME_WAIT + 1, "one name a state");

static const char *const tcp_flag_names[] = {"WINDOW_SCALE", "SACK_PERM",           "CLOSE_INIT",
                                             "BE_LIBERAL",   "DATA_UNACKNOWLEDGED", "MAXACK_SET"};

static const char *const protos[256] = {
    [1] = "icmp",  [2] = "igmp",    [6] = "tcp",    [17] = "udp",
    [33] = "dccp", [58] = "icmpv6", [132] = "sctp", [136] = "udplite",
};

const char *ct_tcp_state_name(uint8_t state)
{
    return state < ARRAY_SIZE(tcp_states) ? tcp_states[state] : "?";
}

const char *ct_proto_name(uint8_t proto)
{
    return protos[proto];
}

bool ct_proto_parse(const char *s, uint8_t *proto)
{
    for (int i = 0; i < 256; i++) {
        if (protos[i] && !strcmp(protos[i], s)) {
            *proto = (uint8_t)i;
            return true;
        }
    }
    return text_to_u8(s, proto);
}

void ct_info_put_tuple(const struct ct_tuple *t, struct text *out)
{
    text_puts(out, "src=");
    for (int i = 0; i < 2; i++) {
        const uint8_t *a = i ? t->dst : t->src;
        if (t->is_ip6) {
            text_ip6(out, a);
        } else {
            be32 ip;
            memcpy(&ip, a, sizeof ip);
            text_ip4(out, ip);
        }
        text_puts(out, i ? "" : ",dst=");
    }
    if (t->proto == IPPROTO_HDR_ICMP || t->proto == IPPROTO_HDR_ICMP6) {
        text_printf(out, ",id=%u,type=%u,code=%u", ntohs(t->src_port), t->icmp_type, t->icmp_code);
    } else {
        text_printf(out, ",sport=%u,dport=%u", ntohs(t->src_port), ntohs(t->dst_port));
    }
}

static void put_counts(uint64_t packets, uint64_t bytes, struct text *out)
{
    if (packets) {
        text_printf(out, ",packets=%" PRIu64 ",bytes=%" PRIu64, packets, bytes);
    }
}

static void put_time(int64_t wall_ms, struct text *out)
{
    time_t s = (time_t)(wall_ms / 1000);
    struct tm tm;
    char buf[32] = "";
    if (gmtime_r(&s, &tm)) {
        strftime(buf, sizeof buf, "%Y-%m-%dT%H:%M:%S", &tm);
    }
    text_printf(out, ",start=%s.%03d", buf, (int)(wall_ms % 1000));
}

/* The further of its ends. */
uint8_t ct_info_tcp_state(const struct ct_info *info)
{
    uint8_t s = MAX(info->tcp_state[0], info->tcp_state[1]);
    return s == CT_TCP_FIN_WAIT_2 ? CT_TCP_TIME_WAIT
           : s == CT_TCP_SYN_RECV ? CT_TCP_ESTABLISHED
                                  : s;
}

static void put_state(uint8_t s, struct text *out)
{
    if (s < ARRAY_SIZE(tcp_states)) {
        text_puts(out, tcp_states[s]);
    } else {
        text_printf(out, "%u", s);
    }
}

static void put_tcp_flags(uint8_t flags, struct text *out)
{
    if (!flags) {
        text_putc(out, '0');
    }
    for (size_t i = 0; i < ARRAY_SIZE(tcp_flag_names); i++) {
        if (flags & BIT(i)) {
            text_printf(out, "%s%s", tcp_flag_names[i], flags >> (i + 1) ? "|" : "");
        }
    }
}

static void put_tcp(const struct ct_info *info, bool more, struct text *out)
{
    if (!more) {
        text_puts(out, ",protoinfo=(state=");
        put_state(ct_info_tcp_state(info), out);
        text_putc(out, ')');
        return;
    }
    text_puts(out, ",protoinfo=(state_orig=");
    put_state(info->tcp_state[0], out);
    text_puts(out, ",state_reply=");
    put_state(info->tcp_state[1], out);
    if (info->tcp_wscale[0] || info->tcp_wscale[1]) {
        text_printf(out, ",wscale_orig=%u,wscale_reply=%u", info->tcp_wscale[0],
                    info->tcp_wscale[1]);
    }
    text_puts(out, ",flags_orig=");
    put_tcp_flags(info->tcp_flags[0], out);
    text_puts(out, ",flags_reply=");
    put_tcp_flags(info->tcp_flags[1], out);
    text_putc(out, ')');
}

static const char *const sctp_states[] = {
    "CLOSED",        "COOKIE_WAIT",       "COOKIE_ECHOED",  "ESTABLISHED",     "SHUTDOWN_SENT",
    "SHUTDOWN_RECD", "SHUTDOWN_ACK_SENT", "HEARTBEAT_SENT", "HEARTBEAT_ACKED",
};

static void put_sctp(const struct ct_info *info, struct text *out)
{
    text_puts(out, ",protoinfo=(state=");
    if (info->sctp_state < ARRAY_SIZE(sctp_states)) {
        text_puts(out, sctp_states[info->sctp_state]);
    } else {
        text_printf(out, "%u", info->sctp_state);
    }
    text_printf(out, ",vtag_orig=%" PRIu32 ",vtag_reply=%" PRIu32 ")", info->sctp_vtag[0],
                info->sctp_vtag[1]);
}

bool ct_info_replied(const struct ct_info *info)
{
    return info->seen_reply || info->status & BIT(1); /* The kernel's SEEN_REPLY. */
}

static const char *const replied_names[] = {"UNREPLIED", "REPLIED"};

const char *ct_info_state(const struct ct_info *info)
{
    if (info->orig.proto == IPPROTO_HDR_TCP) {
        return ct_tcp_state_name(ct_info_tcp_state(info));
    }
    return info->has_sctp && info->sctp_state < ARRAY_SIZE(sctp_states)
               ? sctp_states[info->sctp_state]
               : replied_names[ct_info_replied(info)];
}

static const char *find_name(const char *const *names, size_t n, const char *s)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(names[i], s)) {
            return names[i];
        }
    }
    return NULL;
}

const char *ct_state_parse(const char *s)
{
    const char *name = find_name(tcp_states, ARRAY_SIZE(tcp_states), s);
    name = name ? name : find_name(sctp_states, ARRAY_SIZE(sctp_states), s);
    return name ? name : find_name(replied_names, ARRAY_SIZE(replied_names), s);
}

/* Bits of the kernel's status. */
static const char *const status_names[] = {
    "EXPECTED",      "SEEN_REPLY", "ASSURED",      "CONFIRMED",    "SRC_NAT",
    "DST_NAT",       "SEQ_ADJUST", "SRC_NAT_DONE", "DST_NAT_DONE", "DYING",
    "FIXED_TIMEOUT", "TEMPLATE",   "UNTRACKED",
};

static void put_status(uint32_t status, struct text *out)
{
    const char *sep = "";

    text_puts(out, status ? ",status=" : ",status=0");
    for (size_t i = 0; i < ARRAY_SIZE(status_names); i++) {
        if (status & BIT(i)) {
            text_printf(out, "%s%s", sep, status_names[i]);
            sep = "|";
        }
    }
}

static void put_label(const uint8_t label[16], struct text *out)
{
    int i = 0;
    while (i < 15 && !label[i]) {
        i++;
    }
    text_printf(out, ",labels=0x%x", label[i]);
    while (++i < 16) {
        text_printf(out, "%02x", label[i]);
    }
}

void ct_info_put_mark(uint32_t mark, const uint8_t label[16], struct text *out)
{
    if (mark) {
        text_printf(out, ",mark=%" PRIu32, mark);
    }
    if (!is_all_zeros(label, 16)) {
        put_label(label, out);
    }
}

void ct_info_format(const struct ct_info *info, bool more, bool stats, int64_t now_ms,
                    int64_t wall_ms, struct text *out)
{
    if (protos[info->orig.proto]) {
        text_puts(out, protos[info->orig.proto]);
    } else {
        text_printf(out, "%u", info->orig.proto);
    }
    text_puts(out, ",orig=(");
    ct_info_put_tuple(&info->orig, out);
    put_counts(stats ? info->packets[0] : 0, info->bytes[0], out);
    text_puts(out, "),reply=(");
    ct_info_put_tuple(&info->reply, out);
    put_counts(stats ? info->packets[1] : 0, info->bytes[1], out);
    text_putc(out, ')');
    if (stats && info->start_ms) {
        put_time(wall_ms - (now_ms - info->start_ms), out);
    }
    if (more) {
        text_printf(out, ",id=%" PRIu32, info->id); /* 0 of ours, as the peers' have it. */
    }
    if (info->zone) {
        text_printf(out, ",zone=%u", info->zone);
    }
    if (more) {
        put_status(info->status, out);
    }
    if (stats) {
        text_printf(out, ",timeout=%" PRId64, MAX(info->timeout_ms, 0) / 1000);
    }
    ct_info_put_mark(info->mark, info->label, out);
    if (info->orig.proto == IPPROTO_HDR_TCP) {
        put_tcp(info, more, out);
    } else if (info->has_sctp) {
        put_sctp(info, out);
    }
    if (info->helper[0]) {
        text_printf(out, ",helper=%s", info->helper);
    } else if (info->alg) {
        text_printf(out, ",helper=%s", info->alg == 21 ? "ftp" : info->alg == 69 ? "tftp" : "");
    }
    if (more && info->has_parent) {
        text_puts(out, ",parent=(");
        ct_info_put_tuple(&info->parent, out);
        text_putc(out, ')');
    }
}
