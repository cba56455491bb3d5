/* meter.h - meters: METER_MOD, their configuration, statistics and features; their text.
 *
 * Layer 2, pure.  Bodies only: the reader stands behind the header (msg.h).  OpenFlow 1.3 to 1.5,
 * which do not differ here; sections 7.3.4.4 and 7.3.5.11 to 7.3.5.13 of 1.3.5.  Bands are the
 * structure's, on the heap; the _deinit functions free them. */
#pragma once

#include "ofp/act.h"
#include "ofp/msg.h"

#define OFPM_MAX        UINT32_C(0xffff0000) /* The greatest number of a meter; 0 is none. */
#define OFPM_SLOWPATH   UINT32_C(0xfffffffd)
#define OFPM_CONTROLLER UINT32_C(0xfffffffe)
#define OFPM_ALL        UINT32_C(0xffffffff)

#define OFPMF_KBPS  0x1
#define OFPMF_PKTPS 0x2
#define OFPMF_BURST 0x4
#define OFPMF_STATS 0x8

enum meter_command { MM_ADD, MM_MODIFY, MM_DELETE };
enum meter_band_type { METER_BAND_DROP = 1, METER_BAND_DSCP_REMARK };

struct meter_band {
    uint16_t type;       /* enum meter_band_type */
    uint32_t rate;       /* kbit/s, or packets/s with OFPMF_PKTPS. */
    uint32_t burst_size; /* kbit, or packets; with OFPMF_BURST only. */
    uint8_t prec_level;  /* DSCP_REMARK only. */
};
struct meter {
    uint32_t id;
    uint16_t flags; /* OFPMF_* */
    struct meter_band *bands;
    size_t n_bands;
};
void meter_deinit(struct meter *);

struct meter_mod {
    uint16_t command; /* enum meter_command */
    struct meter meter;
};
/* BAD_COMMAND, BAD_FLAGS for both units, BAD_BAND for types that nobody knows. */
enum ofp_error meter_mod_decode(struct wire_rd *, const struct msg_header *,
                                struct meter_mod *) MUST_USE;
/* What a switch with these features refuses; MM_DELETE is fine with any number. */
struct meter_features;
enum ofp_error meter_mod_check(const struct meter_mod *, const struct meter_features *) MUST_USE;
void meter_mod_encode(const struct meter_mod *, uint8_t version, uint32_t xid, struct wire_wr *);
/* ` ADD meter=1 kbps bands=\n...`; with the map's 'exact', in the words or bytes that read as the
 * same. */
struct name_map;
void meter_mod_format(const struct meter_mod *, const struct name_map *, struct text *);
/* `meter=1 kbps bands=type=drop rate=1000`, or what meter_raw.c says, for 'command'; the text is
 * modified.  NULL, or an error text. */
char *meter_mod_parse(char *text, int command, struct meter_mod *) MUST_USE;

/* METER and METER_CONFIG requests, the number of a meter or OFPM_ALL. */
enum ofp_error meter_request_decode(struct wire_rd *, uint32_t *id) MUST_USE;
void meter_request_encode(enum msg_type, uint32_t id, uint8_t version, uint32_t xid,
                          struct wire_wr *);
void meter_format_id(uint32_t id, char separator, struct text *); /* `meter=all` */

/* METER_CONFIG: the next entry; OFPERR_OK and *end at the end. */
enum ofp_error meter_config_decode(struct wire_rd *, struct meter *, bool *end) MUST_USE;
void meter_config_encode(const struct meter *, struct wire_wr *); /* One entry. */
/* `meter=1 kbps bands=`, then a line for each band. */
void meter_format(const struct meter *, const struct name_map *, struct text *);
/* The usual words alone, and ` ADD `. */
void meter_words(const struct meter *, struct text *);
void meter_command_format(uint16_t command, struct text *);
/* `raw_meter(VERSION,HEX)`, if the text begins with that. */
char *meter_parse_raw(const char *text, int command, struct meter_mod *, bool *is_raw) MUST_USE;

struct meter_band_stats {
    uint64_t n_packets, n_bytes;
};
struct meter_stats {
    uint32_t id, n_flows;
    uint64_t n_packets, n_bytes;
    uint32_t duration_sec, duration_nsec;
    struct meter_band_stats *bands; /* Heap; meter_stats_deinit(). */
    size_t n_bands;
};
void meter_stats_deinit(struct meter_stats *);
enum ofp_error meter_stats_decode(struct wire_rd *, struct meter_stats *, bool *end) MUST_USE;
void meter_stats_encode(const struct meter_stats *, struct wire_wr *); /* One entry. */
void meter_stats_format(const struct meter_stats *, struct text *);

struct meter_features {
    uint32_t max_meters;
    uint32_t band_types;   /* Bit n: enum meter_band_type n. */
    uint32_t capabilities; /* OFPMF_* */
    uint8_t max_bands, max_color;
};
enum ofp_error meter_features_decode(struct wire_rd *, struct meter_features *) MUST_USE;
void meter_features_encode_reply(const struct meter_features *, uint8_t version, uint32_t xid,
                                 struct wire_wr *);
void meter_features_format(const struct meter_features *, struct text *);
