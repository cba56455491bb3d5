/* act_bundle.c - actions that choose by a hash of the packet: multipath, bundle and bundle_load.
 * Wire and text; see act-private.h. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/act-private.h"

#define MEMBER_TYPE UINT32_C(0x00000002) /* NXM_OF_IN_PORT: members are ports. */
#define MAX_LINKS   65536u
#define DST_MIN     16 /* Bits that bundle_load needs. */

static const char *const hash_names[ACT_N_HASHES] = {
    [ACT_HASH_ETH_SRC] = "eth_src",
    [ACT_HASH_SYMMETRIC_L4] = "symmetric_l4",
    [ACT_HASH_SYMMETRIC_L3L4] = "symmetric_l3l4",
    [ACT_HASH_SYMMETRIC_L3L4_UDP] = "symmetric_l3l4+udp",
    [ACT_HASH_NW_SRC] = "nw_src",
    [ACT_HASH_NW_DST] = "nw_dst",
    [ACT_HASH_SYMMETRIC_L3] = "symmetric_l3",
};
static const char *const multipath_names[] = {"modulo_n", "hash_threshold", "hrw", "iter_hash"};
static const char *const bundle_names[] = {"active_backup", "hrw"};

/* ---- words ---- */

static bool find_name(const char *const names[], size_t n, const char *s, uint16_t *value)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcasecmp(s, names[i])) {
            *value = (uint16_t)i;
            return true;
        }
    }
    return false;
}

static char *parse_fields(const char *s, const char *all, uint16_t *fields_)
{
    return find_name(hash_names, ACT_N_HASHES, s, fields_)
               ? NULL
               : xasprintf("%s: unknown fields `%s'", all, s);
}

static char *parse_basis(const char *s, const char *all, uint16_t *basis)
{
    return text_to_u16(s, basis) ? NULL : xasprintf("%s: invalid basis `%s'", all, s);
}

/* ---- multipath ---- */

/* Can 'dst' tell 'max_link' + 1 links apart? */
static bool links_fit(uint32_t n_bits, uint32_t max_link)
{
    return n_bits >= 16 || max_link < 1u << n_bits;
}

enum ofp_error act_dec_multipath(struct act_decoder *d, const struct act_wire *row UNUSED,
                                 struct wire_rd *r)
{
    struct act_multipath m = {.fields = wire_rd_u16(r)};

    m.basis = wire_rd_u16(r);
    wire_rd_skip(r, 2);
    m.algorithm = wire_rd_u16(r);
    m.max_link = wire_rd_u16(r);
    m.arg = wire_rd_u32(r);
    wire_rd_skip(r, 2);
    uint16_t ofs_nbits = wire_rd_u16(r);
    enum ofp_error error =
        act_decode_subfield4(d, r, ofs_nbits >> 6, (ofs_nbits & 0x3f) + 1u, &m.dst);
    if (error) {
        return error;
    }
    if (m.fields >= ACT_N_HASHES || m.algorithm >= ARRAY_SIZE(multipath_names) ||
        !links_fit(m.dst.n_bits, m.max_link)) {
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    }
    if (m.dst.field->access == ACCESS_RO) {
        return OFPERR_OFPBAC_BAD_SET_ARGUMENT;
    }
    struct act_multipath *a = acts_put(d->out, ACT_MULTIPATH, sizeof *a);
    m.act = a->act;
    *a = m;
    return OFPERR_OK;
}

void act_enc_multipath(const struct act *a, const struct act_wire *row UNUSED,
                       uint8_t version UNUSED, struct wire_wr *w)
{
    const struct act_multipath *m = (const void *)a;

    wire_wr_u16(w, m->fields);
    wire_wr_u16(w, m->basis);
    wire_wr_zeros(w, 2);
    wire_wr_u16(w, m->algorithm);
    wire_wr_u16(w, m->max_link);
    wire_wr_u32(w, m->arg);
    wire_wr_zeros(w, 2);
    wire_wr_u16(w, act_ofs_nbits(&m->dst));
    act_encode_header4(m->dst.field, w);
}

static char *parse_links(const char *s, const char *all, uint16_t *max_link)
{
    uint32_t n;

    if (!text_to_u32(s, &n) || !n || n > MAX_LINKS) {
        return xasprintf("%s: n_links %s is not in valid range 1 to %u", all, s, MAX_LINKS);
    }
    *max_link = (uint16_t)(n - 1);
    return NULL;
}

static char *parse_multipath(char *words[6], const char *all, struct act_multipath *m)
{
    char *error = parse_fields(words[0], all, &m->fields);

    if (!error) {
        error = parse_basis(words[1], all, &m->basis);
    }
    if (!error &&
        !find_name(multipath_names, ARRAY_SIZE(multipath_names), words[2], &m->algorithm)) {
        error = xasprintf("%s: unknown algorithm `%s'", all, words[2]);
    }
    if (!error) {
        error = parse_links(words[3], all, &m->max_link);
    }
    if (!error && !text_to_u32(words[4], &m->arg)) {
        error = xasprintf("%s: invalid arg `%s'", all, words[4]);
    }
    if (!error) {
        error = act_parse_subfield4(words[5], all, &m->dst);
    }
    if (!error && !links_fit(m->dst.n_bits, m->max_link)) {
        error = xasprintf("%s: %" PRIu32 "-bit destination field has %u possible values, less than "
                          "specified n_links %u",
                          all, m->dst.n_bits, 1u << m->dst.n_bits, m->max_link + 1u);
    }
    return error;
}

/* fields,basis,algorithm,n_links,arg,dst */
char *act_parse_multipath(struct act_parser *p, char *arg)
{
    struct act_multipath m = {.fields = 0};
    char *all = xstrdup(arg), *words[6], *save = NULL, *error = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        words[i] = strtok_r(i ? NULL : arg, ", ", &save);
        if (!words[i]) {
            error = xasprintf("%s: not enough arguments to multipath action", all);
            break;
        }
    }
    if (!error) {
        error = parse_multipath(words, all, &m);
    }
    if (!error) {
        struct act_multipath *a = acts_put(p->out, ACT_MULTIPATH, sizeof *a);
        m.act = a->act;
        *a = m;
    }
    free(all);
    return error;
}

void act_format_multipath(const struct act_multipath *m, struct text *t)
{
    text_printf(t, "multipath(%s,%u,%s,%u,%" PRIu32 ",", hash_names[m->fields], m->basis,
                multipath_names[m->algorithm], m->max_link + 1u, m->arg);
    subfield_format(&m->dst, t);
    text_putc(t, ')');
}

/* ---- bundle and bundle_load: wire ---- */

bool act_port_is_member(uint32_t port)
{
    return port < 0xff00 || (port >= OFPP_IN_PORT && port != OFPP_CONTROLLER);
}

static struct act_bundle *put_bundle(struct acts *out, enum act_type type,
                                     const struct act_bundle *b)
{
    struct act_bundle *a = acts_put(out, type, sizeof *a + b->n_members * sizeof a->members[0]);
    struct act act = a->act;

    *a = *b;
    a->act = act;
    return a;
}

/* Where bundle_load stores; the eight bytes are zero in bundle. */
static enum ofp_error decode_bundle_dst(struct act_decoder *d, const struct act_wire *row,
                                        uint16_t ofs_nbits, struct wire_rd *r, struct subfield *dst)
{
    if (row->type == ACT_BUNDLE) {
        const uint8_t *zero = wire_rd_bytes(r, 8);
        return !ofs_nbits && zero && is_all_zeros(zero, 8) ? OFPERR_OK : OFPERR_OFPBAC_BAD_ARGUMENT;
    }
    enum ofp_error error = act_decode_subfield4(d, r, ofs_nbits >> 6, (ofs_nbits & 0x3f) + 1u, dst);
    wire_rd_skip(r, 4);
    if (error) {
        return error;
    }
    return dst->n_bits < DST_MIN             ? OFPERR_OFPBAC_BAD_ARGUMENT
           : dst->field->access == ACCESS_RO ? OFPERR_OFPBAC_BAD_SET_ARGUMENT
                                             : OFPERR_OK;
}

enum ofp_error act_dec_bundle(struct act_decoder *d, const struct act_wire *row, struct wire_rd *r)
{
    struct act_bundle b = {.algorithm = wire_rd_u16(r)};

    b.fields = wire_rd_u16(r);
    b.basis = wire_rd_u16(r);
    uint32_t member_type = wire_rd_u32(r);
    b.n_members = wire_rd_u16(r);
    enum ofp_error error = decode_bundle_dst(d, row, wire_rd_u16(r), r, &b.dst);
    if (!error && (b.algorithm >= ARRAY_SIZE(bundle_names) || b.fields >= ACT_N_HASHES ||
                   member_type != MEMBER_TYPE || b.n_members > BUNDLE_MAX_MEMBERS)) {
        error = OFPERR_OFPBAC_BAD_ARGUMENT;
    }
    if (wire_rd_left(r) < b.n_members * 2u) {
        error = OFPERR_OFPBAC_BAD_LEN;
    }
    if (error) {
        return error;
    }
    struct act_bundle *a = put_bundle(d->out, row->type, &b);
    for (size_t i = 0; i < b.n_members; i++) {
        a->members[i] = port_from_10(wire_rd_u16(r));
        if (!act_port_is_member(a->members[i])) {
            return OFPERR_OFPBAC_BAD_OUT_PORT;
        }
    }
    return OFPERR_OK;
}

void act_enc_bundle(const struct act *a, const struct act_wire *row UNUSED, uint8_t version UNUSED,
                    struct wire_wr *w)
{
    const struct act_bundle *b = (const void *)a;

    wire_wr_u16(w, b->algorithm);
    wire_wr_u16(w, b->fields);
    wire_wr_u16(w, b->basis);
    wire_wr_u32(w, MEMBER_TYPE);
    wire_wr_u16(w, b->n_members);
    if (b->dst.field) {
        wire_wr_u16(w, act_ofs_nbits(&b->dst));
        act_encode_header4(b->dst.field, w);
    } else {
        wire_wr_zeros(w, 6);
    }
    wire_wr_zeros(w, 4);
    for (size_t i = 0; i < b->n_members; i++) {
        wire_wr_u16(w, port_to_10(b->members[i]));
    }
}

/* ---- bundle and bundle_load: text ---- */

static char *parse_bundle(char *const words[6], bool load, const char *all, struct act_bundle *b)
{
    char *error = parse_fields(words[0], all, &b->fields);

    if (!error) {
        error = parse_basis(words[1], all, &b->basis);
    }
    if (!error && !find_name(bundle_names, ARRAY_SIZE(bundle_names), words[2], &b->algorithm)) {
        error = xasprintf("%s: unknown algorithm `%s'", all, words[2]);
    }
    if (!error && strcasecmp(words[3], "ofport")) {
        error = xasprintf("%s: unknown member_type `%s'", all, words[3]);
    }
    if (!error && load) {
        error = act_parse_subfield4(words[4], all, &b->dst);
    }
    return error;
}

/* The ports to the end of the text into 'ports', which has room for all that are allowed. */
static char *parse_members(const struct act_parser *p, char **save, uint32_t *ports, uint16_t *n)
{
    for (char *s; (s = strtok_r(NULL, ", []", save));) {
        if (*n >= BUNDLE_MAX_MEMBERS) {
            return xasprintf("%s: more than %d members", p->word, BUNDLE_MAX_MEMBERS);
        }
        if (!port_parse(s, p->names, &ports[*n])) {
            return xasprintf("%s: bad port number", s);
        }
        ++*n;
    }
    return NULL;
}

/* fields,basis,algorithm,ofport[,dst],members:PORT,... */
char *act_parse_bundle(struct act_parser *p, char *arg)
{
    enum act_type type = act_wires[p->raw].type;
    bool load = type == ACT_BUNDLE_LOAD;
    size_t n_words = load ? 6 : 5;
    struct act_bundle b = {.fields = 0};
    char *all = xstrdup(arg), *words[6] = {NULL}, *save = NULL, *error = NULL;

    for (size_t i = 0; i < n_words; i++) {
        words[i] = strtok_r(i ? NULL : arg, i + 1 == n_words ? ": " : ", ", &save);
    }
    const char *members = words[n_words - 1];
    uint32_t *ports = xzalloc(BUNDLE_MAX_MEMBERS * sizeof *ports);
    if (!members) {
        error = xasprintf("%s: not enough arguments to bundle action", all);
    } else if (strcasecmp(members, "members") && strcasecmp(members, "slaves")) {
        error =
            xasprintf("%s: missing member delimiter, expected `members', got `%s'", all, members);
    } else {
        error = parse_bundle(words, load, all, &b);
    }
    if (!error) {
        error = parse_members(p, &save, ports, &b.n_members);
    }
    if (!error) {
        struct act_bundle *a = put_bundle(p->out, type, &b);
        memcpy(a->members, ports, b.n_members * sizeof *ports);
    }
    free(ports);
    free(all);
    return error;
}

void act_format_bundle(const struct act_bundle *b, const struct name_map *names, struct text *t)
{
    text_printf(t, "%s(%s,%u,%s,ofport,", b->dst.field ? "bundle_load" : "bundle",
                hash_names[b->fields], b->basis, bundle_names[b->algorithm]);
    if (b->dst.field) {
        subfield_format(&b->dst, t);
        text_putc(t, ',');
    }
    text_puts(t, "members:");
    for (size_t i = 0; i < b->n_members; i++) {
        text_puts(t, i ? "," : "");
        port_format(b->members[i], names, t);
    }
    text_putc(t, ')');
}
