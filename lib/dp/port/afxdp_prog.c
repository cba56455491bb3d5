/* afxdp_prog.c - see afxdp-private.h: the program that hands what a device receives to the sockets
 * of its queues.
 *
 * It is attached by a link, which the kernel takes off the device when the last descriptor of it is
 * closed: a killed daemon leaves no program behind.  libxdp's dispatcher is not used: it pins its
 * programs in a file system, where they outlive a killed process.  Control thread. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/dp/port/afxdp-private.h"
#include "lib/lazy.h"
#include "lib/log.h"

LOG_MODULE(afxdp);

#define FUNCTIONS(X) X(bpf_map_create) X(bpf_map_update_elem) X(bpf_prog_load) X(bpf_link_create)
static struct {
    FUNCTIONS(LAZY_POINTER)
} lib;
static const struct lazy_function functions[] = {FUNCTIONS(LAZY_ROW)};

/* return bpf_redirect_map(&map, ctx->rx_queue_index, XDP_DROP); */
static int load(int map_fd)
{
    const struct bpf_insn code[] = {
        {.code = BPF_LDX | BPF_MEM | BPF_W,
         .dst_reg = BPF_REG_2,
         .src_reg = BPF_REG_1,
         .off = offsetof(struct xdp_md, rx_queue_index)},
        {.code = BPF_LD | BPF_DW | BPF_IMM,
         .dst_reg = BPF_REG_1,
         .src_reg = BPF_PSEUDO_MAP_FD,
         .imm = map_fd},
        {.code = 0}, /* The upper half of the constant. */
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = XDP_DROP},
        {.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect_map},
        {.code = BPF_JMP | BPF_EXIT},
    };
    return lib.bpf_prog_load(BPF_PROG_TYPE_XDP, "sluice_afxdp", "Dual BSD/GPL", code,
                             ARRAY_SIZE(code), NULL);
}

/* -1 with errno set. */
static int attach(int prog_fd, int ifindex, uint32_t flags)
{
    LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);
    int fd = lib.bpf_link_create(prog_fd, ifindex, BPF_XDP, &opts);

    if (fd < 0) {
        errno = -fd;
        return -1;
    }
    return fd;
}

int afxdp_prog_attach(struct afxdp *a)
{
    int prog_fd, error = 0;
    char *why = lazy_load(SONAME_BPF, functions, ARRAY_SIZE(functions));

    if (why) {
        log_err("%s", why);
        free(why);
        return ELIBACC;
    }
    a->map_fd = lib.bpf_map_create(BPF_MAP_TYPE_XSKMAP, "sluice_afxdp", sizeof(uint32_t),
                                   sizeof(uint32_t), AFXDP_QUEUES, NULL);
    if (a->map_fd < 0) {
        return -a->map_fd;
    }
    prog_fd = load(a->map_fd);
    if (prog_fd < 0) {
        return -prog_fd;
    }
    a->link_fd = attach(prog_fd, a->up.ifindex, a->xdp_flags ? a->xdp_flags : XDP_FLAGS_DRV_MODE);
    if (a->link_fd < 0 && !a->xdp_flags && errno != EBUSY && errno != EEXIST) {
        a->link_fd = attach(prog_fd, a->up.ifindex, XDP_FLAGS_SKB_MODE);
    }
    if (a->link_fd < 0) {
        error = errno == EEXIST ? EBUSY : errno;
    }
    close(prog_fd); /* The link has it. */
    return error;
}

int afxdp_prog_set_queue(const struct afxdp *a, unsigned queue)
{
    uint32_t key = queue;
    int error = lib.bpf_map_update_elem(a->map_fd, &key, &a->queue[queue].fd, BPF_ANY);
    return error < 0 ? -error : 0;
}
