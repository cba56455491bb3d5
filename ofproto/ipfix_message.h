/* ipfix_message.h - IPFIX messages (RFC 7011): templates, records, sequence numbers.
 *
 * Layer 4, pure: times come by argument, messages leave through a callback.  Owner: the control
 * thread.  One object for an exporter, whose targets all get the same messages.
 *
 * Invariants: no message is longer than was asked for, nor has one records of two observation
 * domains; a domain's templates go ahead of its first record, and again each 'template_ms' for as
 * long as it is known.  At most IPFIX_MESSAGE_DOMAINS are: then the one that was not used for
 * longest is forgotten, and begins anew when it is seen again.
 *
 * Which element is where: ipfix_elements.def.  Not here: options templates; SCTP and TCP, where
 * templates would be sent once and be withdrawn. */
#pragma once

#include "lib/hmap.h"
#include "lib/wire.h"
#include "ofproto/ipfix_flow.h"

#define IPFIX_MESSAGE_DOMAINS 256
#define IPFIX_MESSAGE_MIN     512 /* Bytes that a message may always have. */
#define IPFIX_VARIABLE        65535
#define IPFIX_N_TEMPLATES     18

struct ipfix_count {
    uint64_t packets, octets, layer2_octets;
    int64_t start_ms, end_ms; /* Since the epoch. */
    uint16_t tcp_flags;       /* Of all packets together. */
    uint8_t ttl;              /* Of the first. */
};

/* flowEndReason. */
enum ipfix_reason { IPFIX_ACTIVE_TIMEOUT = 2, IPFIX_FORCED_END = 4, IPFIX_LACK_OF_RESOURCES = 5 };

struct ipfix_interface {
    uint32_t ifindex; /* 0: none, or not known. */
    const char *name; /* "": not known. */
};

struct ipfix_record {
    const struct ipfix_flow_key *key;
    const struct ipfix_count *count;
    struct ipfix_interface in, out;
    uint8_t reason; /* enum ipfix_reason */
};

/* Number of the template that has these bits, from 256 on. */
uint16_t ipfix_message_template_id(uint8_t kind);
/* One template record, without the head of its set; 'index' < IPFIX_N_TEMPLATES. */
void ipfix_message_put_template(unsigned index, struct wire_wr *);
/* One data record. */
void ipfix_message_put_record(const struct ipfix_record *, struct wire_wr *);

struct ipfix_domain;

struct ipfix_messages {
    void (*send)(void *aux, const void *data, size_t len);
    void *aux;
    size_t max; /* Bytes of a message; at least IPFIX_MESSAGE_MIN. */
    int64_t template_ms;
    struct hmap domains;
    /* The message being made. */
    struct ipfix_domain *domain; /* NULL: there is none. */
    struct wire_wr w, record;
    size_t set_ofs; /* Of the set that is open; 0: none is. */
    uint16_t set_id;
    uint32_t n_records;
};

void ipfix_messages_init(struct ipfix_messages *, size_t max, int64_t template_ms,
                         void (*send)(void *aux, const void *data, size_t len), void *aux);
void ipfix_messages_deinit(struct ipfix_messages *); /* What is not flushed is lost. */
/* Into the message being made, or a new one; 'now_ms' is monotonic, 'wall_ms' since the epoch. */
void ipfix_messages_put(struct ipfix_messages *, const struct ipfix_record *, int64_t now_ms,
                        int64_t wall_ms);
/* Sends what has been put. */
void ipfix_messages_flush(struct ipfix_messages *, int64_t wall_ms);
/* Templates that are due; when the next are, or INT64_MAX. */
int64_t ipfix_messages_refresh(struct ipfix_messages *, int64_t now_ms, int64_t wall_ms);
