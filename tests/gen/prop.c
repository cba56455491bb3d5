/* prop.c - see prop.h. */
#include "tests/gen/prop.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/flow_mod.h"
#include "tests/unit/msg-again.h"

static bool same_bytes(const struct wire_wr *a, const struct wire_wr *b)
{
    return a->len == b->len && (!a->len || !memcmp(a->data, b->data, a->len));
}

static bool is_bytes(const struct wire_wr *a, const void *b, size_t len)
{
    return a->len == len && (!len || !memcmp(a->data, b, len));
}

static char *differ(const char *what, const struct wire_wr *a, const struct wire_wr *b)
{
    struct text t = TEXT_INIT;

    text_printf(&t, "%s: ", what);
    for (size_t i = 0; i < a->len && i < 2000; i++) {
        text_printf(&t, "%02x", a->data[i]);
    }
    text_puts(&t, " becomes ");
    for (size_t i = 0; i < b->len && i < 2000; i++) {
        text_printf(&t, "%02x", b->data[i]);
    }
    return text_steal(&t);
}

/* What must be printed so that it reads as the same. */
static const struct name_map exact = {.exact = true};
static const struct name_map exact_actions = {.exact = true, .only_actions = true};

/* Values that the reference prints as they are, but does not read: its words for them. */
static bool is_unreadable(const char *error)
{
    static const char *const words[] = {"conntrack helper",
                                        "unknown port",
                                        "invalid reason",
                                        "unknown reason",
                                        "not a valid VLAN",
                                        "must be specified on resubmit",
                                        "duplicate meter instruction",
                                        "support nested action meter",
                                        "Unsupported ns value",
                                        "invalid md_type",
                                        "invalid mask for field",
                                        "Invalid property",
                                        "unsupported truncate port",
                                        "invalid instruction ordering: meter"};

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (strstr(error, words[i])) {
            return true;
        }
    }
    return false;
}

/* ---- matches ---- */

static enum ofp_error decode_match(uint8_t version, const void *data, size_t len, struct match *m)
{
    const struct msg_header h = {.version = version};
    struct wire_rd r;

    wire_rd_init(&r, data, len);
    return match_decode_tlvs(&r, len, &h, true, m, NULL, NULL);
}

/* 'text' is modified. */
static char *parse_match(char *text, struct match *m)
{
    char *key, *value, *error = NULL;

    match_init(m);
    while (!error && text_next_kv(&text, &key, &value)) {
        bool found;
        error = match_parse_item(key, value, NULL, m, &found);
        if (!error && !found) {
            error = xasprintf("unknown keyword %s", key);
        }
    }
    return error;
}

/* What the reference prints in a form that it does not read, or leaves out. */
static bool match_says_less(const struct match *m)
{
    /* Fields of NSH are sent without their prerequisite, but not printed. */
    if (m->flow.key.eth_type != htons(0x894f) &&
        (m->mask.key.nsh_flags || m->mask.key.nsh_mdtype || m->mask.key.nsh_np ||
         m->mask.key.nsh_spi || m->mask.key.nsh_si || m->mask.key.nsh_ttl)) {
        return true;
    }
    for (uint64_t map = m->mask.tun.present; map; map &= map - 1) {
        const struct tun_place *p = &m->tun[__builtin_ctzll(map)];
        if (p->masked && is_all_ones(m->mask.tun.space + p->ofs, p->len)) {
            return true; /* Prints as without a mask. */
        }
    }
    /* Packets are of Ethernet without saying. */
    const struct key *mask = &m->mask.key;
    if (mask->packet_type && !m->flow.key.packet_type && !mask->eth_type && !mask->vlan[0].tci &&
        is_all_zeros(mask->eth_src, 6) && is_all_zeros(mask->eth_dst, 6)) {
        return true;
    }
    return !is_all_zeros(m->mask.key.nsh_c, sizeof m->mask.key.nsh_c) ||
           m->mask.key.tun_gbp_flags || m->mask.key.tun_erspan_ver || m->mask.key.tun_erspan_idx ||
           m->mask.key.tun_erspan_dir || m->mask.key.tun_erspan_hwid ||
           m->mask.key.tun_gtpu_flags || m->mask.key.tun_gtpu_msgtype;
}

/* Without exception. */
static char *match_exact_again(const struct match *m, uint8_t version, const struct wire_wr *w)
{
    struct text t = TEXT_INIT;
    struct wire_wr back = WIRE_WR_INIT(OFP_MAX_LEN);
    struct match again;
    char *wrong = NULL;

    match_format(m, &exact, -1, &t);
    char *copy = xstrdup(text_cstr(&t));
    char *error = parse_match(copy, &again);
    if (error) {
        wrong = xasprintf("prints as `%s', which does not parse: %s", text_cstr(&t), error);
    } else {
        match_encode_tlvs(&again, version, &back);
        if (!same_bytes(w, &back)) {
            char *what = xasprintf("prints exactly as `%s'", text_cstr(&t));
            wrong = differ(what, w, &back);
            free(what);
        }
    }
    free(error);
    free(copy);
    text_deinit(&t);
    wire_wr_deinit(&back);
    return wrong;
}

static char *match_text_again(const struct match *m, uint8_t version, const struct wire_wr *w)
{
    struct text t = TEXT_INIT;
    struct wire_wr back = WIRE_WR_INIT(OFP_MAX_LEN);
    struct match again;
    char *wrong = NULL;

    match_format(m, NULL, -1, &t);
    if (match_says_less(m)) {
        text_deinit(&t);
        return NULL;
    }
    char *copy = xstrdup(text_cstr(&t));
    char *error = parse_match(copy, &again);
    if (error) {
        wrong = is_unreadable(error)
                    ? NULL
                    : xasprintf("prints as `%s', which does not parse: %s", text_cstr(&t), error);
    } else {
        match_encode_tlvs(&again, version, &back);
        if (!same_bytes(w, &back)) {
            char *what = xasprintf("prints as `%s'", text_cstr(&t));
            wrong = differ(what, w, &back);
            free(what);
        }
    }
    free(error);
    free(copy);
    text_deinit(&t);
    wire_wr_deinit(&back);
    return wrong;
}

char *prop_oxm(uint8_t version, const void *data, size_t len, struct prop *p)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN), w2 = WIRE_WR_INIT(OFP_MAX_LEN);
    struct match m, m2;
    char *wrong = NULL;

    *p = (struct prop){.error = decode_match(version, data, len, &m)};
    if (p->error) {
        return NULL;
    }
    match_encode_tlvs(&m, version, &w);
    enum ofp_error error = w.err ? OFPERR_OK : decode_match(version, w.data, w.len, &m2);
    if (w.err) {
        wrong = xstrdup("decodes, but cannot be encoded");
    } else if (error) {
        wrong = differ(ofp_error_name(error), &w, &w);
    } else {
        match_encode_tlvs(&m2, version, &w2);
        if (!same_bytes(&w, &w2)) {
            wrong = differ("not canonical", &w, &w2);
        }
    }
    p->same = is_bytes(&w, data, len);
    wrong = wrong ? wrong : match_text_again(&m2, version, &w);
    wrong = wrong ? wrong : match_exact_again(&m2, version, &w);
    wire_wr_deinit(&w);
    wire_wr_deinit(&w2);
    return wrong;
}

/* ---- actions ---- */

/* Does text say less than the wire, as the reference has it: which of several forms of an action it
 * came in, max_len where it means nothing, flags of ct that nobody knows, the header size of encap,
 * flags of a nat without direction, ranges of one, no bit of in_port, masks of tunnel flags? */
static bool text_says_less(const struct act *list, size_t len)
{
    const struct act *a;

    ACT_FOR_EACH(a, list, len) {
        const void *p = a;
        const struct act_output *o = p;
        const struct act_output_reg *reg = p;
        const struct act_ct *ct = p;
        const struct act_write_actions *w = p;
        const struct act_nat *nat = p;
        const struct act_encap *encap = p;
        const struct act_set_field *sf = p;
        if (a->raw != RAW_NONE ||
            (a->type == ACT_OUTPUT && o->port != OFPP_CONTROLLER && o->max_len) ||
            (a->type == ACT_OUTPUT_REG && reg->max_len != UINT16_MAX) ||
            (a->type == ACT_NAT &&
             (!(nat->flags & (NAT_SRC | NAT_DST)) || (!nat->af && !nat->proto_min) ||
              nat->proto_max || !is_all_zeros(nat->addr_max, sizeof nat->addr_max))) ||
            (a->type == ACT_ENCAP && encap->hdr_size) ||
            a->type == ACT_CONTROLLER || /* May print as a plain output. */
            (a->type == ACT_SET_FIELD && sf->field->id == MF_IN_PORT && /* ANY is a port, too. */
             is_all_zeros(sf->mask.b, sf->field->n_bytes)) ||
            (a->type == ACT_SET_FIELD && sf->field->id == MF_TUN_FLAGS &&
             !is_all_ones(sf->mask.b, sf->field->n_bytes)) ||
            (a->type == ACT_CT &&
             (ct->other_flags || text_says_less(act_ct_nested(ct), ct->nested_len))) ||
            ((a->type == ACT_WRITE_ACTIONS || a->type == ACT_CLONE) &&
             text_says_less(act_write_actions_nested(w), w->nested_len))) {
            return true;
        }
    }
    return false;
}

static bool beyond_field(const struct subfield *s)
{
    return s->field && s->ofs + s->n_bits > s->field->n_bits;
}

static bool imm_beyond_bits(const struct act_learn_spec *s)
{
    return !s->src.field && s->n_bits % 8 && s->imm[0] >> s->n_bits % 8;
}

/* Does a learn name bits that a field has not, none, or a number that has more?  Such learns are
 * printed, as the reference prints them, in words that cannot be read; acts_check() refuses most.
 */
static bool learns_beyond_field(const struct act *list, size_t len)
{
    const struct act *a, *s;

    ACT_FOR_EACH(a, list, len) {
        const void *p = a;
        const struct act_learn *learn = p;
        const struct act_ct *ct = p;
        const struct act_write_actions *w = p;
        if (a->type == ACT_LEARN) {
            if (beyond_field(&learn->result)) {
                return true;
            }
            ACT_FOR_EACH(s, act_learn_specs(learn), learn->nested_len) {
                const struct act_learn_spec *spec = (const void *)s;
                if (!spec->n_bits || beyond_field(&spec->src) || beyond_field(&spec->dst) ||
                    imm_beyond_bits(spec)) {
                    return true;
                }
            }
        } else if ((a->type == ACT_CT && learns_beyond_field(act_ct_nested(ct), ct->nested_len)) ||
                   ((a->type == ACT_WRITE_ACTIONS || a->type == ACT_CLONE) &&
                    learns_beyond_field(act_write_actions_nested(w), w->nested_len))) {
            return true;
        }
    }
    return false;
}

static enum ofp_error decode_acts(bool instructions, uint8_t version, const void *data, size_t len,
                                  struct acts *acts)
{
    const struct msg_header h = {.version = version};
    struct wire_rd r;

    wire_rd_init(&r, data, len);
    return instructions ? acts_decode_instructions(&r, len, &h, acts)
                        : acts_decode_actions(&r, len, &h, acts);
}

static void encode_acts(bool instructions, uint8_t version, const struct acts *acts,
                        struct wire_wr *w)
{
    if (instructions) {
        acts_encode_instructions(acts->data, acts->len, version, w);
    } else {
        acts_encode_actions(acts->data, acts->len, version, w);
    }
}

static char *acts_text_again(bool instructions, uint8_t version, const struct acts *acts,
                             const struct wire_wr *w)
{
    struct text t = TEXT_INIT;
    struct wire_wr back = WIRE_WR_INIT(OFP_MAX_LEN);
    struct acts again = ACTS_INIT;
    char *wrong = NULL;

    acts_format(acts->data, acts->len, NULL, &t);
    char *copy = xstrdup(text_cstr(&t));
    char *error = acts_parse(copy, NULL, true, &again);
    if (error) {
        wrong = is_unreadable(error)
                    ? NULL
                    : xasprintf("prints as `%s', which does not parse: %s", text_cstr(&t), error);
    } else if (!strstr(text_cstr(&t), "dec_ttl()")) { /* Of no controllers: reads as dec_ttl. */
        struct text t2 = TEXT_INIT;
        acts_format(again.data, again.len, NULL, &t2);
        encode_acts(instructions, version, &again, &back);
        if (strcmp(text_cstr(&t), text_cstr(&t2)) != 0) {
            wrong =
                xasprintf("prints as `%s', which prints as `%s'", text_cstr(&t), text_cstr(&t2));
        } else if (!text_says_less(acts->data, acts->len) && !same_bytes(w, &back)) {
            char *what = xasprintf("prints as `%s'", text_cstr(&t));
            wrong = differ(what, w, &back);
            free(what);
        }
        text_deinit(&t2);
    }
    free(error);
    free(copy);
    text_deinit(&t);
    wire_wr_deinit(&back);
    acts_deinit(&again);
    return wrong;
}

/* Without exception. */
static char *acts_exact_again(bool instructions, uint8_t version, const struct acts *acts,
                              const struct wire_wr *w)
{
    struct text t = TEXT_INIT;
    struct wire_wr back = WIRE_WR_INIT(OFP_MAX_LEN);
    struct acts again = ACTS_INIT;
    char *wrong = NULL;

    acts_format(acts->data, acts->len, instructions ? &exact : &exact_actions, &t);
    char *copy = xstrdup(text_cstr(&t));
    char *error = acts_parse(copy, NULL, instructions, &again);
    if (error) {
        wrong = xasprintf("prints exactly as `%s', which does not parse: %s", text_cstr(&t), error);
    } else {
        encode_acts(instructions, version, &again, &back);
        if (!same_bytes(w, &back)) {
            char *what = xasprintf("prints exactly as `%s'", text_cstr(&t));
            wrong = differ(what, w, &back);
            free(what);
        }
    }
    free(error);
    free(copy);
    text_deinit(&t);
    wire_wr_deinit(&back);
    acts_deinit(&again);
    return wrong;
}

char *prop_acts(bool instructions, uint8_t version, const void *data, size_t len, struct prop *p)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN), w2 = WIRE_WR_INIT(OFP_MAX_LEN);
    struct acts acts = ACTS_INIT, acts2 = ACTS_INIT;
    char *wrong = NULL;

    *p = (struct prop){.error = decode_acts(instructions, version, data, len, &acts)};
    if (!p->error && !learns_beyond_field(acts.data, acts.len)) {
        encode_acts(instructions, version, &acts, &w);
        p->same = is_bytes(&w, data, len);
        /* What grows beyond a message cannot be sent. */
        enum ofp_error error =
            w.err ? OFPERR_OK : decode_acts(instructions, version, w.data, w.len, &acts2);
        if (error) {
            wrong = differ(ofp_error_name(error), &w, &w);
        } else if (!w.err) {
            encode_acts(instructions, version, &acts2, &w2);
            wrong = same_bytes(&w, &w2) ? NULL : differ("not canonical", &w, &w2);
            wrong = wrong ? wrong : acts_text_again(instructions, version, &acts2, &w);
            wrong = wrong ? wrong : acts_exact_again(instructions, version, &acts2, &w);
        } else if (len < 8000) {
            wrong = xstrdup("decodes, but cannot be encoded");
        }
    }
    acts_deinit(&acts);
    acts_deinit(&acts2);
    wire_wr_deinit(&w);
    wire_wr_deinit(&w2);
    return wrong;
}

/* ---- messages ---- */

static void message_again(const void *msg, size_t len, struct wire_wr *w)
{
    struct msg_header h;
    struct wire_rd r;

    wire_rd_init(&r, msg, len);
    if (!msg_decode_header(&r, &h)) {
        h.table_in_command = true; /* As printers have it. */
        msg_again(&r, &h, w);
    }
}

/* The first error that the printed message names. */
static enum ofp_error printed_error(const char *text)
{
    static const char head[] = "***decode error: ";
    const char *p = strstr(text, head);
    char name[64];
    enum ofp_error error = OFPERR_OK;

    if (p && sscanf(p + strlen(head), "%63[A-Z0-9_]", name) == 1 &&
        !ofp_error_by_name(name, &error)) {
        return OFPERR_OK;
    }
    return error;
}

char *prop_message(const void *msg, size_t len, struct prop *p)
{
    struct wire_wr w = WIRE_WR_INIT(4 * OFP_MAX_LEN), w2 = WIRE_WR_INIT(4 * OFP_MAX_LEN);
    struct text t = TEXT_INIT;
    char *wrong = NULL;

    msg_print(msg, len, NULL, 2, &t);
    *p = (struct prop){.error = printed_error(text_cstr(&t))};
    message_again(msg, len, &w);
    p->none = !w.len;
    p->same = is_bytes(&w, msg, len);
    if (!t.len || t.s[t.len - 1] != '\n') {
        wrong = xasprintf("prints as `%s'", text_cstr(&t));
    } else if (w.len && !w.err && w.len <= OFP_MAX_LEN) {
        message_again(w.data, w.len, &w2);
        wrong = same_bytes(&w, &w2) ? NULL : differ("not canonical", &w, &w2);
        wrong = wrong ? wrong : prop_mod_text(w.data, w.len);
    }
    text_deinit(&t);
    wire_wr_deinit(&w);
    wire_wr_deinit(&w2);
    return wrong;
}

char *prop_sample(const struct gen_sample *s, struct prop *p)
{
    uint8_t *copy = xmemdup(s->data, s->len ? s->len : 1); /* So that a read behind it shows. */
    char *wrong = s->kind == GEN_OXM ? prop_oxm(s->version, copy, s->len, p)
                  : s->kind == GEN_MESSAGE
                      ? prop_message(copy, s->len, p)
                      : prop_acts(s->kind == GEN_INSTRUCTION, s->version, copy, s->len, p);
    free(copy);
    return wrong;
}

/* ---- text ---- */

/* As much of a flow as text has of its own. */
static void print_flow(const struct flow_mod *fm, const struct name_map *names, struct text *t)
{
    text_printf(t, "cookie=0x%" PRIx64 ",idle_timeout=%u,hard_timeout=%u,",
                fm->new_cookie == UINT64_MAX ? 0 : fm->new_cookie, fm->idle_timeout,
                fm->hard_timeout);
    if (fm->table_id != OFPTT_ALL) {
        text_printf(t, "table=%u,", fm->table_id);
    }
    match_format(&fm->match, names, fm->priority, t);
    text_puts(t, " actions=");
    acts_format(fm->acts.data, fm->acts.len, names, t);
}

/* Printed and read again: must it be the same flow? */
static char *flow_again(const char *text, const struct flow_mod *fm, const struct name_map *names,
                        bool must)
{
    static const uint8_t version = OFP13_VERSION;
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN), w2 = WIRE_WR_INIT(OFP_MAX_LEN);
    struct text t = TEXT_INIT;
    struct flow_mod fm2;
    char *wrong = NULL;

    print_flow(fm, names, &t);
    char *copy = xstrdup(text_cstr(&t));
    char *error = flow_mod_parse(copy, FM_ADD, NULL, &fm2);
    if (error) {
        wrong =
            xasprintf("`%s' prints as `%s', which does not parse: %s", text, text_cstr(&t), error);
    } else {
        match_encode(&fm->match, version, &w);
        acts_encode_instructions(fm->acts.data, fm->acts.len, version, &w);
        match_encode(&fm2.match, version, &w2);
        acts_encode_instructions(fm2.acts.data, fm2.acts.len, version, &w2);
        if (!w.err && must && !same_bytes(&w, &w2)) {
            char *what = xasprintf("`%s' prints as `%s'", text, text_cstr(&t));
            wrong = differ(what, &w, &w2);
            free(what);
        }
        flow_mod_deinit(&fm2);
    }
    free(error);
    free(copy);
    text_deinit(&t);
    wire_wr_deinit(&w);
    wire_wr_deinit(&w2);
    return wrong;
}

/* Text can say what no message may: `nat(dst,random)`, which names no address. */
static bool can_be_sent(const struct flow_mod *fm)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct acts again = ACTS_INIT;

    acts_encode_instructions(fm->acts.data, fm->acts.len, OFP13_VERSION, &w);
    bool can = !w.err && !decode_acts(true, OFP13_VERSION, w.data, w.len, &again);
    struct match m;
    struct wire_rd r;
    w.len = 0;
    match_encode_tlvs(&fm->match, OFP13_VERSION, &w);
    wire_rd_init(&r, w.data, w.len);
    can = can && !w.err &&
          !match_decode_tlvs(&r, w.len, &(struct msg_header){.version = OFP13_VERSION}, false, &m,
                             NULL, NULL);
    acts_deinit(&again);
    wire_wr_deinit(&w);
    return can;
}

char *prop_text(const char *text, char **error)
{
    struct flow_mod fm;
    char *copy = xstrdup(text), *wrong = NULL;

    *error = flow_mod_parse(copy, FM_ADD, NULL, &fm);
    free(copy);
    if (*error) {
        return NULL;
    }
    if (!match_says_less(&fm.match)) {
        wrong = flow_again(text, &fm, NULL, !text_says_less(fm.acts.data, fm.acts.len));
    }
    wrong = wrong ? wrong : flow_again(text, &fm, &exact, can_be_sent(&fm));
    flow_mod_deinit(&fm);
    return wrong;
}
