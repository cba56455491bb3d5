/* kct_info.c - see kct_info.h. */
#include "lib/dp/kernel/kct_info.h"

#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "lib/dp/kernel/nlkey.h"
#include "lib/packet/ip.h"

#define IPPROTO_HDR_DCCP 33
#define IPPROTO_HDR_GRE  47

/* ---- integers ---- */

static void get_bytes(struct nlrd *r, void *to, size_t n)
{
    if (r->n == n) {
        memcpy(to, r->data, n);
    } else {
        r->err = true;
    }
}

static uint32_t get_u32(struct nlrd *r)
{
    return ntohl(nlrd_u32(r));
}

static uint64_t get_u64(struct nlrd *r)
{
    return be64toh(nlrd_u64(r));
}

/* ---- tuples ---- */

static bool get_ip(const struct nlrd *attr, struct ct_tuple *t)
{
    struct nlrd r;

    nlrd_init(&r, attr->data, attr->n);
    while (nlrd_next(&r)) {
        switch (r.type) {
        case CTA_IP_V4_SRC:
            get_bytes(&r, t->src, 4);
            break;
        case CTA_IP_V4_DST:
            get_bytes(&r, t->dst, 4);
            break;
        case CTA_IP_V6_SRC:
            get_bytes(&r, t->src, 16);
            t->is_ip6 = true;
            break;
        case CTA_IP_V6_DST:
            get_bytes(&r, t->dst, 16);
            t->is_ip6 = true;
            break;
        default:
            break;
        }
    }
    return !r.err;
}

static bool get_proto(const struct nlrd *attr, struct ct_tuple *t)
{
    struct nlrd r;

    nlrd_init(&r, attr->data, attr->n);
    while (nlrd_next(&r)) {
        switch (r.type) {
        case CTA_PROTO_NUM:
            t->proto = nlrd_u8(&r);
            break;
        case CTA_PROTO_SRC_PORT:
            t->src_port = nlrd_u16(&r);
            break;
        case CTA_PROTO_DST_PORT:
            t->dst_port = nlrd_u16(&r);
            break;
        case CTA_PROTO_ICMP_ID:
        case CTA_PROTO_ICMPV6_ID:
            t->src_port = t->dst_port = nlrd_u16(&r);
            break;
        case CTA_PROTO_ICMP_TYPE:
        case CTA_PROTO_ICMPV6_TYPE:
            t->icmp_type = nlrd_u8(&r);
            break;
        case CTA_PROTO_ICMP_CODE:
        case CTA_PROTO_ICMPV6_CODE:
            t->icmp_code = nlrd_u8(&r);
            break;
        default:
            break;
        }
    }
    return !r.err;
}

static bool get_tuple(const struct nlrd *attr, struct ct_tuple *t)
{
    struct nlrd r;
    unsigned seen = 0;
    bool ok = true;

    nlrd_init(&r, attr->data, attr->n);
    while (ok && nlrd_next(&r)) {
        if (r.type == CTA_TUPLE_IP) {
            ok = get_ip(&r, t);
            seen |= 1;
        } else if (r.type == CTA_TUPLE_PROTO) {
            ok = get_proto(&r, t);
            seen |= 2;
        }
    }
    return ok && !r.err && seen == 3;
}

/* ---- the state of protocols ---- */

/* The kernel has one state a connection, in words of its own. */
static uint8_t tcp_state(uint8_t state)
{
    static const uint8_t states[] = {
        [TCP_CONNTRACK_NONE] = CT_TCP_CLOSED,
        [TCP_CONNTRACK_SYN_SENT] = CT_TCP_SYN_SENT,
        [TCP_CONNTRACK_SYN_RECV] = CT_TCP_SYN_RECV,
        [TCP_CONNTRACK_ESTABLISHED] = CT_TCP_ESTABLISHED,
        [TCP_CONNTRACK_FIN_WAIT] = CT_TCP_FIN_WAIT_1,
        [TCP_CONNTRACK_CLOSE_WAIT] = CT_TCP_CLOSE_WAIT,
        [TCP_CONNTRACK_LAST_ACK] = CT_TCP_LAST_ACK,
        [TCP_CONNTRACK_TIME_WAIT] = CT_TCP_TIME_WAIT,
        [TCP_CONNTRACK_CLOSE] = CT_TCP_CLOSING,
        [TCP_CONNTRACK_SYN_SENT2] = CT_TCP_SYN_SENT,
    };
    return state < ARRAY_SIZE(states) ? states[state] : CT_TCP_CLOSED;
}

static uint8_t get_tcp_flags(struct nlrd *r)
{
    struct nf_ct_tcp_flags flags = {0};

    get_bytes(r, &flags, sizeof flags);
    return flags.flags;
}

static bool get_tcp(const struct nlrd *attr, struct ct_info *info)
{
    struct nlrd r;

    nlrd_init(&r, attr->data, attr->n);
    while (nlrd_next(&r)) {
        switch (r.type) {
        case CTA_PROTOINFO_TCP_STATE:
            info->tcp_state[0] = info->tcp_state[1] = tcp_state(nlrd_u8(&r));
            break;
        case CTA_PROTOINFO_TCP_WSCALE_ORIGINAL:
            info->tcp_wscale[0] = nlrd_u8(&r);
            break;
        case CTA_PROTOINFO_TCP_WSCALE_REPLY:
            info->tcp_wscale[1] = nlrd_u8(&r);
            break;
        case CTA_PROTOINFO_TCP_FLAGS_ORIGINAL:
            info->tcp_flags[0] = get_tcp_flags(&r);
            break;
        case CTA_PROTOINFO_TCP_FLAGS_REPLY:
            info->tcp_flags[1] = get_tcp_flags(&r);
            break;
        default:
            break;
        }
    }
    return !r.err;
}

static bool get_sctp(const struct nlrd *attr, struct ct_info *info)
{
    struct nlrd r;

    info->has_sctp = true;
    nlrd_init(&r, attr->data, attr->n);
    while (nlrd_next(&r)) {
        if (r.type == CTA_PROTOINFO_SCTP_STATE) {
            uint8_t state = nlrd_u8(&r);
            info->sctp_state = state ? state - 1 : 0; /* None, closed, and so on. */
        } else if (r.type == CTA_PROTOINFO_SCTP_VTAG_ORIGINAL) {
            info->sctp_vtag[0] = nlrd_u32(&r); /* Big endian, but peers print it as it is. */
        } else if (r.type == CTA_PROTOINFO_SCTP_VTAG_REPLY) {
            info->sctp_vtag[1] = nlrd_u32(&r);
        }
    }
    return !r.err;
}

static bool get_protoinfo(const struct nlrd *attr, struct ct_info *info)
{
    struct nlrd r;
    bool ok = true;

    nlrd_init(&r, attr->data, attr->n);
    while (ok && nlrd_next(&r)) {
        ok = r.type == CTA_PROTOINFO_TCP    ? get_tcp(&r, info)
             : r.type == CTA_PROTOINFO_SCTP ? get_sctp(&r, info)
                                            : true;
    }
    return ok && !r.err;
}

/* ---- the rest ---- */

static bool get_counters(const struct nlrd *attr, uint64_t *packets, uint64_t *bytes)
{
    struct nlrd r;

    nlrd_init(&r, attr->data, attr->n);
    while (nlrd_next(&r)) {
        if (r.type == CTA_COUNTERS_PACKETS) {
            *packets = get_u64(&r);
        } else if (r.type == CTA_COUNTERS_BYTES) {
            *bytes = get_u64(&r);
        }
    }
    return !r.err;
}

/* Nanoseconds of the wall clock. */
static bool get_start(const struct nlrd *attr, int64_t *start_ms)
{
    struct nlrd r;

    nlrd_init(&r, attr->data, attr->n);
    while (nlrd_next(&r)) {
        if (r.type == CTA_TIMESTAMP_START) {
            *start_ms = (int64_t)(get_u64(&r) / 1000000);
        }
    }
    return !r.err;
}

static bool get_helper(const struct nlrd *attr, char helper[17])
{
    struct nlrd r;

    nlrd_init(&r, attr->data, attr->n);
    while (nlrd_next(&r)) {
        if (r.type == CTA_HELP_NAME) {
            size_t n = MIN((size_t)r.n, (size_t)16);
            memcpy(helper, r.data, n);
            helper[n] = '\0';
        }
    }
    return !r.err;
}

/* The kernel's are one long integer of its own byte order. */
static void get_labels(const struct nlrd *r, uint8_t label[16])
{
    uint8_t whole[16] = {0};

    memcpy(whole, r->data, MIN((size_t)r->n, sizeof whole));
    nlkey_label(label, whole);
}

struct parse {
    struct ct_info *info;
    int64_t start_ms;
    unsigned tuples;
};

static bool get_part(struct nlrd *r, struct parse *p)
{
    struct ct_info *info = p->info;

    switch (r->type) {
    case CTA_TUPLE_ORIG:
        p->tuples |= 1;
        return get_tuple(r, &info->orig);
    case CTA_TUPLE_REPLY:
        p->tuples |= 2;
        return get_tuple(r, &info->reply);
    case CTA_TUPLE_MASTER:
        info->has_parent = true;
        return get_tuple(r, &info->parent);
    case CTA_PROTOINFO:
        return get_protoinfo(r, info);
    case CTA_COUNTERS_ORIG:
        return get_counters(r, &info->packets[0], &info->bytes[0]);
    case CTA_COUNTERS_REPLY:
        return get_counters(r, &info->packets[1], &info->bytes[1]);
    case CTA_TIMESTAMP:
        return get_start(r, &p->start_ms);
    case CTA_HELP:
        return get_helper(r, info->helper);
    case CTA_LABELS:
        get_labels(r, info->label);
        return true;
    case CTA_STATUS:
        info->status = get_u32(r);
        break;
    case CTA_ID:
        info->id = get_u32(r);
        break;
    case CTA_MARK:
        info->mark = get_u32(r);
        break;
    case CTA_TIMEOUT:
        info->timeout_ms = (int64_t)get_u32(r) * 1000;
        break;
    case CTA_ZONE:
        info->zone = ntohs(nlrd_u16(r));
        break;
    default:
        break;
    }
    return !r->err;
}

bool kct_info_get(const void *attrs, size_t n, int64_t now_ms, int64_t wall_ms,
                  struct ct_info *info)
{
    struct parse p = {.info = info};
    struct nlrd r;
    bool ok = true;

    memset(info, 0, sizeof *info);
    nlrd_init(&r, attrs, n);
    while (ok && nlrd_next(&r)) {
        ok = get_part(&r, &p);
    }
    if (p.start_ms) {
        info->start_ms = now_ms - (wall_ms - p.start_ms);
    }
    return ok && !r.err && p.tuples == 3 && info->orig.is_ip6 == info->reply.is_ip6;
}

/* ---- to the kernel ---- */

static bool has_ports(uint8_t proto)
{
    return proto == IPPROTO_HDR_TCP || proto == IPPROTO_HDR_UDP || proto == IPPROTO_HDR_SCTP ||
           proto == IPPROTO_HDR_DCCP || proto == IPPROTO_HDR_UDPLITE || proto == IPPROTO_HDR_GRE;
}

static void put_proto(const struct ct_tuple *t, struct nlwr *w)
{
    nlwr_put_u8(w, CTA_PROTO_NUM, t->proto);
    if (t->proto == IPPROTO_HDR_ICMP) {
        nlwr_put_u16(w, CTA_PROTO_ICMP_ID, t->src_port);
        nlwr_put_u8(w, CTA_PROTO_ICMP_TYPE, t->icmp_type);
        nlwr_put_u8(w, CTA_PROTO_ICMP_CODE, t->icmp_code);
    } else if (t->proto == IPPROTO_HDR_ICMP6) {
        nlwr_put_u16(w, CTA_PROTO_ICMPV6_ID, t->src_port);
        nlwr_put_u8(w, CTA_PROTO_ICMPV6_TYPE, t->icmp_type);
        nlwr_put_u8(w, CTA_PROTO_ICMPV6_CODE, t->icmp_code);
    } else if (has_ports(t->proto)) {
        nlwr_put_u16(w, CTA_PROTO_SRC_PORT, t->src_port);
        nlwr_put_u16(w, CTA_PROTO_DST_PORT, t->dst_port);
    }
}

void kct_info_put_name(const struct ct_info *info, struct nlwr *w)
{
    const struct ct_tuple *t = &info->orig;
    size_t tuple = nlwr_nest(w, CTA_TUPLE_ORIG | NLA_F_NESTED);
    size_t part = nlwr_nest(w, CTA_TUPLE_IP | NLA_F_NESTED);

    nlwr_put_data(w, t->is_ip6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, t->src, t->is_ip6 ? 16 : 4);
    nlwr_put_data(w, t->is_ip6 ? CTA_IP_V6_DST : CTA_IP_V4_DST, t->dst, t->is_ip6 ? 16 : 4);
    nlwr_end(w, part);
    part = nlwr_nest(w, CTA_TUPLE_PROTO | NLA_F_NESTED);
    put_proto(t, w);
    nlwr_end(w, part);
    nlwr_end(w, tuple);
    nlwr_put_u16(w, CTA_ZONE, htons(info->zone));
    nlwr_put_u32(w, CTA_ID, htonl(info->id));
}
