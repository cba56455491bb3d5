/* fake-open.h - in place of nlsock_open.c: who opens a socket gets one of fake-kernel.h, which is
 * included before.  Included once, by a test program. */
#pragma once

int nlsock_open(bool news, struct nlsock **out)
{
    *out = fk_open_sock(news);
    return 0;
}

int nlsock_join(struct nlsock *s UNUSED, uint32_t group UNUSED)
{
    return 0;
}

int nlsock_open_netfilter(struct nlsock **out UNUSED, int flags UNUSED)
{
    return EPROTONOSUPPORT;
}
