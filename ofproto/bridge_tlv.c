/* bridge_tlv.c - which tunnel options are fields of a bridge: its TLV table, for NXT_TLV_TABLE_MOD
 * and NXT_TLV_TABLE_REQUEST.  Decoders of messages from its controllers use it, by way of the
 * message's header (bridge.c).
 *
 * Control thread.  A mapping is in use while a live rule matches the field, or an act of a rule or
 * a group names it; acts elsewhere (continuations, packet-outs) that name a field whose mapping has
 * gone do nothing. */
#include "ofproto/ofproto-private.h"

static const enum ofp_error errors[] = {
    [TLV_OK] = OFPERR_OK,
    [TLV_BAD_COMMAND] = OFPERR_NXTTMFC_BAD_COMMAND,
    [TLV_BAD_OPT_LEN] = OFPERR_NXTTMFC_BAD_OPT_LEN,
    [TLV_BAD_FIELD_IDX] = OFPERR_NXTTMFC_BAD_FIELD_IDX,
    [TLV_TABLE_FULL] = OFPERR_NXTTMFC_TABLE_FULL,
    [TLV_ALREADY_MAPPED] = OFPERR_NXTTMFC_ALREADY_MAPPED,
    [TLV_DUP_ENTRY] = OFPERR_NXTTMFC_DUP_ENTRY,
    [TLV_INVALID_DEL] = OFPERR_NXTTMFC_INVALID_TLV_DEL,
};

enum ofp_error bridge_tlv_change(struct bridge *br, enum tlv_command command,
                                 const struct tlv_mapping *maps, size_t n)
{
    struct tlv_table *new;
    enum tlv_error error =
        tlv_table_change(br->tlvs, command, maps, n, tables_tun_options(br->tables), &new);

    if (!error) {
        tlv_table_unref(br->tlvs);
        br->tlvs = new;
        ofproto_cfg_update(br->ofproto); /* Rules that use it may come with the next message. */
        bridge_keep_tlvs(br, command, maps, n);
    }
    return errors[error];
}
