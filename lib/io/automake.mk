noinst_LIBRARIES += lib/io/libio.a
lib_io_libio_a_SOURCES = \
	lib/io/control.c lib/io/control.h lib/io/control-private.h lib/io/control_builtin.c \
	lib/io/datagram.c lib/io/datagram.h \
	lib/io/handover.c lib/io/handover.h \
	lib/io/json_frame.c lib/io/json_frame.h \
	lib/io/jsonrpc.c lib/io/jsonrpc.h lib/io/jsonrpc_client.c \
	lib/io/link.c lib/io/link.h lib/io/link_tc.c lib/io/link_htb.c lib/io/link_htb.h \
	lib/io/link_route.c lib/io/link-private.h \
	lib/io/loop.c lib/io/loop.h \
	lib/io/offload.c lib/io/offload.h \
	lib/io/openssl.c lib/io/openssl-private.h lib/io/openssl.def \
	lib/io/resolve.c lib/io/resolve.h \
	lib/io/stream.c lib/io/stream.h lib/io/stream-private.h lib/io/stream_connect.c \
	lib/io/stream_listen.c lib/io/stream_tls.c \
	lib/io/target.c lib/io/target.h \
	lib/io/tls.c lib/io/tls.h lib/io/tls-private.h lib/io/tls_session.c \
	lib/io/unix_socket.c lib/io/unix_socket.h
