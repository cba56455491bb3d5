/* fake-ports.h - the kernel's vports, as fake-kernel.h plays them (and includes this). */
#pragma once

static void fk_tell_port(const struct nlmsghdr *req, unsigned i)
{
    _Alignas(8) uint8_t buf[128];
    struct nlwr w;

    nlwr_init(&w, buf, sizeof buf);
    nlwr_put_u32(&w, OVS_VPORT_ATTR_PORT_NO, fk.ports[i].no);
    nlwr_put_u32(&w, OVS_VPORT_ATTR_TYPE, fk.ports[i].type);
    nlwr_put_str(&w, OVS_VPORT_ATTR_NAME, fk.ports[i].name);
    fk_reply(req, NLSOCK_VPORT, OVS_VPORT_CMD_NEW, 1, &w);
}

static int fk_vport(const struct nlmsghdr *req, uint8_t cmd, struct nlrd r)
{
    char name[16] = "";
    uint32_t no = UINT32_MAX, type = 0;
    unsigned i;

    while (nlrd_next(&r)) {
        if (r.type == OVS_VPORT_ATTR_NAME) {
            memcpy(name, r.data, MIN(r.n, sizeof name));
        } else if (r.type == OVS_VPORT_ATTR_PORT_NO) {
            no = nlrd_u32(&r);
        } else if (r.type == OVS_VPORT_ATTR_TYPE) {
            type = nlrd_u32(&r);
        }
    }
    if (req->nlmsg_flags & NLM_F_DUMP && cmd == OVS_VPORT_CMD_GET && !*name) {
        for (i = 0; i < fk.n_ports; i++) {
            fk_tell_port(req, i);
        }
        return 0;
    }
    for (i = 0; i < fk.n_ports && strcmp(fk.ports[i].name, name) && fk.ports[i].no != no; i++) {
    }
    if (cmd == OVS_VPORT_CMD_NEW) {
        if (i < fk.n_ports || fk.n_ports == FK_MAX_PORTS) {
            return i < fk.n_ports ? EBUSY : EFBIG;
        }
        fk.ports[fk.n_ports].no = no == UINT32_MAX ? fk.n_ports + 1 : no;
        fk.ports[fk.n_ports].type = type;
        memcpy(fk.ports[fk.n_ports++].name, name, sizeof name);
    } else if (i == fk.n_ports) {
        return ENODEV;
    } else if (cmd == OVS_VPORT_CMD_DEL) {
        fk.ports[i] = fk.ports[--fk.n_ports];
        return 0;
    }
    fk_tell_port(req, i);
    return 0;
}
