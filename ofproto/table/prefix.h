/* prefix.h - which prefixes of addresses and ports the rules of a classifier match: a lookup that
 * finds no rule in a subtable asks why.
 *
 * Layer 4, pure.  Most rules match a prefix of an address (all of it being the longest prefix), or
 * a port.  A binary trie for each such field has the prefixes of all rules.  One walk with a
 * packet's value tells which lengths can match at all, and how many leading bits that knowledge
 * rests on: a subtable of another length need not be searched, and only those bits go into the mask
 * of the cached flow, not the whole field.  So one cached flow serves many hosts.
 *
 * Invariants:
 * - A prefix is in from before its first rule is published until nobody can look for its last one:
 *   the trie may have more prefixes than a version of the tables, never fewer (but for subtables of
 *   which it has not all, classifier.h).
 * - A node's depth and bits never change; a child is deeper than its parent and has its bits.
 * - A node without rules has two children.
 * - Memory of nodes is given back with the trie, not before: a reader may come to a node that has
 *   gone, or that is another by now.  'n_gone' tells it so, and it takes the answer that is always
 *   right: any length may match, and the whole field was looked at.
 * Threads: one writer; any number of readers, under RCU for the tries themselves.
 * Does not know rules, versions or priorities. */
#pragma once

#include "lib/packet/flow.h"

enum prefix_field { /* Those that have tries. */
#define PREFIX_FIELD(MEMBER) PREFIX_##MEMBER,
                    KEY_PREFIX_MEMBERS(PREFIX_FIELD)
#undef PREFIX_FIELD
                        PREFIX_N_FIELDS
};

#define PREFIX_MAX_BITS 128

struct prefix_trie;

struct prefixes {
    struct prefix_trie *trie[PREFIX_N_FIELDS]; /* RCU; NULL: no rule ever matched the field. */
};

void prefixes_init(struct prefixes *);
void prefixes_deinit(struct prefixes *); /* No reader can be left. */

/* Bits of the field that 'mask' has, if they are leading ones: 1 to 128.  0: none, or others. */
unsigned prefix_of_mask(enum prefix_field, const struct flow *mask);
/* The word of struct flow that the field begins in, and its first byte there. */
unsigned prefix_word(enum prefix_field, unsigned *byte);

/* Writer.  'value': at least the bytes that 'n_bits' lie in. */
void prefixes_add(struct prefixes *, enum prefix_field, const uint8_t *value, unsigned n_bits);
/* Of one that was added. */
void prefixes_remove(struct prefixes *, enum prefix_field, const uint8_t *value, unsigned n_bits);

/* What is known of one flow, as far as it was asked; zeroed at the start of a lookup. */
struct prefix_seen {
    bool known;
    uint8_t n_bits;                      /* What the knowledge rests on. */
    uint64_t lens[PREFIX_MAX_BITS / 64]; /* Bit N - 1: a prefix of N bits matches. */
};
struct prefix_lookup {
    const struct prefixes *prefixes;
    const struct flow *flow;
    struct prefix_seen seen[PREFIX_N_FIELDS];
};

/* True: no rule with 'n_bits' of the field can match.  False: one may.  The bits that say so are
 * added to 'wc' (NULL: not wanted) either way: another flow that agrees in them gets the same
 * answer. */
bool prefix_excludes(struct prefix_lookup *, enum prefix_field, unsigned n_bits, struct flow *wc);
