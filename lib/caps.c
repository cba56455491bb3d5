/* caps.c - see caps.h. */
#include "lib/caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

static int set(struct __user_cap_data_struct data[2])
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    return syscall(SYS_capset, &header, data) ? errno : 0;
}

int caps_drop_all(void)
{
    struct __user_cap_data_struct none[2] = {{0}};
    return set(none);
}

int caps_set_effective(bool on)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    if (syscall(SYS_capget, &header, data)) {
        return errno;
    }
    for (int i = 0; i < 2; i++) {
        data[i].effective = on ? data[i].permitted : 0;
    }
    return set(data);
}
