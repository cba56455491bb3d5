/* thread.c - see thread.h. */
#include "lib/thread.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/log.h"

LOG_MODULE(thread);

void thread_drop_capabilities(const char *who)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

    if (syscall(SYS_capset, &head, none)) {
        log_warn("a %s cannot drop its capabilities (%s)", who, strerror(errno));
    }
}

void thread_set_nice(int nice)
{
    if (setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), nice)) {
        log_dbg("a thread keeps its priority (%s)", strerror(errno));
    }
}
